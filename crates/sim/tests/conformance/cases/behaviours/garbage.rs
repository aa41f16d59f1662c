//! What is owned goes with its owner, before it, or stays.

use serde_json::{Value, json};

use super::super::{CONFIG_MAPS, at, config_map};
use crate::step::{Case, Step, delete, get, post};

pub(super) fn cases() -> Vec<Case> {
    let (owner, dependent) = (at(CONFIG_MAPS, "owner"), at(CONFIG_MAPS, "owned"));
    let gone = |path: &str| get(path).refused(404, "NotFound").in_the_end();
    let with = |policy: &str| delete(&owner, json!({"propagationPolicy": policy}));
    vec![
        Case {
            name: "in the background the owner goes first",
            steps: [
                family(false),
                vec![
                    with("Background").with("/status", "Success"),
                    get(&owner).refused(404, "NotFound"),
                    gone(&dependent),
                ],
            ]
            .concat(),
        },
        Case {
            name: "in the foreground the owner goes last",
            steps: [
                family(true),
                vec![
                    with("Foreground").with("/metadata/finalizers/0", "foregroundDeletion"),
                    gone(&owner),
                    gone(&dependent),
                ],
            ]
            .concat(),
        },
        Case {
            name: "an orphan stays",
            steps: [
                family(false),
                vec![
                    with("Orphan").with("/metadata/finalizers/0", "orphan"),
                    gone(&owner),
                    get(&dependent).without("/metadata/ownerReferences/0").in_the_end(),
                ],
            ]
            .concat(),
        },
        Case {
            name: "whose owner is not there goes",
            steps: vec![
                post(CONFIG_MAPS, child("00000000-0000-4000-8000-000000000000", false)),
                gone(&dependent),
            ],
        },
        Case {
            name: "a namespace takes all along",
            steps: vec![
                post(
                    "/api/v1/namespaces",
                    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "{ns}-more"}}),
                ),
                post("/api/v1/namespaces/{ns}-more/configmaps", config_map("a", &json!({}))),
                delete("/api/v1/namespaces/{ns}-more", json!(null)).with("/status/phase", "Terminating"),
                gone("/api/v1/namespaces/{ns}-more"),
                // What admits objects hears of the namespace's end a little later: until then, 403.
                post("/api/v1/namespaces/{ns}-more/configmaps", config_map("a", &json!({})))
                    .refused(404, "NotFound")
                    .in_the_end(),
            ],
        },
    ]
}

fn family(blocks: bool) -> Vec<Step> {
    vec![
        post(CONFIG_MAPS, config_map("owner", &json!({}))).keep("owner", "/metadata/uid"),
        post(CONFIG_MAPS, child("{owner}", blocks)),
    ]
}

fn child(uid: &str, blocks: bool) -> Value {
    let mut map = config_map("owned", &json!({}));
    map["metadata"]["ownerReferences"] = json!([{
        "apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid, "blockOwnerDeletion": blocks,
    }]);
    map
}
