//! Definitions of resources, and what is held to them.

use serde_json::{Value, json};

use super::at;
use crate::step::{Case, delete, get, merge, post};

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const SHIPS: &str = "/apis/conformance.example.com/v1/namespaces/{ns}/ships";

pub(super) fn cases() -> Vec<Case> {
    let definition = at(DEFINITIONS, "ships.conformance.example.com");
    let wrong = |spec: Value, field: &'static str| {
        post(SHIPS, ship(&spec)).refused(422, "Invalid").with("/details/causes/0/field", field)
    };
    let one = at(SHIPS, "ever");
    vec![Case {
        name: "a definition is served, and holds what it defines to its schema",
        steps: vec![
            post(DEFINITIONS, ships()).comparing("/spec"),
            get(&definition)
                .with("/status/conditions/1/type", "Established")
                .with("/status/conditions/1/status", "True")
                .in_the_end()
                .comparing("/status"),
            get("/apis/conformance.example.com/v1").in_the_end().comparing("/resources"),
            get(SHIPS).in_the_end().with("/kind", "ShipList"),
            post(SHIPS, ship(&json!({"crew": 5}))).with("/spec/flag", "none").with("/spec/cargo", json!([])),
            merge(&one, json!({"spec": {"crew": 3, "unknown": 1}}))
                .without("/spec/unknown")
                .with("/metadata/generation", 2),
            merge(&one, json!({"spec": {"crew": 1}}))
                .refused(422, "Invalid")
                .saying("a crew does not shrink to one"),
            merge(&one, json!({"spec": {"flag": "red"}})).refused(422, "Invalid").saying("a flag stays"),
            merge(&one, json!({"status": {"afloat": true}})).without("/status"),
            merge(&format!("{one}/status"), json!({"status": {"afloat": true}}))
                .with("/status/afloat", true)
                .with("/metadata/generation", 2),
            merge(&format!("{one}/status"), json!({"status": {"afloat": "perhaps"}}))
                .refused(422, "Invalid")
                .comparing("/reason"),
            wrong(json!({"crew": 0}), "spec.crew"),
            wrong(json!({"crew": "many"}), "spec.crew"),
            wrong(json!({}), "spec.crew"),
            wrong(json!({"crew": 2, "class": "kite"}), "spec.class"),
            wrong(json!({"crew": 2, "flag": "Not A Flag"}), "spec.flag"),
            wrong(json!({"crew": 2, "cargo": ["a", "b", "c"]}), "spec.cargo"),
            wrong(json!({"crew": 2, "since": "yesterday"}), "spec.since"),
            delete(&one, json!(null)).with("/status", "Success"),
            delete(&definition, json!(null)).comparing_nothing_else(),
            get(&definition).gives(404).refused(404, "NotFound").in_the_end(),
        ],
    }]
}

fn ship(spec: &Value) -> Value {
    json!({
        "apiVersion": "conformance.example.com/v1", "kind": "Ship", "metadata": {"name": "ever"}, "spec": spec,
    })
}

fn ships() -> Value {
    let spec = json!({
        "type": "object", "required": ["crew"],
        "x-kubernetes-validations": [
            {"rule": "self.flag == oldSelf.flag", "message": "a flag stays"},
            {"rule": "self.crew != 1 || oldSelf.crew == 1", "message": "a crew does not shrink to one"},
        ],
        "properties": {
            "crew": {"type": "integer", "minimum": 1, "maximum": 100},
            "class": {"type": "string", "enum": ["brig", "sloop"]},
            "flag": {"type": "string", "pattern": "^[a-z]+$", "default": "none"},
            "cargo": {"type": "array", "items": {"type": "string"}, "maxItems": 2, "default": []},
            "since": {"type": "string", "format": "date-time"},
        },
    });
    let status = json!({"type": "object", "properties": {"afloat": {"type": "boolean"}}});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "ships.conformance.example.com"},
        "spec": {
            "group": "conformance.example.com", "scope": "Namespaced",
            "names": {"kind": "Ship", "plural": "ships", "singular": "ship", "shortNames": ["sh"]},
            "versions": [{
                "name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec, "status": status}}},
            }],
        },
    })
}
