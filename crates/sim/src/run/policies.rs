//! The policies of a run: what is enforced, what must never come to anything, and what makes no
//! sense at all.

use serde_json::{Value, json};

/// The step of a ladder, with a wait that is long enough for a pod to come up.
fn step(action: &str, attempts: u32) -> Value {
    json!({"action": action, "timeout": "2m", "attempts": attempts})
}

/// What is enforced: pods are evicted, then restarted with their workload; nodes are kept free and
/// then drained.
pub fn enforced() -> Vec<(&'static str, Value)> {
    let pods = ["PodRunningNotReady", "PodOOMKilled"];
    vec![
        (
            "pods",
            json!({
                "mode": "Enforce",
                "match": {"codes": pods, "namespaces": ["*"]},
                "steps": [step("CollectEvidence", 1), step("EvictPod", 2), step("RolloutRestart", 1)],
            }),
        ),
        (
            "crashes",
            json!({
                "mode": "Enforce",
                "match": {"codes": ["PodCrashLoopBackOff"], "namespaces": ["shop", "bank"]},
                "steps": [step("EvictPod", 3)],
                "healthyFor": "1m",
            }),
        ),
        (
            "nodes",
            json!({
                "mode": "Enforce",
                "match": {"codes": ["NodeUnreachable", "NodeNotReady"]},
                "steps": [step("QuarantineNode", 1), step("DrainNode", 2)],
            }),
        ),
        (
            "pressure",
            json!({
                "mode": "Enforce",
                "match": {"codes": ["NodeMemoryPressure", "NodeDiskPressure"]},
                "steps": [step("QuarantineNode", 1)],
            }),
        ),
    ]
}

/// What must never come to an effect, whatever it says, or only when a person has said yes: its name
/// begins with one of the prefixes that the oracle knows.
pub(super) fn inert() -> Vec<(&'static str, Value)> {
    let evict = || json!([step("EvictPod", 1)]);
    let matching = |codes: &[&str], namespaces: &[&str]| json!({"codes": codes, "namespaces": namespaces});
    let all = ["*"];
    vec![
        ("observe-images", json!({"match": matching(&["PodImagePullBackOff"], &all), "steps": evict()})),
        ("observe-terminating", json!({"match": matching(&["PodStuckTerminating"], &all), "steps": evict()})),
        (
            "approve-rollouts",
            json!({
                "mode": "Approve",
                "match": matching(&["WorkloadRolloutStuck"], &all),
                "steps": [step("RolloutRestart", 1)],
            }),
        ),
        ("odd-no-codes", json!({"mode": "Enforce", "match": matching(&[], &all), "steps": evict()})),
        (
            "odd-no-namespaces",
            json!({"mode": "Enforce", "match": matching(&["PodOOMKilled"], &[]), "steps": evict()}),
        ),
        (
            "odd-empty-selector",
            json!({
                "mode": "Enforce",
                "match": {"codes": ["PodRunningNotReady"], "namespaces": ["*"], "selector": {}},
                "steps": evict(),
            }),
        ),
        (
            "odd-own",
            json!({"mode": "Enforce", "match": matching(&["PodRunningNotReady"], &[super::settings::NAMESPACE]), "steps": evict()}),
        ),
        (
            "odd-no-steps",
            json!({"mode": "Enforce", "match": matching(&["PodRunningNotReady"], &all), "steps": []}),
        ),
        (
            "odd-code",
            json!({"mode": "Enforce", "match": matching(&["PodsRunningNotReady"], &all), "steps": evict()}),
        ),
    ]
}
