//! What is refused as invalid.

use serde_json::json;

use super::{DEPLOYMENTS, PODS, at, deployment, pod};
use crate::step::{Case, merge, post};

pub(super) fn cases() -> Vec<Case> {
    let mut elsewhere = deployment("web");
    elsewhere["spec"]["template"]["metadata"]["labels"] = json!({"app": "other"});
    let mut empty = pod("a");
    empty["spec"]["containers"] = json!([]);
    let mut label = pod("a");
    label["metadata"]["labels"] = json!({"app": "not a label"});
    vec![
        Case {
            name: "what is missing or wrong is named",
            steps: vec![
                post(PODS, empty).refused(422, "Invalid").with("/details/causes/0/field", "spec.containers"),
                post(PODS, label).refused(422, "Invalid").with("/details/causes/0/field", "metadata.labels"),
                post(DEPLOYMENTS, elsewhere).refused(422, "Invalid").saying("does not match template"),
            ],
        },
        Case {
            name: "a pod's spec and a workload's selector are for good",
            steps: vec![
                post(PODS, pod("a")).with("/status/phase", "Pending").with("/status/qosClass", "BestEffort"),
                merge(&at(PODS, "a"), json!({"spec": {"restartPolicy": "Never"}}))
                    .refused(422, "Invalid")
                    .saying("pod updates may not change fields other than"),
                strategic_image(),
                post(DEPLOYMENTS, deployment("web")),
                merge(&at(DEPLOYMENTS, "web"), json!({"spec": {"replicas": -1}})).refused(422, "Invalid"),
                merge(
                    &at(DEPLOYMENTS, "web"),
                    json!({"spec": {"selector": {"matchLabels": {"app": "x"}},
                        "template": {"metadata": {"labels": {"app": "x"}}}}}),
                )
                .refused(422, "Invalid")
                .saying("field is immutable"),
            ],
        },
    ]
}

fn strategic_image() -> crate::step::Step {
    let image = json!({"spec": {"containers": [{"name": "main", "image": "registry.invalid/main:2"}]}});
    crate::step::strategic(&at(PODS, "a"), image).with("/spec/containers/0/image", "registry.invalid/main:2")
}
