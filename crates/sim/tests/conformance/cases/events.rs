//! Events, as services write them.

use serde_json::{Value, json};

use super::at;
use crate::step::{Case, get, json_patch, merge, post};

const EVENTS: &str = "/apis/events.k8s.io/v1/namespaces/{ns}/events";

pub(super) fn cases() -> Vec<Case> {
    let mut nameless = event("a");
    nameless["action"] = json!("");
    vec![Case {
        name: "an event is written and counted on",
        steps: vec![
            post(EVENTS, event("a")).with("/reason", "Evicted").with("/type", "Normal"),
            merge(
                &at(EVENTS, "a"),
                json!({"series": {"count": 2, "lastObservedTime": "2026-01-02T03:05:05.000000Z"}}),
            )
            .with("/series/count", 2),
            post(EVENTS, event("a")).refused(409, "AlreadyExists"),
            post(EVENTS, nameless).refused(422, "Invalid").with("/details/causes/0/field", "action"),
            json_patch(&at(EVENTS, "a"), json!([{"op": "replace", "path": "/reason", "value": "Other"}]))
                .refused(422, "Invalid"),
            get(&format!("{EVENTS}?fieldSelector=regarding.name%3Dweb-0"))
                .with("/items/0/metadata/name", "a"),
            get(&format!("{EVENTS}?fieldSelector=regarding.name%3Dweb-1")).without("/items/0"),
        ],
    }]
}

fn event(name: &str) -> Value {
    json!({
        "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": name},
        "eventTime": "2026-01-02T03:04:05.000000Z", "type": "Normal", "reason": "Evicted", "action": "EvictPod",
        "note": "it was not ready", "reportingController": "seaworthy.dev/healer", "reportingInstance": "healer-0",
        "regarding": {"apiVersion": "v1", "kind": "Pod", "namespace": "{ns}", "name": "web-0"},
    })
}
