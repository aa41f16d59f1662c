//! Deployments: rollouts, scales, deadlines.

use serde_json::{Value, json};

use super::super::{DEPLOYMENTS, NO_SUCH_IMAGE, PODS, at};
use super::{becomes, serving};
use crate::step::{Case, get, merge, post, strategic};

const REPLICA_SETS: &str = "/apis/apps/v1/namespaces/{ns}/replicasets";

pub(super) fn cases() -> Vec<Case> {
    let web = at(DEPLOYMENTS, "web");
    let of_web = format!("{PODS}?labelSelector=app%3Dweb");
    let mut hasty = serving("web", 1);
    hasty["spec"]["progressDeadlineSeconds"] = json!(2);
    vec![
        Case {
            name: "a rollout replaces what was there",
            steps: vec![
                post(DEPLOYMENTS, serving("web", 2)),
                becomes(&web, "/status/readyReplicas", 2)
                    .with("/status/conditions/0/reason", "MinimumReplicasAvailable")
                    .with("/status/conditions/1/reason", "NewReplicaSetAvailable"),
                get(REPLICA_SETS).with("/items/0/status/readyReplicas", 2),
                strategic(&web, annotated("second")),
                becomes(&web, "/status/observedGeneration", 2)
                    .with("/status/updatedReplicas", 2)
                    .with("/status/replicas", 2)
                    .with("/status/readyReplicas", 2)
                    .with("/status/conditions/1/reason", "NewReplicaSetAvailable")
                    .with("/status/terminatingReplicas", 0),
                get(&format!("{REPLICA_SETS}?labelSelector=app%3Dweb"))
                    .without("/items/2")
                    .comparing_nothing_else(),
            ],
        },
        Case {
            name: "a scale is followed, up and down",
            steps: vec![
                post(DEPLOYMENTS, serving("web", 1)),
                becomes(&web, "/status/readyReplicas", 1),
                merge(&at(DEPLOYMENTS, "web/scale"), json!({"spec": {"replicas": 3}})),
                becomes(&web, "/status/readyReplicas", 3),
                merge(&at(DEPLOYMENTS, "web/scale"), json!({"spec": {"replicas": 1}})),
                becomes(&web, "/status/replicas", 1)
                    .with("/status/readyReplicas", 1)
                    .with("/status/terminatingReplicas", 0),
                get(&at(DEPLOYMENTS, "web/scale"))
                    .with("/status/replicas", 1)
                    .with("/status/selector", "app=web"),
            ],
        },
        Case {
            name: "a pod that is relabelled is let go, and another takes its place",
            steps: vec![
                post(DEPLOYMENTS, serving("web", 1)),
                becomes(&web, "/status/readyReplicas", 1),
                get(&of_web).keep("pod", "/items/0/metadata/name").comparing_nothing_else(),
                merge(&at(PODS, "{pod}"), json!({"metadata": {"labels": {"app": "looked-into"}}}))
                    .comparing_nothing_else(),
                get(&at(PODS, "{pod}"))
                    .without("/metadata/ownerReferences/0")
                    .in_the_end()
                    .comparing("/spec"),
                becomes(&of_web, "/items/0/status/containerStatuses/0/ready", true)
                    .without("/items/1")
                    .comparing("/items/0/metadata/ownerReferences"),
            ],
        },
        Case {
            name: "a rollout that makes no progress says so, and what is there stays",
            steps: vec![
                post(DEPLOYMENTS, hasty),
                becomes(&web, "/status/readyReplicas", 1),
                strategic(&web, imaged(NO_SUCH_IMAGE)),
                becomes(&web, "/status/conditions/1/reason", "ProgressDeadlineExceeded"),
                becomes(
                    &format!("{PODS}?fieldSelector=status.phase%3DPending"),
                    "/items/0/status/containerStatuses/0/state/waiting/reason",
                    "ImagePullBackOff",
                )
                .comparing("/items/0/status/conditions"),
                strategic(&web, imaged(super::TOOLS)),
                becomes(&web, "/status/conditions/1/reason", "NewReplicaSetAvailable")
                    .with("/status/replicas", 1)
                    .with("/status/terminatingReplicas", 0),
            ],
        },
        Case {
            name: "a paused rollout waits",
            steps: vec![
                post(DEPLOYMENTS, serving("web", 1)),
                becomes(&web, "/status/readyReplicas", 1),
                merge(&web, json!({"spec": {"paused": true}})).comparing("/spec"),
                strategic(&web, annotated("second")).comparing("/spec"),
                becomes(&web, "/status/observedGeneration", 3)
                    .with("/status/conditions/1/reason", "DeploymentPaused"),
                merge(&web, json!({"spec": {"paused": false}})).comparing("/spec"),
                becomes(&web, "/status/observedGeneration", 4)
                    .with("/status/conditions/1/reason", "NewReplicaSetAvailable")
                    .with("/status/updatedReplicas", 1)
                    .with("/status/replicas", 1)
                    .with("/status/terminatingReplicas", 0),
            ],
        },
    ]
}

fn annotated(value: &str) -> Value {
    json!({"spec": {"template": {"metadata": {"annotations": {"version": value}}}}})
}

fn imaged(image: &str) -> Value {
    json!({"spec": {"template": {"spec": {"containers": [{"name": "main", "image": image}]}}}})
}
