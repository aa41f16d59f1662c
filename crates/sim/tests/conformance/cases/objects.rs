//! Creating, reading and replacing.

use serde_json::json;

use super::{CONFIG_MAPS, DEPLOYMENTS, at, config_map, deployment};
use crate::step::{Case, get, post, put};

const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases";

pub(super) fn cases() -> Vec<Case> {
    let one = at(CONFIG_MAPS, "a");
    let lease = |meta: serde_json::Value| {
        json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta,
            "spec": {"holderIdentity": "me", "leaseDurationSeconds": 15}})
    };
    vec![
        Case {
            name: "an object comes to be once",
            steps: vec![
                get(&one)
                    .refused(404, "NotFound")
                    .saying("configmaps \"a\" not found")
                    .with("/details/name", "a")
                    .with("/details/kind", "configmaps"),
                post(CONFIG_MAPS, config_map("a", &json!({"x": "1"})))
                    .with("/metadata/name", "a")
                    .with("/metadata/namespace", "{ns}")
                    .keep("uid", "/metadata/uid"),
                post(CONFIG_MAPS, config_map("a", &json!({})))
                    .refused(409, "AlreadyExists")
                    .saying("configmaps \"a\" already exists"),
                get(&one).with("/data/x", "1").with("/metadata/uid", "{uid}"),
            ],
        },
        Case {
            name: "a replacement is for the version it names",
            steps: vec![
                post(CONFIG_MAPS, config_map("a", &json!({"x": "1"})))
                    .keep("first", "/metadata/resourceVersion"),
                put(
                    &one,
                    json!({"metadata": {"name": "a", "resourceVersion": "{first}"}, "data": {"x": "2"}}),
                )
                .with("/data/x", "2"),
                put(
                    &one,
                    json!({"metadata": {"name": "a", "resourceVersion": "{first}"}, "data": {"x": "3"}}),
                )
                .refused(409, "Conflict")
                .saying("the object has been modified"),
                put(&one, json!({"metadata": {"name": "a", "uid": "another"}, "data": {}}))
                    .refused(409, "Conflict")
                    .saying("Precondition failed: UID in precondition: another"),
                put(&one, json!({"metadata": {"name": "a"}, "data": {"x": "4"}})).with("/data/x", "4"),
                put(&one, json!({"metadata": {"name": "b"}})).refused(400, "BadRequest"),
                put(&at(CONFIG_MAPS, "b"), config_map("b", &json!({}))).refused(404, "NotFound"),
            ],
        },
        Case {
            name: "leases are conditional and come to be by an update",
            steps: vec![
                put(&at(LEASES, "l"), lease(json!({"name": "l"}))).gives(201),
                put(&at(LEASES, "l"), lease(json!({"name": "l"})))
                    .refused(422, "Invalid")
                    .saying("metadata.resourceVersion"),
                put(&at(LEASES, "m"), lease(json!({"name": "m", "uid": "gone"}))).refused(409, "Conflict"),
            ],
        },
        Case {
            name: "a spec has generations and a status stands apart",
            steps: vec![
                post(DEPLOYMENTS, deployment("web"))
                    .with("/metadata/generation", 1)
                    .with("/spec/strategy/rollingUpdate/maxSurge", "25%")
                    .with("/spec/progressDeadlineSeconds", 600)
                    .with("/spec/template/spec/restartPolicy", "Always"),
                // None is not said.
                get(&at(DEPLOYMENTS, "web/scale")).without("/spec/replicas").with("/kind", "Scale"),
            ],
        },
        Case {
            name: "names are made and held to rules",
            steps: vec![
                post(CONFIG_MAPS, json!({"metadata": {"generateName": "made-"}}))
                    .keep("made", "/metadata/name"),
                get(&at(CONFIG_MAPS, "{made}")).with("/metadata/generateName", "made-"),
                post(CONFIG_MAPS, config_map("Not A Name", &json!({})))
                    .refused(422, "Invalid")
                    .with("/details/causes/0/field", "metadata.name"),
                post(CONFIG_MAPS, json!({"metadata": {}}))
                    .refused(422, "Invalid")
                    .saying("name or generateName"),
                post("/api/v1/namespaces/nowhere-at-all/configmaps", config_map("a", &json!({})))
                    .refused(404, "NotFound")
                    .saying("namespaces \"nowhere-at-all\" not found"),
            ],
        },
        Case {
            name: "a dry run leaves nothing",
            steps: vec![
                post(&format!("{CONFIG_MAPS}?dryRun=All"), config_map("a", &json!({})))
                    .with("/metadata/name", "a"),
                get(&one).refused(404, "NotFound"),
            ],
        },
    ]
}
