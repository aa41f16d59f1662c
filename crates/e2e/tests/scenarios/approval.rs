//! Scenario 7. Mode Approve waits for a person, and acts when one has approved.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::installation::{Installation, Options};
use e2e::scenario::Stage;
use e2e::simulated::Simulated;
use e2e::workload::{self, Workload};
use e2e::{audit, eventually};
use kube::api::{Patch, PatchParams};
use model::Lineage;
use model::codes::POD_RUNNING_NOT_READY;
use model::remediation::{Phase, Remediation};
use serde_json::json;

use crate::policies::evict_when_approved;

const PATIENCE: Duration = Duration::from_mins(2);

pub(crate) async fn run(stage: &Stage, installation: &Installation) -> Result<()> {
    let (cluster, namespace) = (&stage.cluster, stage.namespace.as_str());
    stage.policy(evict_when_approved(namespace)).await?;
    Workload::serving(namespace, "web").replicas(2).create(cluster).await?;
    let pods = cluster.ready_pods(namespace, "web", 2).await?;
    let lineage = Lineage::namespaced("Deployment", namespace, "web");

    workload::deadlock(&stage.bed, &pods[0]).await?;
    let waiting = cluster.reaches(&lineage, POD_RUNNING_NOT_READY, Phase::AwaitingApproval, PATIENCE).await?;
    // Whoever waits for a person must have told one.
    installation.firing_message(namespace, PATIENCE).await?;
    ensure!(stage.effects()?.is_empty(), "nothing happens before somebody approves");

    let name = waiting.metadata.name.context("a remediation has a name")?;
    let approved = stage.environment.now();
    installation.program(&["remediations", "approve", &name]).await?;
    let eviction = eventually("the eviction", PATIENCE, || async {
        let effects = stage.effects()?;
        ensure!(effects.len() == 1, "effects:{}", audit::told(&effects));
        Ok(effects[0].clone())
    })
    .await?;
    stage.note_latency("evicted after `remediations approve` was called", approved, eviction.stage_timestamp);
    cluster.reaches(&lineage, POD_RUNNING_NOT_READY, Phase::Succeeded, PATIENCE).await?;
    let effects = stage.effects()?;
    ensure!(effects.len() == 1, "one effect, not these:{}", audit::told(&effects));
    Ok(())
}

pub(crate) async fn simulated(name: &'static str) -> Result<Simulated> {
    let simulated = Simulated::set(name, Options::default()).await?;
    let (cluster, namespace) = (&simulated.cluster, simulated.namespace.as_str());
    simulated.policy(evict_when_approved(namespace)).await?;
    Workload::serving(namespace, "web").replicas(2).create(cluster).await?;
    let pods = cluster.ready_pods(namespace, "web", 2).await?;
    let lineage = Lineage::namespaced("Deployment", namespace, "web");
    simulated.deadlock(&pods[0])?;
    let waiting = cluster.reaches(&lineage, POD_RUNNING_NOT_READY, Phase::AwaitingApproval, PATIENCE).await?;
    simulated.told("firing", PATIENCE).await?;
    let name = waiting.metadata.name.context("a remediation has a name")?;
    let approval = json!({"by": "ada", "planHash": waiting.spec.plan_hash, "verdict": "Approved"});
    let patch = Patch::Merge(json!({"spec": {"approval": approval}}));
    cluster.own::<Remediation>().patch(&name, &PatchParams::default(), &patch).await?;
    cluster.reaches(&lineage, POD_RUNNING_NOT_READY, Phase::Succeeded, PATIENCE).await?;
    Ok(simulated)
}
