//! Scenario 1. A container deadlocks: it runs on, and is never ready again. It is found, evicted
//! through the eviction API with its UID as precondition, and replaced; one message says that it is
//! over.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::audit;
use e2e::installation::{Installation, Options, Service};
use e2e::scenario::Stage;
use e2e::simulated::Simulated;
use e2e::workload::{self, Workload};
use model::Lineage;
use model::codes::POD_RUNNING_NOT_READY;
use model::remediation::{AttemptResult, Phase};

use crate::policies::evict_when_not_ready;

const PATIENCE: Duration = Duration::from_mins(2);

pub(crate) async fn run(stage: &Stage, installation: &Installation) -> Result<()> {
    let (cluster, namespace) = (&stage.cluster, stage.namespace.as_str());
    stage.policy(evict_when_not_ready(namespace)).await?;
    Workload::serving(namespace, "web").replicas(2).create(cluster).await?;
    let pods = cluster.ready_pods(namespace, "web", 2).await?;
    let (victim, lineage) = (&pods[0], Lineage::namespaced("Deployment", namespace, "web"));
    let (_, victim_name) = workload::place(victim)?;

    workload::deadlock(&stage.bed, victim).await?;
    let healed = cluster.reaches(&lineage, POD_RUNNING_NOT_READY, Phase::Succeeded, PATIENCE).await?;

    let attempts = healed.status.unwrap_or_default().attempts;
    ensure!(attempts.len() == 1, "one attempt was enough: {attempts:?}");
    ensure!(attempts[0].target.uid == workload::uid(victim), "the attempt names the pod's UID: {attempts:?}");
    ensure!(attempts[0].result == AttemptResult::Helped, "it helped: {attempts:?}");
    let replaced = cluster.ready_pods(namespace, "web", 2).await?;
    ensure!(
        replaced.iter().all(|pod| workload::uid(pod) != workload::uid(victim)),
        "the pod that hung is still there"
    );

    let effects = stage.effects()?;
    ensure!(effects.len() == 1, "one effect, not these:{}", audit::told(&effects));
    let eviction = &effects[0];
    ensure!(eviction.object().subresource == "eviction" && eviction.succeeded(), "{}", eviction.told());
    ensure!(
        eviction.request_object["deleteOptions"]["preconditions"]["uid"] == workload::uid(victim),
        "the eviction carries the UID as precondition: {}",
        eviction.request_object
    );

    let resolved = installation.resolved_message(namespace, PATIENCE).await?;
    ensure!(resolved.alerts.len() == 1, "one alert in it: {resolved:?}");
    ensure!(resolved.alerts[0].label("check") == POD_RUNNING_NOT_READY, "{resolved:?}");
    let messages = installation.messages_about(namespace)?;
    ensure!(messages.len() == 1, "the page was held, and nobody was told but of the end: {messages:?}");

    let said = stage.audit.said_not_ready(workload::node(victim)?, victim_name, stage.mark)?;
    let said = said.context("the kubelet's own word in the audit log")?;
    let taken_up = healed.metadata.name.context("a remediation has a name")?;
    let taken_up = stage.audit.created(&Service::Healer.user(), &taken_up, stage.mark)?;
    stage.note_latency("taken up after the kubelet said so", said, taken_up);
    stage.note_latency("evicted after the kubelet said so", said, eviction.stage_timestamp);
    Ok(())
}

pub(crate) async fn simulated(name: &'static str) -> Result<Simulated> {
    let simulated = Simulated::set(name, Options::default()).await?;
    let (cluster, namespace) = (&simulated.cluster, simulated.namespace.as_str());
    simulated.policy(evict_when_not_ready(namespace)).await?;
    Workload::serving(namespace, "web").replicas(2).create(cluster).await?;
    let pods = cluster.ready_pods(namespace, "web", 2).await?;
    simulated.deadlock(&pods[0])?;
    let lineage = Lineage::namespaced("Deployment", namespace, "web");
    cluster.reaches(&lineage, POD_RUNNING_NOT_READY, Phase::Succeeded, PATIENCE).await?;
    simulated.told("resolved", PATIENCE).await?;
    Ok(simulated)
}
