//! RolloutRestart on each kind that can be restarted: the workload's own strategy replaces its pods.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::audit::{self, Event};
use e2e::installation::{Installation, Options};
use e2e::scenario::Stage;
use e2e::simulated::Simulated;
use e2e::workload::{self, Workload};
use k8s_openapi::api::core::v1::Pod;
use model::Lineage;
use model::codes::POD_RUNNING_NOT_READY;
use model::remediation::Phase;
use serde_json::{Value, json};

/// A rollout of a DaemonSet takes its nodes in turn, beside other scenarios.
const PATIENCE: Duration = Duration::from_mins(2);
const RESTARTED_AT: &str = "/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt";

pub(crate) async fn run(stage: &Stage, _: &Installation) -> Result<()> {
    let (cluster, namespace) = (&stage.cluster, stage.namespace.as_str());
    stage.policy(policy(namespace)).await?;
    Workload::serving(namespace, "web").create(cluster).await?;
    Workload::serving(namespace, "ledger").create_stateful_set(cluster).await?;
    Workload::serving(namespace, "agent").create_daemon_set(cluster).await?;
    let nodes = stage.bed.real_nodes().await?.len();
    let all = [("Deployment", "web", 1), ("StatefulSet", "ledger", 1), ("DaemonSet", "agent", nodes)];

    let mut lineages = Vec::new();
    for (kind, name, pods) in all {
        let pods = on_first_node_first(cluster.ready_pods(namespace, name, pods).await?);
        workload::deadlock(&stage.bed, &pods[0]).await?;
        lineages.push(lineage(kind, name, &pods[0])?);
    }
    for (lineage, (_, _, pods)) in lineages.iter().zip(all) {
        restarted(stage, lineage, pods).await?;
    }
    let effects = done(stage)?;
    ensure!(effects.len() == all.len(), "one restart of each:{}", audit::told(&effects));
    Ok(())
}

pub(crate) async fn simulated(name: &'static str) -> Result<Simulated> {
    let simulated = Simulated::set(name, Options::default()).await?;
    let (cluster, namespace) = (&simulated.cluster, simulated.namespace.as_str());
    simulated.policy(policy(namespace)).await?;
    Workload::serving(namespace, "web").create(cluster).await?;
    Workload::serving(namespace, "ledger").create_stateful_set(cluster).await?;
    Workload::serving(namespace, "agent").create_daemon_set(cluster).await?;
    let mut lineages = Vec::new();
    for (kind, name, pods) in
        [("Deployment", "web", 1), ("StatefulSet", "ledger", 1), ("DaemonSet", "agent", 3)]
    {
        let pods = on_first_node_first(cluster.ready_pods(namespace, name, pods).await?);
        simulated.deadlock(&pods[0])?;
        lineages.push(lineage(kind, name, &pods[0])?);
    }
    for lineage in lineages {
        cluster.reaches(&lineage, POD_RUNNING_NOT_READY, Phase::Succeeded, PATIENCE).await?;
    }
    Ok(simulated)
}

fn policy(namespace: &str) -> Value {
    json!({
        "mode": "Enforce",
        "match": {"codes": [POD_RUNNING_NOT_READY], "namespaces": [namespace]},
        "steps": [{"action": "RolloutRestart", "timeout": "90s"}],
        "healthyFor": "2s",
    })
}

/// Daemons are told apart by their nodes; names of pods are made up.
fn on_first_node_first(mut pods: Vec<Pod>) -> Vec<Pod> {
    pods.sort_by(|left, right| workload::node(left).unwrap_or("").cmp(workload::node(right).unwrap_or("")));
    pods
}

fn lineage(kind: &str, name: &str, pod: &Pod) -> Result<Lineage> {
    let (namespace, pod_name) = workload::place(pod)?;
    Ok(match kind {
        "StatefulSet" => Lineage::instance(kind, namespace, name, pod_name),
        "DaemonSet" => Lineage::instance(kind, namespace, name, workload::node(pod)?),
        _ => Lineage::namespaced(kind, namespace, name),
    })
}

async fn restarted(stage: &Stage, lineage: &Lineage, pods: usize) -> Result<()> {
    stage.cluster.reaches(lineage, POD_RUNNING_NOT_READY, Phase::Succeeded, PATIENCE).await?;
    stage.cluster.ready_pods(&stage.namespace, &lineage.name, pods).await?;
    let mut effects = done(stage)?;
    effects.retain(|effect| effect.object().name == lineage.name);
    ensure!(effects.len() == 1, "one restart of {lineage}:{}", audit::told(&effects));
    ensure!(is_restart(&effects[0]), "a restart of {lineage}: {}", effects[0].request_object);
    Ok(())
}

/// What was done. Whoever meets another writer of the same version, such as the workload's own controller, is
/// refused, and looks again.
fn done(stage: &Stage) -> Result<Vec<Event>> {
    let (done, refused): (Vec<_>, Vec<_>) = stage.effects()?.into_iter().partition(Event::succeeded);
    let is_conflict = |event: &Event| event.response_status.code == 409;
    ensure!(refused.iter().all(is_conflict), "refused for something else:{}", audit::told(&refused));
    Ok(done)
}

/// As `kubectl rollout restart` does it, and only over the version that was judged.
fn is_restart(effect: &Event) -> bool {
    let sent = &effect.request_object;
    let version = sent.pointer("/metadata/resourceVersion");
    effect.succeeded() && sent.pointer(RESTARTED_AT).is_some() && version.is_some_and(Value::is_string)
}
