//! The cases, by topic: calls, and what controllers and kubelets do by themselves.

mod behaviours;
mod custom;
mod definitions;
mod deletion;
mod discovery;
mod events;
mod eviction;
mod history;
mod leases;
mod lists;
mod objects;
mod patches;
mod rights;
mod validation;
mod watches;

use serde_json::{Value, json};

use crate::step::Case;

/// All cases, in the order in which they are compared.
pub(crate) fn all() -> Vec<Case> {
    calls().into_iter().chain(behaviours()).collect()
}

/// What is asked of an API server, and answered at once.
pub(crate) fn calls() -> Vec<Case> {
    [
        objects::cases(),
        validation::cases(),
        patches::cases(),
        lists::cases(),
        watches::cases(),
        deletion::cases(),
        eviction::cases(),
        leases::cases(),
        events::cases(),
        custom::cases(),
        definitions::cases(),
        rights::cases(),
        discovery::cases(),
        // The server restarts for it.
        history::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What a cluster does by itself, and takes its time for. Those that are in each other's way are on
/// nodes of their own.
pub(crate) fn behaviours() -> Vec<Case> {
    behaviours::cases()
}

/// The testbed's image, which every node has.
pub(crate) const TOOLS: &str = "seaworthy.test/tools:1";
/// An image that no registry has.
pub(crate) const NO_SUCH_IMAGE: &str = "seaworthy.test/no-such-image:1";
/// What every container of ours writes.
pub(crate) const LOG: &str = "one\ntwo\nthree\n";

const CONFIG_MAPS: &str = "/api/v1/namespaces/{ns}/configmaps";
const PODS: &str = "/api/v1/namespaces/{ns}/pods";
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/{ns}/deployments";

fn at(collection: &str, name: &str) -> String {
    format!("{collection}/{name}")
}

fn config_map(name: &str, data: &Value) -> Value {
    let mut map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
    if data != &json!({}) {
        map["data"] = data.clone();
    }
    map
}

/// A pod that nobody looks after, so that a real cluster leaves it as it is.
fn pod(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": "web"}},
        "spec": {
            "schedulerName": "nobody", "automountServiceAccountToken": false,
            "containers": [{"name": "main", "image": "registry.invalid/main:1"}],
        },
    })
}

/// A workload without pods.
fn deployment(name: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {
            "replicas": 0, "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "main", "image": "registry.invalid/main:1"}]},
            },
        },
    })
}
