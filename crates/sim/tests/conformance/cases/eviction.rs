//! Evictions, and the budgets that they ask.

use serde_json::{Value, json};

use super::{PODS, at, pod};
use crate::step::{Case, Step, get, merge, post};

const BUDGETS: &str = "/apis/policy/v1/namespaces/{ns}/poddisruptionbudgets";

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "a pod that runs nowhere needs no budget",
            steps: vec![
                post(PODS, pod("a")).keep("uid", "/metadata/uid"),
                evict("b", "x").refused(404, "NotFound"),
                evict("a", "another")
                    .refused(409, "Conflict")
                    .saying("the UID in the precondition (another)"),
                evict("a", "{uid}").gives(201).with("/status", "Success"),
                get(&at(PODS, "a")).refused(404, "NotFound"),
            ],
        },
        Case {
            name: "a budget without room refuses, and two are too many",
            steps: vec![
                post(PODS, pod("a")).keep("uid", "/metadata/uid"),
                running(),
                evict("a", "another").refused(409, "Conflict"),
                post(BUDGETS, budget("one")),
                // It may be counted once before the pod's readiness is heard of.
                get(&at(BUDGETS, "one"))
                    .with("/status/observedGeneration", 1)
                    .with("/status/expectedPods", 1)
                    .with("/status/currentHealthy", 1)
                    .in_the_end(),
                evict("a", "{uid}")
                    .refused(429, "TooManyRequests")
                    .saying("Cannot evict pod as it would violate the pod's disruption budget.")
                    .with("/details/causes/0/reason", "DisruptionBudget"),
                post(BUDGETS, budget("two")),
                evict("a", "{uid}").refused(500, "").saying("more than one PodDisruptionBudget"),
            ],
        },
    ]
}

fn evict(name: &str, uid: &str) -> Step {
    let eviction = json!({
        "apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": "{ns}"},
        "deleteOptions": {"preconditions": {"uid": uid}},
    });
    post(&format!("{PODS}/{name}/eviction"), eviction)
}

fn running() -> Step {
    let status = json!({"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}});
    merge(&format!("{PODS}/a/status"), status).with("/status/phase", "Running")
}

fn budget(name: &str) -> Value {
    json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}},
    })
}
