//! Checks of nodes that no other scenario needs, each on a node of its own: a kubelet without its
//! container runtime, one that is short of memory and one that is short of disk. A pod's trouble on the
//! first is folded under it, and its own again when the node is well; each is over once the fault is.
//! A node that somebody put out of bounds is left alone with all that is on it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::audit;
use e2e::cluster::Cluster;
use e2e::fault::Fault;
use e2e::installation::{Installation, Options, Service};
use e2e::scenario::Stage;
use e2e::workload::Workload;
use k8s_openapi::api::core::v1::Node;
use kube::api::{Patch, PatchParams};
use model::codes::{NODE_DISK_PRESSURE, NODE_MEMORY_PRESSURE, NODE_NOT_READY, POD_RUNNING_NOT_READY};
use model::remediation::Phase;
use model::{Lineage, Severity};
use serde_json::json;

use crate::every_pod_check::tells;
use crate::excluded::EXCLUDE;
use crate::policies::evict_when_not_ready;

/// The kubelet itself waits for thirty seconds before it says that its runtime is gone.
const PATIENCE: Duration = Duration::from_mins(2);

pub(crate) async fn run(stage: &Stage) -> Result<()> {
    let (cluster, namespace) = (&stage.cluster, stage.namespace.as_str());
    let nodes = stage.bed.real_nodes().await?;
    let no_runtime = nodes.first().context("a real node")?;
    let mut installation = Installation::start(&stage.suite, "every-node-check", Options::default()).await?;
    stage.policy(evict_when_not_ready(namespace)).await?;
    exclude(cluster, no_runtime, true).await?;
    let looked = look(stage, &installation, &nodes).await;
    exclude(cluster, no_runtime, false).await?;
    looked?;
    installation.finish().await
}

async fn look(stage: &Stage, installation: &Installation, nodes: &[String]) -> Result<()> {
    let (cluster, namespace) = (&stage.cluster, stage.namespace.as_str());
    let [no_runtime, no_memory, no_disk] = nodes.first_chunk().context("three real nodes")?;
    Workload::never_ready(namespace, "web").on_node(no_runtime).create(cluster).await?;
    let web = Lineage::namespaced("Deployment", namespace, "web");
    let veto = ("Veto", no_runtime.as_str());
    cluster.held_by(&web, POD_RUNNING_NOT_READY, Phase::Deferred, veto, PATIENCE).await?;

    let table = [
        (no_runtime, "kill-containerd", NODE_NOT_READY, Severity::Critical, "untime"),
        (no_memory, "memory-pressure", NODE_MEMORY_PRESSURE, Severity::Warning, "memory"),
        (no_disk, "fill-disk", NODE_DISK_PRESSURE, Severity::Warning, "disk"),
    ];
    let mut faults = Vec::new();
    for (node, fault, ..) in table {
        faults.push(Fault::begin(&stage.bed, fault, Some(node)).await?);
    }
    for (node, _, check, severity, words) in table {
        let lineage = Lineage::cluster_wide("Node", node);
        let found = installation.issue(&lineage, check, PATIENCE, |_| Ok(())).await?;
        ensure!(found.severity == severity && found.cause.is_none(), "{found:?}");
        ensure!(found.subject.name == *node && found.routing.node == *node, "it names the node: {found:?}");
        let facts = [("reason", "Kubelet"), ("message", words), ("kubelet", "v1."), ("changedAt", "")];
        tells(&found.members[0].evidence, &facts)?;
    }
    installation
        .issue(&web, POD_RUNNING_NOT_READY, PATIENCE, |issue| {
            let cause = issue.cause.as_ref().context("it has no cause")?;
            ensure!(cause.code == NODE_NOT_READY && cause.name == *no_runtime, "the cause is {cause:?}");
            Ok(())
        })
        .await?;

    for fault in faults {
        fault.undo().await?;
    }
    for (node, _, check, ..) in table {
        installation.issue_over(&Lineage::cluster_wide("Node", node), check, PATIENCE).await?;
    }
    installation
        .issue(&web, POD_RUNNING_NOT_READY, PATIENCE, |issue| {
            ensure!(issue.cause.is_none(), "it is its own trouble again");
            Ok(())
        })
        .await?;
    let effects = stage.audit.effects(&Service::Healer.user(), stage.mark)?;
    ensure!(effects.is_empty(), "nothing is done where a person said so:{}", audit::told(&effects));
    Ok(())
}

/// Puts a node out of bounds, as a person does with `kubectl annotate`, or takes that back.
async fn exclude(cluster: &Cluster, node: &str, excluded: bool) -> Result<()> {
    let mark = if excluded { json!("true") } else { json!(null) };
    let patch = Patch::Merge(json!({"metadata": {"annotations": {EXCLUDE: mark}}}));
    cluster.cluster_wide::<Node>().patch(node, &PatchParams::default(), &patch).await?;
    Ok(())
}
