//! A node falls silent, and is heard again.

use serde_json::json;

use super::super::{DEPLOYMENTS, PODS, at};
use super::{SERVES, becomes, template, workload};
use crate::step::{Case, begin, end, get, post};

const NODE: &str = "node-3";
const PATH: &str = "/api/v1/nodes/node-3";

pub(super) fn cases() -> Vec<Case> {
    let mut template = template("web", NODE, SERVES);
    template["spec"]["tolerations"] = ["not-ready", "unreachable"]
        .map(|trouble| {
            json!({
                "key": format!("node.kubernetes.io/{trouble}"), "operator": "Exists", "effect": "NoExecute",
                "tolerationSeconds": 10,
            })
        })
        .to_vec()
        .into();
    let web = workload("Deployment", "web", 1, &template);
    vec![Case {
        name: "a node that is silent is tainted, and its pods leave",
        steps: vec![
            post(DEPLOYMENTS, web).comparing_nothing_else(),
            becomes(&at(DEPLOYMENTS, "web"), "/status/readyReplicas", 1).comparing("/status"),
            get(PODS).keep("pod", "/items/0/metadata/name").comparing_nothing_else(),
            begin("freeze-kubelet", NODE),
            becomes(PATH, "/spec/taints/1/key", "node.kubernetes.io/unreachable")
                .with("/spec/taints/1/effect", "NoExecute")
                .comparing("/spec/taints"),
            get(PATH).comparing("/status/conditions"),
            becomes(&at(PODS, "{pod}"), "/status/conditions/2/status", "False").comparing_nothing_else(),
            becomes(&at(DEPLOYMENTS, "web"), "/status/unavailableReplicas", 1)
                .comparing("/status/conditions"),
            // Nobody is there to end it: it stays, on its way out.
            becomes(&at(PODS, "{pod}"), "/metadata/deletionGracePeriodSeconds", 2)
                .comparing("/status/conditions"),
            end("freeze-kubelet", NODE),
            get(PATH).without("/spec/taints").in_the_end().comparing("/status/conditions"),
            get(&at(PODS, "{pod}")).refused(404, "NotFound").in_the_end(),
            becomes(&at(DEPLOYMENTS, "web"), "/status/readyReplicas", 1)
                .with("/status/replicas", 1)
                .with("/status/terminatingReplicas", 0)
                .comparing("/status"),
        ],
    }]
}
