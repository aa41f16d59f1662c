//! A person takes a quarantine into their own hands: our taint is on the node, and not our mark. It
//! stays until they take it off again. In half of these the node is silent until we have quarantined it,
//! and is heard again a while after the person took over: then there is something to take back.

use std::time::Duration;

use rand::RngExt;
use serde_json::{Value, json};

use super::{Kind, Stage, lasts, pick};
use crate::kinds;

/// Our taint, and the annotation that marks it as ours.
const QUARANTINE: &str = "seaworthy.dev/quarantine";
/// What stands behind a node that falls silent, before a number.
const SILENT: &str = ", silent, ";
/// Between two looks of the person.
const LOOKS: Duration = Duration::from_secs(1);
/// How long after the person took over the node is heard again.
const HEARD_AFTER: Duration = Duration::from_mins(1);

pub(super) const KIND: Kind = Kind {
    name: "taint by hand",
    weight: 6,
    // Past a silence that is treated, and its end.
    lasts: lasts(300, 900),
    subject: |scene, rng| {
        let node = pick(&scene.nodes, rng, "n-0");
        // The number keeps two of a kind apart that overlap.
        let number = rng.random_range(1..1000);
        if rng.random_bool(0.5) { format!("{node}{SILENT}{number}") } else { node.to_owned() }
    },
    begin: |stage, subject| match subject.split_once(SILENT) {
        Some((node, _)) => {
            stage.kubelets().freeze(node);
            stage.begin_work(KIND.name, subject, take_over(stage.clone(), node.to_owned()));
        }
        None => set(stage, &troubled(stage).unwrap_or_else(|| subject.to_owned())),
    },
    end: |stage, subject| {
        stage.end_work(KIND.name, subject);
        if let Some((node, _)) = subject.split_once(SILENT) {
            stage.kubelets().thaw(node);
        }
        lift(stage);
    },
};

/// The person takes the quarantine over as soon as there is one; later the node is heard again.
async fn take_over(stage: Stage, node: String) {
    while !stage.node(&node).is_some_and(|node| is_held(&node)) {
        tokio::time::sleep(LOOKS).await;
    }
    set(&stage, &node);
    tokio::time::sleep(HEARD_AFTER).await;
    stage.kubelets().thaw(&node);
}

/// Whether we hold a node, by our mark.
fn is_held(node: &Value) -> bool {
    node["metadata"]["annotations"][QUARANTINE].is_string()
}

/// The first node that is not ready, or that we hold.
fn troubled(stage: &Stage) -> Option<String> {
    let nodes = stage.registry().storage().list(kinds::NODE, None).0;
    let needs_care = |node: &Value| {
        let mut conditions = node["status"]["conditions"].as_array().into_iter().flatten();
        conditions.any(|condition| condition["type"] == "Ready" && condition["status"] != "True")
            || is_held(node)
    };
    nodes.iter().find(|(_, node)| needs_care(&node.value())).map(|(address, _)| address.name.to_string())
}

fn set(stage: &Stage, node: &str) {
    stage.change_node(node, |value| {
        let mut taints = others(value);
        taints.push(json!({"key": QUARANTINE, "effect": "NoSchedule"}));
        value["spec"]["taints"] = taints.into();
        if let Some(annotations) = value["metadata"]["annotations"].as_object_mut() {
            annotations.remove(QUARANTINE);
        }
        Value::Null
    });
}

/// Takes off every such taint that bears no mark, whoever of several persons it is from.
fn lift(stage: &Stage) {
    for (address, node) in stage.registry().storage().list(kinds::NODE, None).0 {
        if is_held(&node.value()) {
            continue;
        }
        stage.change_node(&address.name, |value| {
            if value["spec"]["taints"].is_array() {
                value["spec"]["taints"] = others(value).into();
            }
            Value::Null
        });
    }
}

fn others(node: &Value) -> Vec<Value> {
    let taints = node["spec"]["taints"].as_array().into_iter().flatten();
    taints.filter(|taint| taint["key"] != QUARANTINE).cloned().collect()
}
