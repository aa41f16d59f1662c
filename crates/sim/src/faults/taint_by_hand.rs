//! A person takes a quarantine into their own hands: our taint is on the node, and not our mark. It
//! stays until they take it off again.

use serde_json::{Value, json};

use super::{Kind, Stage, lasts, pick};
use crate::kinds;

/// Our taint, and the annotation that marks it as ours.
const QUARANTINE: &str = "seaworthy.dev/quarantine";

pub(super) const KIND: Kind = Kind {
    name: "taint by hand",
    weight: 6,
    lasts: lasts(120, 900),
    subject: |scene, rng| pick(&scene.nodes, rng, "n-0").to_owned(),
    begin: |stage, node| set(stage, &troubled(stage).unwrap_or_else(|| node.to_owned())),
    end: |stage, _| lift(stage),
};

/// The first node that is not ready, or that we hold.
fn troubled(stage: &Stage) -> Option<String> {
    let nodes = stage.registry().storage().list(kinds::NODE, None).0;
    let needs_care = |node: &Value| {
        let mut conditions = node["status"]["conditions"].as_array().into_iter().flatten();
        conditions.any(|condition| condition["type"] == "Ready" && condition["status"] != "True")
            || node["metadata"]["annotations"][QUARANTINE].is_string()
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

/// Takes off every such taint that bears no mark.
fn lift(stage: &Stage) {
    for (address, node) in stage.registry().storage().list(kinds::NODE, None).0 {
        if node.value()["metadata"]["annotations"][QUARANTINE].is_string() {
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
