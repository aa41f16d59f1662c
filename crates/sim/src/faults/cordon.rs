//! A person cordons a node, and lifts that later.

use serde_json::Value;

use super::{Kind, Stage, lasts, pick};

pub(super) const KIND: Kind = Kind {
    name: "cordon",
    weight: 6,
    lasts: lasts(60, 900),
    subject: |scene, rng| pick(&scene.nodes, rng, "n-0").to_owned(),
    begin: |stage, node| set(stage, node, true),
    end: |stage, node| set(stage, node, false),
};

pub(super) fn set(stage: &Stage, node: &str, is_cordoned: bool) {
    stage.change_node(node, |value| {
        if is_cordoned {
            value["spec"]["unschedulable"] = true.into();
        } else if let Some(spec) = value["spec"].as_object_mut() {
            spec.remove("unschedulable");
        }
        Value::Null
    });
}
