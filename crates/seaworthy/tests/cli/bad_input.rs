//! What goes wrong outside of the program: each message says what, where, and the way out.

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::api_server::{self, Answer, no, serve, well};
use crate::seaworthy::{command, end, expect_error, file, file_of, run};
use crate::service::{Running, ask, free_port, until};

/// Nobody listens on port 1 of loopback.
const NOBODY: &str = "127.0.0.1:1";

/// A kubeconfig for a server that is not asked, or is not there.
fn kubeconfig(name: &str, server: &str) -> String {
    api_server::kubeconfig(name, server, "t0ken-of-nobody")
}

#[test]
fn no_kubeconfig() {
    expect_error(&["remediations"], 3, &["kubeconfig", "--kubeconfig"]);
    expect_error(&["pause", "--kubeconfig", "/nowhere/config"], 3, &["/nowhere/config"]);
}

#[test]
fn a_context_that_is_not_there() {
    let config = kubeconfig("context.yaml", "https://127.0.0.1:1");
    expect_error(&["remediations", "--kubeconfig", &config, "--context", "prod"], 3, &["prod", "c"]);
}

#[test]
fn an_api_server_that_is_not_there() {
    let config = kubeconfig("unreachable.yaml", &format!("https://{NOBODY}"));
    let ended = end(&mut command(&["remediations", "--kubeconfig", &config]));
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.err.contains(NOBODY), "{}", ended.err);
    assert!(!ended.err.contains("t0ken"), "no secret in errors: {}", ended.err);
}

#[test]
fn credentials_that_do_not_count() {
    let refuses = |_: &str| no(401, "Unauthorized", "Unauthorized");
    let config = serve("unauthorised.yaml", "t0ken-of-nobody", refuses);
    for command in ["check", "remediations", "pause"] {
        let ended = run(&[command, "--kubeconfig", &config]);
        assert_eq!(ended.code, 3, "{ended:?}");
        for words in ["context \"c\"", "not accepted", "log in again"] {
            assert!(ended.err.contains(words), "{words:?} is not in {}", ended.err);
        }
        assert!(!ended.err.contains("t0ken"), "no secret in errors: {}", ended.err);
    }
    // {"exp":1735689600}, between a header and a signature that nobody looks at.
    let expired = serve("expired.yaml", "h.eyJleHAiOjE3MzU2ODk2MDB9.s", refuses);
    expect_error(&["check", "--kubeconfig", &expired], 3, &["good until 2025-01-01T00:00:00Z", "expired"]);
}

#[test]
fn resources_that_are_not_installed() {
    let config = serve("no-crds.yaml", "t", |target| match target {
        "/version" => Answer::Whole(200, json!({})),
        _ => no(404, "NotFound", "the server could not find the requested resource"),
    });
    for command in [&["remediations"][..], &["remediations", "-w"], &["pause"], &["resume"]] {
        let arguments = [command, &["--kubeconfig", &config]].concat();
        expect_error(&arguments, 3, &["does not serve", "seaworthy crds | kubectl apply -f -"]);
    }
}

/// A pod that keeps failing.
fn failing() -> Value {
    json!({
        "metadata": {"name": "p", "namespace": "shop", "uid": "u", "resourceVersion": "7",
            "creationTimestamp": "2025-01-01T00:00:00Z"},
        "spec": {"containers": [{"name": "app", "image": "app"}]},
        "status": {"phase": "Running", "containerStatuses": [{
            "name": "app", "ready": false, "restartCount": 9,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": "2025-01-01T00:00:00Z"}}
        }]}
    })
}

/// A cluster in which a pod keeps failing, and whose nodes we may not watch.
fn without_nodes(name: &str, pods: &'static [fn() -> Value]) -> String {
    serve(name, "t", |target| {
        if target.starts_with("/api/v1/nodes") {
            return no(403, "Forbidden", "nodes is forbidden");
        }
        let pods: Vec<Value> = pods.iter().map(|pod| pod()).collect();
        well(target, "pods", &pods)
    })
}

#[test]
fn a_kind_that_must_not_be_watched_blinds_its_checks_and_no_others() {
    let config = without_nodes("denied.yaml", &[failing]);
    let ended = run(&["check", "--kubeconfig", &config, "-o", "json"]);
    let found: Value = serde_json::from_str(&ended.out).expect("JSON");
    // What was found counts, and what was not seen is said.
    assert_eq!(
        (ended.code, found["issues"][0]["code"].as_str()),
        (1, Some("PodCrashLoopBackOff")),
        "{found}"
    );
    let unseen = found["unseen"].as_array().expect("a list");
    let of_nodes = unseen.iter().filter(|unseen| unseen["reason"] == "not allowed to watch nodes").count();
    assert!(of_nodes == unseen.len() && of_nodes > 0, "{found}");
    let checks: Vec<&str> = unseen.iter().filter_map(|unseen| unseen["check"].as_str()).collect();
    assert!(checks.contains(&"NodeNotReady") && !checks.contains(&"PodOOMKilled"), "{checks:?}");
}

