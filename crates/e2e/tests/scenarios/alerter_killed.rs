//! Scenario 11. The alerter is killed between accepting an alert and sending the message: after its
//! restart the message leaves, once.

use std::time::Duration;

use anyhow::{Result, ensure};
use axum::http::Method;
use e2e::installation::{HOOK, Installation, Options};
use e2e::scenario::Stage;
use e2e::simulated::Simulated;
use e2e::{eventually, http};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) async fn run(stage: &Stage) -> Result<()> {
    let mut installation = Installation::start(&stage.suite, "alerter-killed", options()).await?;
    let alert = on_fire(&stage.namespace);
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
    let other = other(&stage.namespace);
    http::send(Method::POST, installation.alerts(), "/api/v2/alerts", Some(&other)).await?;
    eventually("the message about what came later", PATIENCE, || async {
        let messages = installation.messages_about(&stage.namespace)?;
        let names: Vec<&str> = messages.iter().map(|(_, m)| m.alerts[0].label("alertname")).collect();
        ensure!(names == ["DiskOnFire", "Other"], "messages: {names:?}");
        Ok(())
    })
    .await?;
    stage.settle().await?;
    installation.finish().await
}

pub(crate) async fn simulated(name: &'static str) -> Result<Simulated> {
    let simulated = Simulated::set(name, options()).await?;
    simulated.alert(&on_fire(&simulated.namespace)).await?;
    simulated.stage.staff().crash("alerter").await;
    simulated.stage.staff().start("alerter").await;
    simulated.told("firing", PATIENCE).await?;
    simulated.stage.staff().crash("alerter").await;
    simulated.stage.staff().start("alerter").await;
    simulated.alert(&other(&simulated.namespace)).await?;
    eventually("the message about what came later", PATIENCE, || async {
        let messages = simulated.messages();
        ensure!(messages.len() == 2, "messages: {messages:?}");
        Ok(())
    })
    .await?;
    Ok(simulated)
}

fn options() -> Options {
    Options {
        // Long enough that the kill comes first.
        alertmanager: json!({"route": {"group_wait": "5s", "group_by": ["alertname"]}}),
        ..Options::default()
    }
}

fn on_fire(namespace: &str) -> Value {
    json!([{
        "labels": {"alertname": "DiskOnFire", "namespace": namespace, "severity": "critical"},
        "annotations": {"summary": "smoke is seen"},
    }])
}

fn other(namespace: &str) -> Value {
    json!([{"labels": {"alertname": "Other", "namespace": namespace}}])
}
