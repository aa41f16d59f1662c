//! The calls, by topic.

mod custom;
mod deletion;
mod discovery;
mod eviction;
mod lists;
mod objects;
mod patches;
mod validation;
mod watches;

use serde_json::{Value, json};

use crate::step::Case;

/// All cases.
pub(crate) fn all() -> Vec<Case> {
    [
        objects::cases(),
        validation::cases(),
        patches::cases(),
        lists::cases(),
        watches::cases(),
        deletion::cases(),
        eviction::cases(),
        custom::cases(),
        discovery::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

const CONFIG_MAPS: &str = "/api/v1/namespaces/{ns}/configmaps";
const PODS: &str = "/api/v1/namespaces/{ns}/pods";
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/{ns}/deployments";

fn at(collection: &str, name: &str) -> String {
    format!("{collection}/{name}")
}

fn config_map(name: &str, data: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})
}

/// A pod that no node takes, so that a real cluster leaves it as it is.
fn pod(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": "web"}},
        "spec": {
            "nodeSelector": {"conformance": "nowhere"}, "automountServiceAccountToken": false,
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
