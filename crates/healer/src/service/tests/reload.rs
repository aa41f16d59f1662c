//! The configuration file, changed while the healer runs.

use std::path::Path;

use super::*;

const HEAD: &str = "apiVersion: config.seaworthy.dev/v1alpha1\nkind: HealerConfig\n";

fn write(file: &Path, lines: &str) {
    std::fs::write(file, format!("{HEAD}{lines}")).expect("it can be written");
}

async fn status(rig: &Rig) -> Value {
    let status = get(&rig.api, Some(Identity::operator()), "/api/v1/status").await;
    serde_json::from_str(&status).expect("it is JSON")
}

/// Waits until the files as they are now are in force, or are refused.
async fn until_read(rig: &Rig, is_in_force: bool) -> Value {
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let configuration = status(rig).await["configuration"].clone();
        if configuration["problem"].is_null() == is_in_force {
            let metrics = get(&rig.metrics, None, "/metrics").await;
            let sample = format!(
                "seaworthy_config_last_reload_successful{{service=\"healer\"}} {}\n",
                u8::from(is_in_force)
            );
            assert!(metrics.contains(&sample), "{metrics}");
            let hash = configuration["hash"].as_str().expect("a text");
            assert!(metrics.contains(&format!("_config_in_force{{service=\"healer\",hash=\"{hash}\"}} 1\n")));
            return configuration;
        }
    }
    panic!("never: {is_in_force}");
}

fn notes(server: &ApiServer) -> Vec<String> {
    let events = server.all("events");
    let own = events.iter().filter(|event| event["regarding"]["name"] == "a");
    own.map(|event| event["reason"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_changed_is_in_force_soon_and_what_is_not_fit_for_use_is_not() {
    let server = cluster();
    server.remove("healingpolicies", "policy");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("healer.yaml");
    std::fs::write(folder.path().join("policies.yaml"), enforced().to_string()).expect("it can be written");
    write(&file, "");
    let surroundings = Surroundings { is_in_cluster: true, ..Surroundings::default() };
    let options = Options { file: Some(file.clone()), surroundings, ..Options::default() };
    let rig = Rig::start_telling(&server, options, Vec::new(), "a", 1).await;
    until("it leads", &[&rig], None, &server, || rig.handle.leads()).await;
    let before = status(&rig).await["configuration"].clone();

    write(&file, "budget: {}\n");
    let refused = until_read(&rig, false).await;
    let problem = refused["problem"].as_str().expect("a text");
    assert!(problem.contains("did you mean `budgets`?"), "{problem}");
    assert_eq!(refused["hash"], before["hash"]);
    assert_eq!(notes(&server), ["ConfigurationRefused"]);

    // A policy file that is not there is as bad.
    write(&file, "policies: [other.yaml]\n");
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(until_read(&rig, false).await["problem"].to_string().contains("other.yaml"));

    // What needs a start does not keep the rest from being in force.
    write(&file, "policies: [policies.yaml]\nlisten: {metrics: \"127.0.0.1:1\"}\n");
    assert_ne!(until_read(&rig, true).await["hash"], before["hash"]);
    until("it is evicted", &[&rig], Some(&issue()), &server, || server.evictions().len() == 1).await;

    write(&file, "listen: {metrics: \"127.0.0.1:1\"}\n");
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(until_read(&rig, true).await["hash"], before["hash"], "as it was, but for what needs a start");
    assert!(notes(&server).contains(&"ConfigurationInForce".to_owned()), "{:?}", notes(&server));
}
