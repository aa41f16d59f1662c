//! Healing policies that several scenarios use.

use model::codes::{NODE_UNREACHABLE, POD_RUNNING_NOT_READY};
use serde_json::{Value, json};

/// Evicts what is not ready, once, and wants it healthy for two seconds. How soon it helps is not
/// what is tested by it: a machine at work on something else has time.
pub(crate) fn evict_when_not_ready(namespace: &str) -> Value {
    json!({
        "mode": "Enforce",
        "match": {"codes": [POD_RUNNING_NOT_READY], "namespaces": [namespace]},
        "steps": [{"action": "EvictPod", "timeout": "80s"}],
        "healthyFor": "2s",
    })
}

/// The same, after a person has said yes.
pub(crate) fn evict_when_approved(namespace: &str) -> Value {
    let mut policy = evict_when_not_ready(namespace);
    policy["mode"] = json!("Approve");
    policy
}

/// Keeps new pods off a node that nobody hears from, until it is heard again.
pub(crate) fn quarantine_when_unreachable() -> Value {
    json!({
        "mode": "Enforce",
        "match": {"codes": [NODE_UNREACHABLE]},
        "steps": [{"action": "QuarantineNode", "timeout": "2m"}],
        "healthyFor": "2s",
    })
}
