//! Scenario 5. A kubelet stands still: its node is quarantined with marks of our own, its pods'
//! trouble is folded under the node's. When it goes on, that is verified and only our own marks are
//! removed: a cordon that a person set meanwhile stays.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::cluster::Cluster;
use e2e::fault::Fault;
use e2e::installation::{Installation, Options, Service};
use e2e::scenario::Stage;
use e2e::simulated::Simulated;
use e2e::workload::Workload;
use e2e::{audit, eventually};
use k8s_openapi::api::core::v1::Node;
use kube::api::{Patch, PatchParams};
use model::Lineage;
use model::codes::{NODE_UNREACHABLE, POD_RUNNING_NOT_READY};
use model::remediation::Phase;
use serde_json::{Value, json};

use crate::policies::quarantine_when_unreachable;

const PATIENCE: Duration = Duration::from_secs(90);
/// More than the suite's alerter waits before it tells what might be healed: its pre-hold and the wait of a group.
const TOLD: Duration = Duration::from_secs(8);

pub(crate) async fn run(stage: &Stage) -> Result<()> {
    let cluster = &stage.cluster;
    let nodes = stage.bed.real_nodes().await?;
    let node = nodes.last().context("a real node")?;
    let mut installation = Installation::start(&stage.suite, "frozen-kubelet", Options::default()).await?;
    let frozen = freeze(stage, &installation, node).await;
    // Whatever came of it: the scenarios that follow need the node.
    let cordoned = cluster.node(node).await?.spec.unwrap_or_default().unschedulable;
    cordon(cluster, node, false).await?;
    frozen?;
    ensure!(cordoned == Some(true), "the person's cordon stays");

    let effects = stage.audit.effects(&Service::Healer.user(), stage.mark)?;
    // One for a version of the node that somebody has changed meanwhile is refused, and sent anew for the next.
    let landed = effects.iter().filter(|effect| effect.succeeded()).count();
    ensure!(landed == 2, "a quarantine and a release, and no more:{}", audit::told(&effects));
    for effect in &effects {
        ensure!(effect.object().resource == "nodes", "{}", effect.told());
        let version = &effect.request_object["metadata"]["resourceVersion"];
        ensure!(version.is_string(), "every change carries a resourceVersion: {}", effect.request_object);
    }
    installation.finish().await
}

/// The node's trouble from its beginning to its end; the node is cordoned then.
async fn freeze(stage: &Stage, installation: &Installation, node: &str) -> Result<()> {
    let (cluster, namespace) = (&stage.cluster, stage.namespace.as_str());
    stage.policy(quarantine_when_unreachable()).await?;
    Workload::serving(namespace, "web").on_node(node).replicas(2).create(cluster).await?;
    cluster.ready_pods(namespace, "web", 2).await?;
    ensure!(own_marks(cluster, node).await?.is_empty(), "no marks before");

    let frozen = Fault::begin(&stage.bed, "freeze-kubelet", Some(node)).await?;
    let lineage = Lineage::cluster_wide("Node", node);
    cluster.reaches(&lineage, NODE_UNREACHABLE, Phase::Verifying, PATIENCE).await?;
    let marks = own_marks(cluster, node).await?;
    ensure!(marks.iter().any(|mark| mark.contains("NoSchedule")), "a taint of our own: {marks:?}");
    ensure!(marks.len() >= 2, "a taint and an annotation of our own: {marks:?}");
    eventually("the pods' trouble is folded under the node's", PATIENCE, || async {
        let pods = installation.alert(namespace, POD_RUNNING_NOT_READY, PATIENCE).await?;
        let cause = pods["annotations"]["cause"].as_str().context("it has no cause")?;
        let cause: Value = serde_json::from_str(cause)?;
        ensure!(cause["code"] == NODE_UNREACHABLE && cause["name"] == node, "the cause is {cause}");
        Ok(())
    })
    .await?;
    // Whom it would be told of its own, it would have been told by now. A pod that is not ready some moments after its
    // node is well has a trouble of its own, and may be told.
    tokio::time::sleep(TOLD).await;
    ensure!(installation.messages_about(namespace)?.is_empty(), "no message of its own for the pods");

    cordon(cluster, node, true).await?;
    frozen.undo().await?;
    cluster.reaches(&lineage, NODE_UNREACHABLE, Phase::Succeeded, PATIENCE).await?;
    eventually("our own marks are gone", PATIENCE, || async {
        let marks = own_marks(cluster, node).await?;
        ensure!(marks.is_empty(), "{marks:?}");
        Ok(())
    })
    .await?;
    cluster.ready_pods(namespace, "web", 2).await?;
    stage.settle().await
}

pub(crate) async fn simulated(name: &'static str) -> Result<Simulated> {
    let simulated = Simulated::set(name, Options::default()).await?;
    let (cluster, namespace) = (&simulated.cluster, simulated.namespace.as_str());
    let node = NODE;
    simulated.policy(quarantine_when_unreachable()).await?;
    Workload::serving(namespace, "web").on_node(node).replicas(2).create(cluster).await?;
    cluster.ready_pods(namespace, "web", 2).await?;
    simulated.kubelets().freeze(node);
    let lineage = Lineage::cluster_wide("Node", node);
    cluster.reaches(&lineage, NODE_UNREACHABLE, Phase::Verifying, PATIENCE).await?;
    cordon(cluster, node, true).await?;
    simulated.kubelets().thaw(node);
    cluster.reaches(&lineage, NODE_UNREACHABLE, Phase::Succeeded, PATIENCE).await?;
    cluster.ready_pods(namespace, "web", 2).await?;
    Ok(simulated)
}

/// The last node of a simulated cluster.
const NODE: &str = "node-3";

/// The record of who changed the node last: it marks nothing, and stays, so that a late second
/// request of the same attempt finds it.
const LAST_ATTEMPT: &str = "seaworthy.dev/attempt";

/// Taints and annotations of ours on a node.
pub(crate) async fn own_marks(cluster: &Cluster, node: &str) -> Result<Vec<String>> {
    let node = cluster.node(node).await?;
    let taints = node.spec.unwrap_or_default().taints.unwrap_or_default();
    let annotations = node.metadata.annotations.unwrap_or_default();
    let taints = taints.into_iter().map(|taint| format!("{}:{}", taint.key, taint.effect));
    let annotations = annotations.into_keys();
    let ours = |mark: &String| mark.starts_with("seaworthy.dev/") && mark != LAST_ATTEMPT;
    Ok(taints.chain(annotations).filter(ours).collect())
}

/// What a person does with `kubectl cordon`.
async fn cordon(cluster: &Cluster, node: &str, unschedulable: bool) -> Result<()> {
    let patch = json!({"spec": {"unschedulable": unschedulable}});
    cluster.cluster_wide::<Node>().patch(node, &PatchParams::default(), &Patch::Merge(patch)).await?;
    Ok(())
}
