//! Leases, by which leaders are told.

use serde_json::{Value, json};

use super::at;
use crate::step::{Case, delete, get, merge, post, put};

const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases";

pub(super) fn cases() -> Vec<Case> {
    let one = at(LEASES, "l");
    vec![Case {
        name: "a lease is taken once, renewed and taken over",
        steps: vec![
            post(LEASES, lease(&json!({"name": "l"}), "a", 0))
                .with("/spec/holderIdentity", "a")
                .with("/spec/renewTime", "2026-01-02T03:04:05.000006Z")
                .keep("first", "/metadata/resourceVersion"),
            post(LEASES, lease(&json!({"name": "l"}), "b", 0)).refused(409, "AlreadyExists"),
            put(&one, lease(&json!({"name": "l", "resourceVersion": "{first}"}), "a", 0))
                .without("/metadata/generation"),
            merge(&one, json!({"spec": {"holderIdentity": "b", "leaseTransitions": 1}}))
                .keep("second", "/metadata/resourceVersion"),
            put(&one, lease(&json!({"name": "l", "resourceVersion": "{first}"}), "a", 2))
                .refused(409, "Conflict"),
            put(&one, lease(&json!({"name": "l", "resourceVersion": "{second}"}), "c", 2))
                .with("/spec/leaseTransitions", 2),
            merge(&one, json!({"spec": {"leaseDurationSeconds": 0}}))
                .refused(422, "Invalid")
                .saying("must be greater than 0"),
            delete(&one, json!({"preconditions": {"resourceVersion": "{second}"}})).refused(409, "Conflict"),
            delete(&one, json!(null)).with("/status", "Success"),
            get(&one).refused(404, "NotFound"),
        ],
    }]
}

fn lease(meta: &Value, holder: &str, transitions: u32) -> Value {
    json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta,
        "spec": {
            "holderIdentity": holder, "leaseDurationSeconds": 15, "leaseTransitions": transitions,
            "acquireTime": "2026-01-02T03:04:05.000006Z", "renewTime": "2026-01-02T03:04:05.000006Z",
        },
    })
}
