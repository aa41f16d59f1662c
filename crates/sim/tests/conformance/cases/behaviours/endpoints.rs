//! What stands behind a Service.

use serde_json::json;

use super::super::{DEPLOYMENTS, at};
use super::{becomes, serving};
use crate::step::{Case, get, merge, post};

const SERVICES: &str = "/api/v1/namespaces/{ns}/services";
const SLICES: &str =
    "/apis/discovery.k8s.io/v1/namespaces/{ns}/endpointslices?labelSelector=kubernetes.io/service-name%3Dweb";

pub(super) fn cases() -> Vec<Case> {
    let mut web = serving("web", 1);
    web["spec"]["template"]["spec"]["containers"][0]["readinessProbe"] =
        json!({"exec": {"command": ["true"]}, "periodSeconds": 1});
    vec![Case {
        name: "ready pods are endpoints, and none are left when there are none",
        steps: vec![
            post(
                SERVICES,
                json!({
                    "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
                    "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]},
                }),
            ),
            post(DEPLOYMENTS, web).comparing_nothing_else(),
            becomes(SLICES, "/items/0/endpoints/0/conditions/ready", true),
            merge(&at(DEPLOYMENTS, "web/scale"), json!({"spec": {"replicas": 0}})).comparing_nothing_else(),
            get(SLICES).without("/items/0/endpoints/0").in_the_end(),
        ],
    }]
}
