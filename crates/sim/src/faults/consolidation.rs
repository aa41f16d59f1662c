//! Karpenter consolidates: the node with least on it is tainted, a new one joins, the old one's pods
//! are evicted as budgets let them, and then it is gone. And so on.

use std::time::Duration;

use serde_json::{Value, json};

use super::others::{is_ready, is_tainted};
use super::{Kind, Stage, lasts};
use crate::actors::{Actor, node_path, owner_kind};

/// Karpenter's mark on a node that it disrupts.
const DISRUPTED: &str = "karpenter.sh/disrupted";
/// What holds a Node that is deleted until its pods are gone.
const TERMINATION: &str = "karpenter.sh/termination";
/// Between two looks.
const PERIOD: Duration = Duration::from_secs(30);
/// How long a new machine takes to come.
const BOOT: Duration = Duration::from_secs(40);

pub(super) const KIND: Kind = Kind {
    name: "consolidation",
    weight: 6,
    lasts: lasts(200, 900),
    subject: |_, _| "the emptiest node".to_owned(),
    begin: |stage, _| stage.begin_work(KIND.name, "", work(stage.clone())),
    end: |stage, _| {
        stage.end_work(KIND.name, "");
        for (name, node) in stage.nodes().iter().filter(|(_, node)| is_tainted(node, DISRUPTED)) {
            if node["metadata"]["deletionTimestamp"].is_null() {
                stage.untaint(name, DISRUPTED);
            } else {
                stage.take_away(name);
            }
        }
    },
};

async fn work(stage: Stage) {
    let karpenter = stage.controller("karpenter");
    loop {
        if let Some(node) = emptiest(&karpenter).await {
            disrupt(&stage, &karpenter, &node).await;
        }
        tokio::time::sleep(PERIOD).await;
    }
}

async fn disrupt(stage: &Stage, karpenter: &Actor, node: &str) {
    karpenter.taint(node, &json!({"key": DISRUPTED, "effect": "NoSchedule"})).await;
    tokio::time::sleep(BOOT).await;
    if stage.join_beside(node).is_none() {
        return karpenter.untaint(node, DISRUPTED).await;
    }
    karpenter.patch(&node_path(node), &json!({"metadata": {"finalizers": [TERMINATION]}})).await;
    karpenter.delete(&node_path(node)).await;
    karpenter.drain(node).await;
    stage.take_away(node);
}

/// The node with fewest pods to be moved, of those that are well and that nobody else holds; pods
/// that nobody makes anew keep theirs.
async fn emptiest(karpenter: &Actor) -> Option<String> {
    let mut best: Option<(usize, String)> = None;
    for node in karpenter.list("/api/v1/nodes").await {
        let name = node["metadata"]["name"].as_str()?.to_owned();
        if !is_free(&node) {
            continue;
        }
        let pods = karpenter.movable(&name).await;
        let is_fewer = best.as_ref().is_none_or(|(fewest, _)| pods.len() < *fewest);
        if is_fewer && pods.iter().all(|pod| !owner_kind(pod).is_empty()) {
            best = Some((pods.len(), name));
        }
    }
    best.map(|(_, name)| name)
}

fn is_free(node: &Value) -> bool {
    let is_held = node["spec"]["unschedulable"] == true || !node["metadata"]["deletionTimestamp"].is_null();
    is_ready(node) && !is_held && node["spec"]["taints"].as_array().is_none_or(Vec::is_empty)
}
