//! A GitOps controller puts a node or a workload back to what is written down, again and again. Nothing
//! is written down of what is ours, so that it takes our taints off nodes, and our annotations off
//! workloads, with the restart that they were for. What others put there it leaves.

use std::time::Duration;

use rand::RngExt;
use serde_json::Value;

use super::{Kind, Stage, lasts, pick};

/// Between two looks at what there is.
const PERIOD: Duration = Duration::from_secs(20);
/// Ours on nodes and workloads.
const OURS: &str = "seaworthy.dev/";
/// In a template: what makes its pods anew.
const RESTARTED: &str = "kubectl.kubernetes.io/restartedAt";

pub(super) const KIND: Kind = Kind {
    name: "git ops",
    weight: 5,
    lasts: lasts(1, 300),
    subject: |scene, rng| {
        let (from, fallback) =
            if rng.random_bool(0.5) { (&scene.nodes, "n-0") } else { (&scene.workloads, "") };
        pick(from, rng, fallback).to_owned()
    },
    begin: |stage, subject| stage.begin_work(KIND.name, subject, work(stage.clone(), subject.to_owned())),
    end: |stage, subject| stage.end_work(KIND.name, subject),
};

async fn work(stage: Stage, subject: String) {
    loop {
        match stage.workload(&subject) {
            Some(address) => stage.change(&address, |value| {
                take_out(value, "/metadata/annotations", OURS);
                take_out(value, "/spec/template/metadata/annotations", RESTARTED);
                Value::Null
            }),
            None => stage.change_node(&subject, |value| {
                let is_ours = |taint: &Value| taint["key"].as_str().is_some_and(|key| key.starts_with(OURS));
                if let Some(taints) = value.pointer_mut("/spec/taints").and_then(Value::as_array_mut) {
                    taints.retain(|taint| !is_ours(taint));
                }
                Value::Null
            }),
        }
        tokio::time::sleep(PERIOD).await;
    }
}

fn take_out(value: &mut Value, annotations: &str, start: &str) {
    if let Some(annotations) = value.pointer_mut(annotations).and_then(Value::as_object_mut) {
        annotations.retain(|name, _| !name.starts_with(start));
    }
}
