//! The policies of the shop: most enforce, one asks where money is concerned, one only observes.

use serde_json::{Value, json};

/// The policies by name.
pub(super) fn all() -> [(&'static str, Value); 5] {
    [
        ("replace-what-hangs", hangs()),
        ("ask-about-payments", payments()),
        ("replace-what-runs-out-of-memory", memory()),
        ("quarantine-lost-nodes", nodes()),
        ("observe-rollouts", rollouts()),
    ]
}

fn hangs() -> Value {
    json!({
        "mode": "Enforce",
        "match": {"codes": ["PodRunningNotReady"], "namespaces": ["shop", "data", "mail"]},
        "steps": [{"action": "CollectEvidence"}, {"action": "EvictPod", "timeout": "2m", "attempts": 2}],
        "healthyFor": "10s",
    })
}

/// The same for payments, but a person says yes first.
fn payments() -> Value {
    json!({
        "mode": "Approve",
        "match": {"codes": ["PodRunningNotReady"], "namespaces": ["pay"]},
        "steps": [{"action": "CollectEvidence"}, {"action": "EvictPod", "timeout": "2m", "attempts": 2}],
        "healthyFor": "10s",
        "approvalTimeout": "30m",
    })
}

/// A new pod may help once; more often it does not, and then a person has to know.
fn memory() -> Value {
    json!({
        "mode": "Enforce",
        "match": {"codes": ["PodOOMKilled"], "namespaces": ["shop"]},
        "steps": [{"action": "CollectEvidence"}, {"action": "EvictPod", "timeout": "1m", "attempts": 1}],
        "healthyFor": "30s",
    })
}

fn nodes() -> Value {
    json!({
        "mode": "Enforce",
        "match": {"codes": ["NodeUnreachable", "NodeNotReady"]},
        "steps": [{"action": "QuarantineNode", "timeout": "10m"}],
        "healthyFor": "30s",
    })
}

/// A restart does not mend an image that is not there: it is written down, and not done.
fn rollouts() -> Value {
    json!({
        "mode": "Observe",
        "match": {"codes": ["WorkloadRolloutStuck", "PodImagePullBackOff"], "namespaces": ["*"]},
        "steps": [{"action": "RolloutRestart", "timeout": "10m"}],
    })
}
