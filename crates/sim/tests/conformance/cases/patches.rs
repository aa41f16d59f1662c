//! Four kinds of patches.

use serde_json::json;

use super::{CONFIG_MAPS, DEPLOYMENTS, at, config_map, deployment};
use crate::step::{Case, apply, get, json_patch, merge, post, strategic};

pub(super) fn cases() -> Vec<Case> {
    let one = at(CONFIG_MAPS, "a");
    let web = at(DEPLOYMENTS, "web");
    let mut cases = vec![
        Case {
            name: "merge patches replace and remove, under preconditions",
            steps: vec![
                post(CONFIG_MAPS, config_map("a", &json!({"x": "1", "y": "2"})))
                    .keep("uid", "/metadata/uid")
                    .keep("first", "/metadata/resourceVersion"),
                merge(&one, json!({"metadata": {"uid": "{uid}", "resourceVersion": "{first}"}, "data": {"x": null}}))
                    .without("/data/x")
                    .with("/data/y", "2")
                    .keep("second", "/metadata/resourceVersion"),
                merge(&one, json!({"metadata": {"resourceVersion": "{first}"}, "data": {"x": "3"}}))
                    .refused(409, "Conflict"),
                merge(&one, json!({"metadata": {"uid": "another"}, "data": {"x": "3"}}))
                    .refused(422, "Invalid")
                    .saying("metadata.uid: Invalid value: \"another\": field is immutable"),
                merge(&one, json!({"data": {"y": "2"}})).with("/metadata/resourceVersion", "{second}"),
                merge(&at(CONFIG_MAPS, "b"), json!({})).refused(404, "NotFound"),
            ],
        },
        Case {
            name: "JSON patches are all or nothing",
            steps: vec![
                post(CONFIG_MAPS, config_map("a", &json!({"x": "1"}))),
                json_patch(
                    &one,
                    json!([{"op": "test", "path": "/data/x", "value": "1"},
                        {"op": "replace", "path": "/data/x", "value": "2"}]),
                )
                .with("/data/x", "2"),
                json_patch(
                    &one,
                    json!([{"op": "add", "path": "/data/z", "value": "9"},
                        {"op": "test", "path": "/data/x", "value": "1"}]),
                )
                .refused(422, "Invalid"),
                get(&one).with("/data/x", "2").without("/data/z"),
            ],
        },
        Case {
            name: "strategic patches merge lists by their keys",
            steps: vec![
                post(DEPLOYMENTS, deployment("web")),
                strategic(
                    &web,
                    json!({"spec": {"template": {"spec": {"containers": [
                        {"name": "side", "image": "registry.invalid/side:1"}]}}}}),
                )
                .with("/metadata/generation", 2)
                .comparing("/spec"),
                get(&web)
                    .with("/spec/template/spec/containers/0/name", "side")
                    .with("/spec/template/spec/containers/1/name", "main")
                    .comparing("/spec"),
                strategic(
                    &web,
                    json!({"spec": {"template": {"spec": {"containers": [{"name": "side", "$patch": "delete"}]}}}}),
                )
                .with("/spec/template/spec/containers/0/name", "main")
                .without("/spec/template/spec/containers/1")
                .comparing("/spec"),
                merge(&web, json!({"spec": {"template": {"metadata": {"annotations": {"at": "now"}}}}}))
                    .with("/metadata/generation", 4)
                    .comparing("/spec"),
                // What a Deployment is annotated with counts as part of what is wanted.
                merge(&web, json!({"metadata": {"annotations": {"at": "now"}}}))
                    .with("/metadata/generation", 5)
                    .comparing("/spec"),
                merge(&web, json!({"metadata": {"labels": {"at": "now"}}}))
                    .with("/metadata/generation", 5)
                    .comparing("/metadata/labels"),
            ],
        },
        Case {
            name: "apply creates and changes",
            steps: vec![
                apply(&format!("{one}?fieldManager=me"), config_map("a", &json!({"x": "1"}))).gives(201),
                apply(&format!("{one}?fieldManager=me"), config_map("a", &json!({"x": "2"}))).with("/data/x", "2"),
                apply(&one, config_map("a", &json!({}))).refused(422, "Invalid").saying("fieldManager"),
            ],
        },
    ];
    cases.extend(others());
    cases
}

/// What is no patch, and what is patched beside the object itself.
fn others() -> Vec<Case> {
    let one = at(CONFIG_MAPS, "a");
    let web = at(DEPLOYMENTS, "web");
    vec![
        Case {
            name: "other formats are not understood",
            steps: vec![
                post(CONFIG_MAPS, config_map("a", &json!({}))),
                crate::step::Step { content_type: "application/json", ..merge(&one, json!({})) }
                    .refused(415, "UnsupportedMediaType"),
            ],
        },
        Case {
            name: "a scale is changed by itself",
            steps: vec![
                post(DEPLOYMENTS, deployment("web")),
                merge(&format!("{web}/scale"), json!({"spec": {"replicas": 0}})).without("/spec/replicas"),
                merge(&format!("{web}/scale"), json!({"spec": {"replicas": -1}})).refused(422, "Invalid"),
                get(&web).with("/metadata/generation", 1).comparing("/spec"),
            ],
        },
    ]
}
