//! Scenario 2. A container deadlocks behind a PodDisruptionBudget that leaves no room: nothing is
//! evicted, the remediation is deferred by EvictionFirst, and a person is told.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::cluster::told;
use e2e::installation::{Installation, Options};
use e2e::scenario::Stage;
use e2e::simulated::Simulated;
use e2e::workload::{self, Workload};
use e2e::{audit, eventually};
use model::Lineage;
use model::codes::POD_RUNNING_NOT_READY;
use model::remediation::Phase;

use crate::policies::evict_when_not_ready;

const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) async fn run(stage: &Stage, installation: &Installation) -> Result<()> {
    let (cluster, namespace) = (&stage.cluster, stage.namespace.as_str());
    stage.policy(evict_when_not_ready(namespace)).await?;
    Workload::serving(namespace, "web").replicas(2).create(cluster).await?;
    workload::no_disruptions(cluster, namespace, "web").await?;
    let pods = cluster.ready_pods(namespace, "web", 2).await?;
    let lineage = Lineage::namespaced("Deployment", namespace, "web");

    workload::deadlock(&stage.bed, &pods[0]).await?;
    let no_room = ("EvictionFirst", "");
    let deferred =
        cluster.held_by(&lineage, POD_RUNNING_NOT_READY, Phase::Deferred, no_room, PATIENCE).await?;
    let decision = deferred.status.clone().unwrap_or_default().decision;
    ensure!(decision.is_some_and(|decision| decision.until.is_some()), "it says when it looks again");

    let message = installation.firing_message(namespace, PATIENCE).await?;
    ensure!(message.alerts[0].label("check") == POD_RUNNING_NOT_READY, "{message:?}");
    // It looks again, and still nothing may go.
    eventually("a second look", PATIENCE, || async {
        let again = cluster.remediation(&lineage, POD_RUNNING_NOT_READY).await?;
        let until = again.status.clone().unwrap_or_default().decision.and_then(|decision| decision.until);
        let first = deferred.status.clone().unwrap_or_default().decision.and_then(|decision| decision.until);
        ensure!(until > first, "the next look is still due at {until:?}: {}", told(&again));
        Ok(())
    })
    .await?;
    // As often as it may, and then a person has it.
    cluster.reaches(&lineage, POD_RUNNING_NOT_READY, Phase::Escalated, 3 * PATIENCE).await?;
    let effects = stage.effects()?;
    ensure!(effects.iter().all(|effect| !effect.succeeded()), "effects:{}", audit::told(&effects));
    let left = cluster.pods(namespace, "web").await?;
    ensure!(left.iter().any(|pod| workload::uid(pod) == workload::uid(&pods[0])), "the pod is gone");
    Ok(())
}

pub(crate) async fn simulated(name: &'static str) -> Result<Simulated> {
    let simulated = Simulated::set(name, Options::default()).await?;
    let (cluster, namespace) = (&simulated.cluster, simulated.namespace.as_str());
    simulated.policy(evict_when_not_ready(namespace)).await?;
    Workload::serving(namespace, "web").replicas(2).create(cluster).await?;
    workload::no_disruptions(cluster, namespace, "web").await?;
    let pods = cluster.ready_pods(namespace, "web", 2).await?;
    simulated.deadlock(&pods[0])?;
    let lineage = Lineage::namespaced("Deployment", namespace, "web");
    cluster.reaches(&lineage, POD_RUNNING_NOT_READY, Phase::Deferred, PATIENCE).await?;
    simulated.told("firing", PATIENCE).await?;
    cluster.reaches(&lineage, POD_RUNNING_NOT_READY, Phase::Escalated, 3 * PATIENCE).await?;
    Ok(simulated)
}
