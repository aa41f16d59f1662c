//! A page is held while the healer works, and only so long as it gives signs of life: a healer that
//! stands still in the middle of an action does not keep people asleep.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::installation::{Installation, Options};
use e2e::scenario::Stage;
use e2e::simulated::Simulated;
use e2e::workload::Workload;
use e2e::{eventually, http};
use model::Lineage;
use model::codes::POD_RUNNING_NOT_READY;
use model::remediation::Phase;
use serde_json::{Value, json};

use crate::policies::evict_when_not_ready;

const PATIENCE: Duration = Duration::from_mins(2);

pub(crate) async fn run(stage: &Stage) -> Result<()> {
    let (cluster, namespace) = (&stage.cluster, stage.namespace.as_str());
    let mut installation = Installation::start(&stage.suite, "healer-silent", options()).await?;
    stage.policy(evict_when_not_ready(namespace)).await?;
    // The replacement is no better, so that there is a trouble as long as nobody does more.
    Workload::never_ready(namespace, "web").create(cluster).await?;
    let lineage = Lineage::namespaced("Deployment", namespace, "web");

    eventually("the page is held", PATIENCE, || async {
        let episodes = http::get_json(installation.alerts(), "/api/v1/episodes").await?;
        let by_a_repair = |episode: &Value| {
            episode["labels"]["namespace"] == namespace
                && episode["held"]["remediation"] != ""
                && episode["state"] == "held"
        };
        let episodes = episodes["episodes"].as_array().context("a list of episodes")?;
        ensure!(episodes.iter().any(by_a_repair), "{episodes:?}");
        Ok(())
    })
    .await?;
    installation.healers[0].child.freeze()?;
    let stopped = stage.environment.now();
    let page = installation.firing_message(namespace, PATIENCE).await?;
    ensure!(page.alerts[0].label("check") == POD_RUNNING_NOT_READY, "{page:?}");
    stage.note_latency("paged after the healer stood still", stopped, stage.environment.now());

    installation.healers[0].child.thaw()?;
    cluster.reaches(&lineage, POD_RUNNING_NOT_READY, Phase::Escalated, PATIENCE).await?;
    stage.settle().await?;
    installation.finish().await
}

pub(crate) async fn simulated(name: &'static str) -> Result<Simulated> {
    let simulated = Simulated::set(name, options()).await?;
    let (cluster, namespace) = (&simulated.cluster, simulated.namespace.as_str());
    simulated.policy(evict_when_not_ready(namespace)).await?;
    Workload::never_ready(namespace, "web").create(cluster).await?;
    let lineage = Lineage::namespaced("Deployment", namespace, "web");
    cluster.reaches(&lineage, POD_RUNNING_NOT_READY, Phase::Verifying, PATIENCE).await?;
    simulated.stage.staff().pause("healer-0");
    simulated.told("firing", PATIENCE).await?;
    simulated.stage.staff().resume("healer-0");
    cluster.reaches(&lineage, POD_RUNNING_NOT_READY, Phase::Escalated, PATIENCE).await?;
    Ok(simulated)
}

fn options() -> Options {
    Options { alerter: json!({"holds": {"silence": "15s"}}), ..Options::default() }
}
