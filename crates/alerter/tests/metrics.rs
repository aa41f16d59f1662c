//! `docs/metrics.md` lists what is served, and nothing else.

mod common;

use std::path::Path;

use common::{Alerter, Answer, Folder, Hook, call, to_hook};
use environment::Environment;
use net::tls::Identity;

/// The names in the first column of a section's table.
fn listed(page: &str, title: &str) -> Vec<String> {
    let (_, rest) = page.split_once(&format!("## {title}\n")).expect("the section is there");
    let section = rest.split("\n## ").next().unwrap_or_default();
    section.lines().filter_map(|row| Some(row.strip_prefix("| `")?.split('`').next()?.to_owned())).collect()
}

/// The name of the metric whose type this line tells, as its samples have it.
fn family(line: &str) -> Option<String> {
    let (name, kind) = line.strip_prefix("# TYPE ")?.split_once(' ')?;
    let suffix = match kind {
        "counter" => "_total",
        "info" => "_info",
        _ => "",
    };
    Some(format!("{name}{suffix}"))
}

/// An alerter that has been through what makes series appear: what has no values is not served.
async fn experienced(alerter: &Alerter, hook: &Hook) {
    hook.answer_with([Answer::Status(400, "no")]);
    alerter.fire("Down", "a").await;
    hook.wait_for(1).await;
    let about = r#""cluster":"c","lineage":"Node/n","check":"X","remediation":"r""#;
    let hold = format!(r#"{{{about},"state":"taken","remainingMs":1000}}"#);
    let outcome =
        format!(r#"{{{about},"id":"r/1","phase":"Escalated","message":"m","at":"2026-01-01T00:00:00Z"}}"#);
    for (path, body) in [("/internal/v1/holds", hold), ("/internal/v1/outcomes", outcome)] {
        let (status, text) = alerter.call_as(Identity::healer(), "POST", path, &body).await;
        assert_eq!(status, 200, "{text}");
    }
    let episodes = alerter.get("/api/v1/episodes").await;
    let key = episodes["episodes"][0]["key"].as_str().expect("an episode").to_owned();
    let (status, text) =
        alerter.call("POST", &format!("/api/v1/episodes/{key}/ack"), r#"{"by":"ada"}"#).await;
    assert!(status.is_success(), "{text}");
}

#[tokio::test]
async fn every_metric_is_on_the_page_and_nothing_else_is() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/metrics.md");
    let page = std::fs::read_to_string(page).unwrap();
    let hook = Hook::start(&Environment::real(1)).await;
    let folder = Folder::new(&to_hook(&hook));
    let alerter = Alerter::start(folder.options()).await;
    experienced(&alerter, &hook).await;
    let (_, exposition) = call(alerter.metrics.clone(), None, "GET", "/metrics", "").await;
    let shown: Vec<String> = exposition.lines().filter_map(family).collect();

    let mut ours: Vec<&str> = shown.iter().map(String::as_str).collect();
    ours.retain(|name| name.starts_with("seaworthy_"));
    let mut expected = [listed(&page, "Every service"), listed(&page, "Alerter")].concat();
    // There are neither certificates nor servers here; errors of the journal and bounds that are reached are shown by
    // tests of their own.
    let elsewhere =
        ["seaworthy_tls_", "seaworthy_http_request", "seaworthy_journal_errors", "seaworthy_shed"];
    expected.retain(|name| !elsewhere.iter().any(|prefix| name.starts_with(prefix)));
    expected.sort_unstable();
    ours.sort_unstable();
    ours.retain(|name| !elsewhere.iter().any(|prefix| name.starts_with(prefix)));
    assert_eq!(ours, expected);
    for name in shown.iter().filter_map(|name| name.strip_prefix("alertmanager")) {
        assert!(
            page.contains(&format!("`…{name}`")) || page.contains(&format!("`alertmanager{name}`")),
            "{name}"
        );
    }
    assert!(
        exposition.contains("seaworthy_holds_total{service=\"alerter\",state=\"taken\"} 1\n"),
        "{exposition}"
    );
    assert!(exposition.contains("seaworthy_time_to_acknowledge_seconds_count{service=\"alerter\"} 1\n"));
    assert!(exposition.contains("seaworthy_config_in_force{service=\"alerter\",hash="));
    alerter.stop().await;
}
