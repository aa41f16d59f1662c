//! docs/metrics.md, against what is served.

use std::collections::BTreeSet;

use super::*;

/// The names on the page under these titles.
fn listed() -> BTreeSet<String> {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/metrics.md");
    let page = std::fs::read_to_string(page).expect("the page is there");
    let section = |title: &str| {
        let sections: Vec<&str> = page.split("\n## ").filter(|section| section.starts_with(title)).collect();
        let [section] = sections[..] else { panic!("{} sections {title}", sections.len()) };
        section.to_owned()
    };
    let rows = section("Every service\n") + &section("Healer\n");
    let names = rows.lines().filter_map(|row| row.strip_prefix("| `")?.split('`').next());
    // There are neither certificates nor servers here.
    let is_here =
        |name: &&str| !["seaworthy_tls_", "seaworthy_http_request"].iter().any(|p| name.starts_with(p));
    names.filter(is_here).map(str::to_owned).collect()
}

/// The names of the metrics in an exposition, as their samples have them.
fn families(exposition: &str) -> impl Iterator<Item = String> {
    exposition.lines().filter_map(|line| {
        let (name, kind) = line.strip_prefix("# TYPE ")?.split_once(' ')?;
        let suffix = match kind {
            "counter" => "_total",
            "info" => "_info",
            _ => "",
        };
        Some(format!("{name}{suffix}"))
    })
}

fn brake(paused: bool) -> Value {
    let brake = Brake::new("cluster", BrakeSpec { paused, reason: String::new(), until: None });
    serde_json::to_value(brake).expect("plain data")
}

#[tokio::test(start_paused = true)]
async fn every_metric_is_on_the_page_and_nothing_else_is() {
    let server = cluster();
    server.apply("brakes", brake(true));
    let alerter = Router::new().fallback(async || "");
    let rig = Rig::start_telling(&server, Options::default(), vec![alerter], "a", 1).await;
    until("it is held", &[&rig], Some(&issue()), &server, || phases(&server) == ["Deferred"]).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    // What has no values is not served: some are there while it waits, some when it is over.
    let mut shown: BTreeSet<String> = families(&get(&rig.metrics, None, "/metrics").await).collect();
    server.apply("brakes", brake(false));
    until("it is evicted", &[&rig], Some(&issue()), &server, || server.evictions().len() == 1).await;
    until("it is verified", &[&rig], Some(&issue()), &server, || phases(&server) == ["Verifying"]).await;
    rig.handle.receive(&[alert::resolved(&issue(), "c1", Resolution::Healthy, rig.environment.now())]);
    until("it succeeds", &[&rig], None, &server, || phases(&server) == ["Succeeded"]).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    shown.extend(families(&get(&rig.metrics, None, "/metrics").await));
    assert_eq!(listed(), shown);
}
