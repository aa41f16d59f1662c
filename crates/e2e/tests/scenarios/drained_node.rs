//! A whole ladder on a node whose kubelet stands still: evidence is kept, the node is quarantined,
//! and when that does not bring it back its pods are evicted, one after the other, except those that
//! would come back at once. When the kubelet goes on, our marks are taken away.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::audit::{self, Event};
use e2e::eventually;
use e2e::fault::Fault;
use e2e::installation::{Installation, Options, Service};
use e2e::scenario::Stage;
use e2e::workload::{self, Workload};
use k8s_openapi::api::core::v1::Pod;
use model::Lineage;
use model::codes::NODE_UNREACHABLE;
use model::policy::ActionName;
use model::remediation::Phase;
use serde_json::json;

use crate::frozen_kubelet::own_marks;

const PATIENCE: Duration = Duration::from_mins(2);
const REPLICAS: u32 = 4;

pub(crate) async fn run(stage: &Stage) -> Result<()> {
    let (cluster, namespace) = (&stage.cluster, stage.namespace.as_str());
    let mut installation = Installation::start(&stage.suite, "drained-node", Options::default()).await?;
    let policy = json!({
        "mode": "Enforce",
        "match": {"codes": [NODE_UNREACHABLE]},
        "steps": [
            {"action": "CollectEvidence"},
            {"action": "QuarantineNode", "timeout": "3s"},
            {"action": "DrainNode", "timeout": "100s"},
        ],
        "healthyFor": "2s",
    });
    stage.policy(policy).await?;
    Workload::serving(namespace, "web").replicas(REPLICAS).create(cluster).await?;
    Workload::serving(namespace, "agent").create_daemon_set(cluster).await?;
    let web = cluster.ready_pods(namespace, "web", REPLICAS as usize).await?;
    cluster.ready_pods(namespace, "agent", stage.bed.real_nodes().await?.len()).await?;
    let node = workload::node(&web[0])?.to_owned();
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
    let actions: Vec<ActionName> = status.attempts.iter().map(|attempt| attempt.action).collect();
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
    installation.finish().await
}

/// What was evicted, wherever: the testbed's own pods on the node are not ours to count.
fn evictions(stage: &Stage) -> Result<Vec<Event>> {
    let mut effects = stage.audit.effects(&Service::Healer.user(), stage.mark)?;
    effects.retain(|effect| effect.object().subresource == "eviction" && effect.succeeded());
    Ok(effects)
}
