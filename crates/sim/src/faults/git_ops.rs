//! A GitOps controller puts nodes and workloads back to what is written down: it takes off taints
//! and annotations that it does not know, ours among them.

use serde_json::{Value, json};

use super::{Kind, lasts, pick};

pub(super) const KIND: Kind = Kind {
    name: "git ops",
    weight: 4,
    lasts: lasts(1, 5),
    subject: |scene, rng| pick(&scene.nodes, rng, "n-0").to_owned(),
    begin: |stage, node| {
        stage.change_node(node, |value| {
            if value["spec"]["taints"].is_array() {
                let own = |taint: &Value| taint["key"] == "seaworthy.dev/quarantine";
                let kept = value["spec"]["taints"].as_array().into_iter().flatten();
                value["spec"]["taints"] = json!(kept.filter(|taint| !own(taint)).collect::<Vec<_>>());
            }
            Value::Null
        });
    },
    end: |_, _| {},
};
