//! Scenario 11. The alerter is killed between accepting an alert and sending the message: after its
//! restart the message leaves, once.

use std::time::Duration;

use anyhow::{Result, ensure};
use axum::http::Method;
use e2e::installation::{HOOK, Installation, Options};
use e2e::scenario::Stage;
use e2e::{eventually, http};
use serde_json::json;

const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) async fn run(stage: &Stage) -> Result<()> {
    let options = Options {
        // Long enough that the kill comes first.
        alertmanager: json!({"route": {"group_wait": "5s", "group_by": ["alertname"]}}),
        ..Options::default()
    };
    let mut installation = Installation::start(&stage.suite, "alerter-killed", options).await?;
    let alert = json!([{
        "labels": {"alertname": "DiskOnFire", "namespace": stage.namespace, "severity": "critical"},
        "annotations": {"summary": "smoke is seen"},
    }]);
    let answer = http::send(Method::POST, installation.alerts(), "/api/v2/alerts", Some(&alert)).await?;
    ensure!(answer.status().as_u16() == 200, "accepted: {}", answer.status());
    installation.alerter.child.kill().await?;
    let before = installation.receiver.arrivals(HOOK).len();
    ensure!(before == 0, "killed too late: {before} messages had left");

    installation.restart_alerter().await?;
    let restarted = stage.environment.now();
    let message = installation.firing_message(&stage.namespace, PATIENCE).await?;
    ensure!(message.alerts.len() == 1 && message.alerts[0].label("alertname") == "DiskOnFire", "{message:?}");
    stage.note_latency("sent after the restart", restarted, stage.environment.now());

    // A second life, after which there is nothing left to say.
    installation.alerter.child.kill().await?;
    installation.restart_alerter().await?;
    let other = json!([{"labels": {"alertname": "Other", "namespace": stage.namespace}}]);
    http::send(Method::POST, installation.alerts(), "/api/v2/alerts", Some(&other)).await?;
    eventually("the message about what came later", PATIENCE, || async {
        let messages = installation.messages_about(&stage.namespace)?;
        let names: Vec<&str> = messages.iter().map(|(_, m)| m.alerts[0].label("alertname")).collect();
        ensure!(names == ["DiskOnFire", "Other"], "messages: {names:?}");
        Ok(())
    })
    .await?;
    installation.finish().await
}
