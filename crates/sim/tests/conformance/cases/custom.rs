//! Our own resources, held to their definitions.

use serde_json::{Value, json};

use super::at;
use crate::step::{Case, delete, get, merge, post, put, strategic};

const POLICIES: &str = "/apis/seaworthy.dev/v1alpha1/healingpolicies";
const BRAKES: &str = "/apis/seaworthy.dev/v1alpha1/brakes";

pub(super) fn cases() -> Vec<Case> {
    let one = at(POLICIES, "{ns}");
    let wrong = |step: Value, field: &'static str| {
        post(POLICIES, policy(&step)).refused(422, "Invalid").with("/details/causes/0/field", field)
    };
    vec![
        Case {
            name: "defaults come, unknown fields go, and what is wrong is named",
            steps: vec![
                post(POLICIES, policy(&json!({"action": "EvictPod", "colour": "red"})))
                    .with("/spec/mode", "Observe")
                    .with("/spec/steps/0/attempts", 1)
                    .with("/spec/steps/0/timeout", "5m")
                    .without("/spec/steps/0/colour")
                    .with("/metadata/generation", 1),
                delete(&one, json!(null)),
                wrong(json!({"action": "Explode"}), "spec.steps[0].action"),
                wrong(json!({}), "spec.steps[0].action"),
                wrong(json!({"action": "EvictPod", "attempts": -1}), "spec.steps[0].attempts"),
                wrong(json!({"action": "EvictPod", "attempts": "1"}), "spec.steps[0].attempts"),
                wrong(json!({"action": "EvictPod", "timeout": "soon"}), "spec.steps[0].timeout"),
                post(
                    &format!("{POLICIES}?fieldValidation=Strict"),
                    policy(&json!({"action": "EvictPod", "colour": "red"})),
                )
                .refused(400, "BadRequest")
                .saying("unknown field \"spec.steps[0].colour\""),
            ],
        },
        Case {
            name: "a status is written apart",
            steps: vec![
                post(POLICIES, policy(&json!({"action": "EvictPod"})))
                    .keep("first", "/metadata/resourceVersion"),
                merge(
                    &format!("{one}/status"),
                    json!({"status": {"observedGeneration": 1}, "spec": {"mode": "Enforce"}}),
                )
                .with("/status/observedGeneration", 1)
                .with("/status/conditions", json!([]))
                .with("/spec/mode", "Observe")
                .with("/metadata/generation", 1),
                merge(&one, json!({"status": {"observedGeneration": 9}, "spec": {"mode": "Enforce"}}))
                    .with("/status/observedGeneration", 1)
                    .with("/spec/mode", "Enforce")
                    .with("/metadata/generation", 2),
                put(&one, policy(&json!({"action": "EvictPod"})))
                    .refused(422, "Invalid")
                    .saying("metadata.resourceVersion"),
                strategic(&one, json!({})).refused(415, "UnsupportedMediaType"),
                delete(&one, json!(null)).with("/status", "Success"),
            ],
        },
        Case {
            name: "rules of definitions hold",
            steps: vec![
                post(BRAKES, brake("{ns}"))
                    .refused(422, "Invalid")
                    .saying("the Brake that counts is named 'cluster'"),
                // In which order definitions are served is nobody's promise.
                get("/apis/seaworthy.dev/v1alpha1")
                    .with("/groupVersion", "seaworthy.dev/v1alpha1")
                    .comparing("/groupVersion"),
                get("/apis/seaworthy.dev/v1alpha1/nothings").gives(404),
            ],
        },
    ]
}

/// A policy of the case's own: the kind has no namespaces.
fn policy(step: &Value) -> Value {
    json!({
        "apiVersion": "seaworthy.dev/v1alpha1", "kind": "HealingPolicy", "metadata": {"name": "{ns}"},
        "spec": {"match": {"codes": ["PodCrashLoopBackOff"]}, "steps": [step]},
    })
}

fn brake(name: &str) -> Value {
    json!({
        "apiVersion": "seaworthy.dev/v1alpha1", "kind": "Brake", "metadata": {"name": name},
        "spec": {"paused": true},
    })
}
