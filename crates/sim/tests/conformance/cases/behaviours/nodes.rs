//! A node falls silent, and is heard again.

use serde_json::json;

use super::super::{DEPLOYMENTS, PODS, at};
use super::sets::{DAEMON_SETS, STATEFUL_SETS};
use super::{SERVES, becomes, template, workload};
use crate::step::{Case, begin, end, get, merge, post};

const NODE: &str = "node-3";
const PATH: &str = "/api/v1/nodes/node-3";

pub(super) fn cases() -> Vec<Case> {
    let agents = template("agent", NODE, SERVES);
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
    template["metadata"]["labels"] = json!({"app": "store"});
    let mut store = workload("StatefulSet", "store", 1, &template);
    store["spec"]["serviceName"] = json!("store");
    let mut agent = workload("DaemonSet", "agent", 1, &agents);
    agent["spec"].as_object_mut().expect("a spec").remove("replicas");
    let (store_path, agent_path) = (at(STATEFUL_SETS, "store"), at(DAEMON_SETS, "agent"));
    vec![Case {
        name: "a node that is silent is tainted, and its pods leave",
        steps: vec![
            post(DEPLOYMENTS, web).comparing_nothing_else(),
            becomes(&at(DEPLOYMENTS, "web"), "/status/readyReplicas", 1).comparing("/status"),
            get(PODS).keep("pod", "/items/0/metadata/name").comparing_nothing_else(),
            post(STATEFUL_SETS, store).comparing_nothing_else(),
            post(DAEMON_SETS, agent).comparing_nothing_else(),
            becomes(&store_path, "/status/readyReplicas", 1).comparing("/status"),
            becomes(&agent_path, "/status/numberReady", 1).comparing("/status"),
            begin("freeze-kubelet", NODE),
            // One for NoSchedule and one for NoExecute; two writers race for which is the first.
            becomes(PATH, "/spec/taints/0/key", "node.kubernetes.io/unreachable")
                .with("/spec/taints/1/key", "node.kubernetes.io/unreachable")
                .without("/spec/taints/2")
                .comparing("/spec/taints"),
            get(PATH).comparing("/status/conditions"),
            becomes(&at(PODS, "{pod}"), "/status/conditions/2/status", "False").comparing_nothing_else(),
            becomes(&at(DEPLOYMENTS, "web"), "/status/unavailableReplicas", 1)
                .comparing("/status/conditions"),
            // Nobody is there to end it: it stays, on its way out.
            becomes(&at(PODS, "{pod}"), "/metadata/deletionGracePeriodSeconds", 2)
                .comparing("/status/conditions"),
            becomes(&at(PODS, "store-0"), "/metadata/deletionGracePeriodSeconds", 2)
                .comparing("/status/conditions"),
            // It counts until it is gone, and is of no template any more.
            becomes(&store_path, "/status/replicas", 1)
                .without("/status/updatedReplicas")
                .without("/status/readyReplicas")
                .comparing("/status"),
            // It may stay, and should not be there. A taint alone does not make the controller look, so
            // that it would count as the one or the other by what came first: the taint or its pod's end.
            merge(&agent_path, json!({"metadata": {"annotations": {"looked-at": "again"}}}))
                .comparing_nothing_else(),
            becomes(&agent_path, "/status/numberMisscheduled", 1)
                .with("/status/desiredNumberScheduled", 0)
                .comparing("/status"),
            end("freeze-kubelet", NODE),
            get(PATH).without("/spec/taints").in_the_end().comparing("/status/conditions"),
            get(&at(PODS, "{pod}")).refused(404, "NotFound").in_the_end(),
            becomes(&at(DEPLOYMENTS, "web"), "/status/readyReplicas", 1)
                .with("/status/replicas", 1)
                .with("/status/terminatingReplicas", 0)
                .comparing("/status"),
            becomes(&store_path, "/status/readyReplicas", 1)
                .with("/status/updatedReplicas", 1)
                .comparing("/status"),
            becomes(&agent_path, "/status/numberReady", 1).comparing("/status"),
        ],
    }]
}
