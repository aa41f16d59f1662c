//! What controllers, scheduler and kubelets make of what they are told, to its end.

mod budgets;
mod endpoints;
mod garbage;
mod jobs;
mod nodes;
mod pods;
mod rollouts;
mod scheduling;
mod sets;

use serde_json::{Value, json};

use super::{LOG, TOOLS};
use crate::step::{Case, Step, get};

pub(super) fn cases() -> Vec<Case> {
    [
        nodes::cases(),
        rollouts::cases(),
        sets::cases(),
        jobs::cases(),
        pods::cases(),
        budgets::cases(),
        endpoints::cases(),
        garbage::cases(),
        scheduling::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Where all is well.
const STEADY: &str = "node-1";

/// What a container does: by its script on a real node, by the word on a simulated one.
#[derive(Clone, Copy)]
struct Does {
    script: &'static str,
    word: &'static str,
}

/// It runs on, and ends at once when it is told to.
const SERVES: Does =
    Does { script: "trap 'exit 0' TERM; while true; do sleep 3600 & wait; done", word: "stops-in=50ms" };
/// It ends, badly.
const CRASHES: Does = Does { script: "exit 3", word: "crashes-after=50ms,exit=3" };
/// It ends, well.
const COMPLETES: Does = Does { script: "exit 0", word: "completes-after=50ms" };
/// It takes more memory than it may.
const HUNGERS: Does = Does { script: "dd if=/dev/zero of=/dev/null bs=128M count=1", word: "oom-after=50ms" };

/// A pod's metadata and spec, on a node.
fn template(app: &str, node: &str, does: Does) -> Value {
    json!({
        "metadata": {"labels": {"app": app}, "annotations": {"sim.seaworthy.test/behaviour": does.word}},
        "spec": {
            "nodeSelector": {"kubernetes.io/hostname": node}, "automountServiceAccountToken": false,
            "terminationGracePeriodSeconds": 2,
            "containers": [{
                "name": "main", "image": TOOLS,
                "command": ["/bin/sh", "-c", format!("printf '{}'; {}", LOG.replace('\n', "\\n"), does.script)],
            }],
        },
    })
}

/// A pod of its own.
fn pod(name: &str, node: &str, does: Does) -> Value {
    let mut pod = template(name, node, does);
    (pod["apiVersion"], pod["kind"], pod["metadata"]["name"]) = (json!("v1"), json!("Pod"), json!(name));
    pod
}

/// A workload of a kind, with so many replicas.
fn workload(kind: &str, name: &str, replicas: u32, template: &Value) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template},
    })
}

/// A Deployment whose pods serve.
fn serving(name: &str, replicas: u32) -> Value {
    workload("Deployment", name, replicas, &template(name, STEADY, SERVES))
}

/// In the end the object says so of itself.
fn becomes(path: &str, pointer: &'static str, value: impl Into<Value>) -> Step {
    get(path).with(pointer, value).in_the_end()
}
