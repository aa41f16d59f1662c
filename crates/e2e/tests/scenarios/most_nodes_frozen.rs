//! Scenario 6. Most kubelets stand still at once: that is one failure, not many. CorrelatedFailure
//! holds, nothing is written, and one message leaves, which says so.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::cluster::told;
use e2e::fault::Fault;
use e2e::installation::{HOOK, Installation, Options, Service};
use e2e::scenario::Stage;
use e2e::simulated::Simulated;
use e2e::{audit, eventually};
use model::Lineage;
use model::codes::NODE_UNREACHABLE;
use model::remediation::Phase;
use serde_json::json;

use crate::frozen_kubelet::own_marks;
use crate::policies::quarantine_when_unreachable;

const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) async fn run(stage: &Stage) -> Result<()> {
    let nodes = stage.bed.real_nodes().await?;
    ensure!(nodes.len() >= 3, "needs three real nodes, and there are {nodes:?}");
    let (frozen, _) = nodes.split_at(nodes.len() - 1);
    let mut installation = Installation::start(&stage.suite, "most-nodes-frozen", options()).await?;
    stage.policy(quarantine_when_unreachable()).await?;

    let mut faults = Vec::new();
    for node in frozen {
        faults.push(Fault::begin(&stage.bed, "freeze-kubelet", Some(node)).await?);
    }
    for node in frozen {
        let lineage = Lineage::cluster_wide("Node", node);
        let held = cluster_holds(stage, &lineage).await?;
        stage.note(format!("{node}: {held}"));
    }
    let message = eventually("a message", PATIENCE, || async {
        let messages = installation.receiver.messages(HOOK)?;
        ensure!(messages.len() == 1, "{} messages", messages.len());
        Ok(messages[0].1.clone())
    })
    .await?;
    ensure!(message.alerts.len() == frozen.len(), "it speaks of every node: {message:?}");
    for alert in &message.alerts {
        let healing = alert.annotations.get("healing").map_or("", String::as_str);
        ensure!(healing.starts_with("Deferred by CorrelatedFailure"), "why nothing is done: {alert:?}");
    }

    for fault in faults {
        fault.undo().await?;
    }
    eventually("the message that all is over", PATIENCE, || async {
        let messages = installation.receiver.messages(HOOK)?;
        let last = messages.last().map_or("", |(_, message)| message.status.as_str());
        ensure!(last == "resolved", "the last of {} messages is {last:?}", messages.len());
        Ok(())
    })
    .await?;
    let effects = stage.audit.effects(&Service::Healer.user(), stage.mark)?;
    ensure!(effects.is_empty(), "nothing is written:{}", audit::told(&effects));
    for node in &nodes {
        ensure!(own_marks(&stage.cluster, node).await?.is_empty(), "no marks on {node}");
    }
    stage.settle().await?;
    installation.finish().await
}

pub(crate) async fn simulated(name: &'static str) -> Result<Simulated> {
    let simulated = Simulated::set(name, options()).await?;
    simulated.policy(quarantine_when_unreachable()).await?;
    let frozen = ["node-1", "node-2"];
    for node in &frozen {
        simulated.kubelets().freeze(node);
    }
    for node in frozen {
        let lineage = Lineage::cluster_wide("Node", node);
        simulated.cluster.reaches(&lineage, NODE_UNREACHABLE, Phase::Deferred, PATIENCE).await?;
    }
    simulated.told("firing", PATIENCE).await?;
    for node in &frozen {
        simulated.kubelets().thaw(node);
    }
    simulated.told("resolved", PATIENCE).await?;
    Ok(simulated)
}

fn options() -> Options {
    Options {
        // What people group by who do not want a message per node. Kubelets renew every ten seconds, each at
        // moments of its own: that far apart do nodes fall silent that were frozen together.
        alertmanager: json!({"route": {"group_by": ["cluster", "alertname"], "group_wait": "25s"}}),
        // As long does the healer wait before it takes the first for a trouble of its own, and says so.
        healer: json!({"correlated": {"settle": "15s"}}),
        ..Options::default()
    }
}

async fn cluster_holds(stage: &Stage, lineage: &Lineage) -> Result<String> {
    let one_failure = ("CorrelatedFailure", "");
    let deferred =
        stage.cluster.held_by(lineage, NODE_UNREACHABLE, Phase::Deferred, one_failure, PATIENCE).await?;
    Ok(told(&deferred))
}
