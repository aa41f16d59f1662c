//! Watches: where they begin, what they tell, how they end.

use serde_json::json;

use super::{CONFIG_MAPS, at, config_map};
use crate::step::{Case, delete, get, merge, post};

pub(super) fn cases() -> Vec<Case> {
    let labelled = |name: &str| {
        let mut map = config_map(name, &json!({}));
        map["metadata"]["labels"] = json!({"watched": "yes"});
        map
    };
    let watch = |query: &str| {
        get(&format!("{CONFIG_MAPS}?watch=true&timeoutSeconds=3&labelSelector=watched%3Dyes&{query}"))
    };
    vec![
        Case {
            name: "a watch tells what happened after its version",
            steps: vec![
                post(CONFIG_MAPS, labelled("a")).keep("first", "/metadata/resourceVersion"),
                post(CONFIG_MAPS, labelled("b")),
                merge(&at(CONFIG_MAPS, "a"), json!({"data": {"x": "1"}})),
                // It leaves the selection, and comes back.
                merge(&at(CONFIG_MAPS, "b"), json!({"metadata": {"labels": {"watched": "no"}}})),
                merge(&at(CONFIG_MAPS, "b"), json!({"metadata": {"labels": {"watched": "yes"}}})),
                delete(&at(CONFIG_MAPS, "a"), json!(null)),
                watch("resourceVersion={first}").tells(&[
                    ("ADDED", "b"),
                    ("MODIFIED", "a"),
                    ("DELETED", "b"),
                    ("ADDED", "b"),
                    ("DELETED", "a"),
                ]),
            ],
        },
        Case {
            name: "a watch begins with what there is",
            steps: vec![
                post(CONFIG_MAPS, labelled("a")),
                post(CONFIG_MAPS, labelled("b")),
                watch("").tells(&[("ADDED", "a"), ("ADDED", "b")]),
                watch("resourceVersion=0").tells(&[("ADDED", "a"), ("ADDED", "b")]),
                watch("sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true")
                    .tells(&[("ADDED", "a"), ("ADDED", "b"), ("BOOKMARK", "end of the list")]),
            ],
        },
        Case {
            name: "a watch of too new a version is told so in an event",
            steps: vec![
                // For longer than the server waits for a version to come.
                get(&format!(
                    "{CONFIG_MAPS}?watch=true&timeoutSeconds=10&sendInitialEvents=true&\
                     resourceVersionMatch=NotOlderThan&resourceVersion=1000000000000"
                ))
                .tells(&[("ERROR", "Timeout")]),
            ],
        },
        Case {
            name: "options that contradict each other are refused",
            steps: vec![
                watch("sendInitialEvents=true").refused(422, "Invalid"),
                watch("resourceVersion=1&resourceVersionMatch=NotOlderThan").refused(422, "Invalid"),
            ],
        },
    ]
}