#[test]
fn nothing_found_where_not_all_was_seen_is_no_good_news() {
    let config = without_nodes("denied-and-well.yaml", &[]);
    let ended = run(&["check", "--kubeconfig", &config]);
    assert_eq!(ended.code, 3, "{ended:?}");
    for words in ["in what could be seen", "not allowed to watch nodes: Node", "`seaworthy rbac`"] {
        assert!(ended.out.contains(words), "{words:?} is not in {}", ended.out);
    }
}

/// A monitor's file that listens there for its metrics.
fn monitor(name: &str, metrics: &str) -> String {
    let text = format!(
        "apiVersion: config.seaworthy.dev/v1alpha1\nkind: MonitorConfig\n\
         listen: {{api: '127.0.0.1:0', metrics: '{metrics}'}}\n"
    );
    file(name, &text).display().to_string()
}

#[test]
fn a_running_monitor_goes_on_without_a_kind_that_it_must_not_watch() {
    let metrics = free_port();
    let kubeconfig = without_nodes("denied-monitor.yaml", &[failing]);
    let config = monitor("denied-monitor-config.yaml", &metrics.to_string());
    let said =
        std::fs::File::create(file("denied-monitor.log", "")).expect("the tests' folder can be written");
    let mut monitor = command(&["monitor", "--config", &config, "--kubeconfig", &kubeconfig]);
    let running = Running(monitor.stderr(said).spawn().expect("it starts"));
    until(200, || ask(metrics, "GET", "/readyz", ""));
    let open = "seaworthy_issues{service=\"monitor\",code=\"PodCrashLoopBackOff\",severity=\"warning\",state=\"open\"} 1";
    until(200, || {
        let (status, text) = ask(metrics, "GET", "/metrics", "")?;
        Ok((if text.contains(open) { status } else { 0 }, text))
    });
    drop(running);
    let said = std::fs::read_to_string(file_of("denied-monitor.log")).expect("it was made");
    assert!(said.contains("not allowed to watch nodes"), "{said}");
}

#[test]
fn no_alerter() {
    expect_error(&["issues"], 3, &["--monitor", "SEAWORTHY_MONITOR", "--alerter", "seaworthy check"]);
    expect_error(&["issues", "--monitor", &format!("https://{NOBODY}")], 3, &[NOBODY]);
    expect_error(&["issues", "--alerter", &format!("http://{NOBODY}")], 3, &[NOBODY]);
    expect_error(&["issues", "--alerter", "alerter:9093"], 3, &["--alerter", "http"]);
    expect_error(&["issues", "--alerter", "https://x", "--identity", "/nowhere"], 3, &["/nowhere"]);
}

/// An alerter's file whose metrics listen there and whose store is this.
fn alerter(name: &str, metrics: &str, store: &str) -> String {
    file("routes.yml", "route: {receiver: team}\nreceivers: [{name: team}]\n");
    let text = format!(
        "apiVersion: config.seaworthy.dev/v1alpha1\nkind: AlerterConfig\nalertmanagerConfig: routes.yml\n\
         listen: {{api: '127.0.0.1:0', metrics: '{metrics}'}}\nstore: {{path: {store}}}\n"
    );
    file(name, &text).display().to_string()
}

#[test]
fn a_port_that_is_in_use() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("bound").to_string();
    let config = alerter("port.yaml", &address, "port.db");
    expect_error(&["alerter", "--config", &config], 3, &["listen.metrics", &address, "in use"]);
    let kubeconfig = kubeconfig("port-in-use.yaml", &format!("https://{NOBODY}"));
    let config = monitor("monitor-port.yaml", &address);
    let monitor = ["monitor", "--config", &config, "--kubeconfig", &kubeconfig];
    expect_error(&monitor, 3, &["listen.metrics", &address, "in use"]);
}

#[test]
fn a_store_that_cannot_be_opened() {
    let config = alerter("store.yaml", "127.0.0.1:0", "/nowhere/alerter.db");
    expect_error(&["alerter", "--config", &config], 3, &["/nowhere/alerter.db", "folder"]);
}
