//! What is asked about a time that the server has forgotten: 410 Gone.

use serde_json::json;

use super::{CONFIG_MAPS, at, config_map};
use crate::step::{Case, delete, get, lose_history, post};

pub(super) fn cases() -> Vec<Case> {
    let watch = |query: &str| {
        get(&format!("{CONFIG_MAPS}?watch=true&timeoutSeconds=3&fieldSelector=metadata.name%3Dafter&{query}"))
    };
    let list = |query: &str| {
        get(&format!("{CONFIG_MAPS}?limit=2&fieldSelector=metadata.name!%3Dkube-root-ca.crt&{query}"))
    };
    let exactly = |word: &str| list(&format!("resourceVersionMatch=Exact&resourceVersion={{{word}}}"));
    vec![Case {
        name: "what was forgotten is gone, and says how to go on",
        steps: vec![
            post(CONFIG_MAPS, config_map("a", &json!({}))),
            post(CONFIG_MAPS, config_map("b", &json!({}))),
            post(CONFIG_MAPS, config_map("c", &json!({}))),
            list("").keep("next", "/metadata/continue").keep("before", "/metadata/resourceVersion"),
            delete(&at(CONFIG_MAPS, "c"), json!(null)),
            post(CONFIG_MAPS, config_map("d", &json!({}))),
            lose_history(),
            watch("resourceVersion={before}").tells(&[("ERROR", "Expired")]),
            exactly("before").refused(410, "Expired"),
            // It offers a token with which the rest is told as it is now.
            list("continue={next}").refused(410, "Expired").keep("rest", "/metadata/continue"),
            list("continue={rest}")
                .with("/items/0/metadata/name", "d")
                .without("/items/1")
                .keep("now", "/metadata/resourceVersion"),
            exactly("now").with("/items/1/metadata/name", "b"),
            post(CONFIG_MAPS, config_map("after", &json!({}))),
            watch("resourceVersion={now}").tells(&[("ADDED", "after")]),
        ],
    }]
}
