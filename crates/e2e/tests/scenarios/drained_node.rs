//! A whole ladder on a node whose kubelet stands still: evidence is kept, the node is quarantined,
//! and when that does not bring it back its pods are evicted, one after the other, except those that
//! would come back at once. When the kubelet goes on, our marks are taken away.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::audit::{self, Event};
use e2e::eventually;
use e2e::fault::Fault;
use e2e::installation::{Installation, Options, Service};
use e2e::record::met_another_writer;
use e2e::scenario::Stage;
use e2e::simulated::Simulated;
use e2e::workload::{self, Workload};
use k8s_openapi::api::core::v1::Pod;
use model::Lineage;
use model::codes::NODE_UNREACHABLE;
use model::policy::ActionName;
use model::remediation::Phase;
use serde_json::{Value, json};

use crate::frozen_kubelet::own_marks;

const PATIENCE: Duration = Duration::from_mins(2);
const REPLICAS: u32 = 4;

pub(crate) async fn run(stage: &Stage) -> Result<()> {
    let (cluster, namespace) = (&stage.cluster, stage.namespace.as_str());
    let mut installation = Installation::start(&stage.suite, "drained-node", Options::default()).await?;
    stage.policy(policy()).await?;
    Workload::serving(namespace, "web").replicas(REPLICAS).create(cluster).await?;
    Workload::serving(namespace, "agent").create_daemon_set(cluster).await?;
    let web = cluster.ready_pods(namespace, "web", REPLICAS as usize).await?;
    cluster.ready_pods(namespace, "agent", stage.bed.real_nodes().await?.len()).await?;
    let node = fullest(&web)?;
    let there: Vec<&Pod> =
        web.iter().filter(|pod| workload::node(pod).is_ok_and(|its| its == node)).collect();

    let frozen = Fault::begin(&stage.bed, "freeze-kubelet", Some(&node)).await?;
    eventually("the node is drained", PATIENCE, || async {
        let drained = evictions(stage)?;
        ensure!(drained.len() == there.len(), "{} of {} evictions", drained.len(), there.len());
        Ok(())
    })
    .await?;
    // Elsewhere they serve again before the node is back.
    cluster.ready_pods(namespace, "web", REPLICAS as usize).await?;
    frozen.undo().await?;

    let lineage = Lineage::cluster_wide("Node", &node);
    let healed = cluster.reaches(&lineage, NODE_UNREACHABLE, Phase::Succeeded, PATIENCE).await?;
    let status = healed.status.context("a remediation that succeeded has a status")?;
    let attempts = status.attempts.iter().filter(|attempt| !met_another_writer(attempt));
    let actions: Vec<ActionName> = attempts.map(|attempt| attempt.action).collect();
    let ladder = [
        ActionName::CollectEvidence,
        ActionName::QuarantineNode,
        ActionName::DrainNode,
        // What takes the marks away again, in the same record.
        ActionName::ReleaseNode,
    ];
    ensure!(actions == ladder, "the ladder, step by step: {actions:?}");
    let ready = format!("Node/{node}: Ready");
    ensure!(status.evidence.contains_key(&ready), "what the node said is kept: {:?}", status.evidence);
    eventually("our own marks are gone", PATIENCE, || async {
        let marks = own_marks(cluster, &node).await?;
        ensure!(marks.is_empty(), "{marks:?}");
        Ok(())
    })
    .await?;

    let drained = evictions(stage)?;
    ensure!(drained.len() == there.len(), "each pod once:{}", audit::told(&drained));
    for pod in there {
        let uid = workload::uid(pod);
        let of_pod = |event: &&Event| event.request_object["deleteOptions"]["preconditions"]["uid"] == uid;
        ensure!(drained.iter().filter(of_pod).count() == 1, "by its UID:{}", audit::told(&drained));
    }
    stage.settle().await?;
    installation.finish().await
}

pub(crate) async fn simulated(name: &'static str) -> Result<Simulated> {
    let simulated = Simulated::set(name, Options::default()).await?;
    let (cluster, namespace) = (&simulated.cluster, simulated.namespace.as_str());
    simulated.policy(policy()).await?;
    Workload::serving(namespace, "web").replicas(REPLICAS).create(cluster).await?;
    Workload::serving(namespace, "agent").create_daemon_set(cluster).await?;
    let web = cluster.ready_pods(namespace, "web", REPLICAS as usize).await?;
    cluster.ready_pods(namespace, "agent", 3).await?;
    let node = fullest(&web)?;
    simulated.kubelets().freeze(&node);
    let lineage = Lineage::cluster_wide("Node", &node);
    cluster.reaches(&lineage, NODE_UNREACHABLE, Phase::Verifying, PATIENCE).await?;
    eventually("they serve elsewhere", PATIENCE, || async {
        let web = cluster.pods(namespace, "web").await?;
        ensure!(web.iter().all(|pod| workload::node(pod).is_ok_and(|its| its != node)), "not yet");
        Ok(())
    })
    .await?;
    cluster.ready_pods(namespace, "web", REPLICAS as usize).await?;
    simulated.kubelets().thaw(&node);
    cluster.reaches(&lineage, NODE_UNREACHABLE, Phase::Succeeded, PATIENCE).await?;
    Ok(simulated)
}

/// The whole ladder.
fn policy() -> Value {
    json!({
        "mode": "Enforce",
        "match": {"codes": [NODE_UNREACHABLE]},
        "steps": [
            {"action": "CollectEvidence"},
            {"action": "QuarantineNode", "timeout": "3s"},
            {"action": "DrainNode", "timeout": "100s"},
        ],
        "healthyFor": "2s",
    })
}

/// The node with most of these pods, and of several the last: the same wherever this is played.
fn fullest(pods: &[Pod]) -> Result<String> {
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for pod in pods {
        *count.entry(workload::node(pod)?).or_default() += 1;
    }
    let (node, _) = count.into_iter().max_by_key(|(_, pods)| *pods).context("pods are on nodes")?;
    Ok(node.to_owned())
}

/// What was evicted, wherever: the testbed's own pods on the node are not ours to count.
fn evictions(stage: &Stage) -> Result<Vec<Event>> {
    let mut effects = stage.audit.effects(&Service::Healer.user(), stage.mark)?;
    effects.retain(|effect| effect.object().subresource == "eviction" && effect.succeeded());
    Ok(effects)
}
