//! Deleting: preconditions, finalizers, whole collections.

use serde_json::json;

use super::{CONFIG_MAPS, PODS, at, config_map, pod};
use crate::step::{Case, delete, get, merge, post};

pub(super) fn cases() -> Vec<Case> {
    let one = at(CONFIG_MAPS, "a");
    let mut held = config_map("a", &json!({}));
    held["metadata"]["finalizers"] = json!(["example.com/hold"]);
    vec![
        Case {
            name: "a deletion is for the object it names",
            steps: vec![
                post(CONFIG_MAPS, config_map("a", &json!({}))).keep("uid", "/metadata/uid"),
                delete(&one, json!({"preconditions": {"uid": "another"}}))
                    .refused(409, "Conflict")
                    .saying("the UID in the precondition (another) does not match the UID in record"),
                delete(&one, json!({"preconditions": {"resourceVersion": "1"}})).refused(409, "Conflict"),
                delete(&one, json!({"preconditions": {"uid": "{uid}"}}))
                    .with("/kind", "Status")
                    .with("/status", "Success")
                    .with("/details/uid", "{uid}"),
                delete(&one, json!(null)).refused(404, "NotFound"),
            ],
        },
        Case {
            name: "a finalizer holds, and new ones cannot be added",
            steps: vec![
                post(CONFIG_MAPS, held),
                delete(&one, json!(null))
                    .with("/kind", "ConfigMap")
                    .with("/metadata/deletionGracePeriodSeconds", 0),
                get(&one).with("/metadata/finalizers/0", "example.com/hold"),
                merge(&one, json!({"metadata": {"finalizers": ["example.com/hold", "example.com/more"]}}))
                    .refused(422, "Invalid")
                    .saying("no new finalizers can be added if the object is being deleted"),
                merge(&one, json!({"metadata": {"finalizers": []}})),
                get(&one).refused(404, "NotFound"),
            ],
        },
        Case {
            name: "a pod without a node goes at once and is shown",
            steps: vec![
                post(PODS, pod("a")),
                delete(&at(PODS, "a"), json!(null)).with("/kind", "Pod").with("/metadata/name", "a"),
                get(&at(PODS, "a")).refused(404, "NotFound"),
            ],
        },
        Case {
            name: "a collection is deleted by selector",
            steps: vec![
                post(PODS, pod("a")),
                post(PODS, pod("b")),
                delete(&format!("{PODS}?fieldSelector=metadata.name%3Da"), json!(null)),
                get(&at(PODS, "a")).refused(404, "NotFound"),
                get(&at(PODS, "b")),
                delete(PODS, json!({"propagationPolicy": "Sideways"})).refused(422, "Invalid"),
            ],
        },
    ]
}
