//! Where pods come to be, and why some find no node.

use serde_json::{Value, json};

use super::super::{PODS, at};
use super::{SERVES, STEADY, becomes, pod};
use crate::step::{Case, Step, post};

/// Another node on which nothing befalls pods while this is played.
const OTHER: &str = "node-2";

pub(super) fn cases() -> Vec<Case> {
    vec![nowhere(), in_company()]
}

/// The scheduler says this of the pod.
fn unscheduled(name: &str, says: &'static str) -> Step {
    becomes(&at(PODS, name), "/status/conditions/0/reason", "Unschedulable")
        .with("/status/conditions/0/message", says)
        .comparing("/status/conditions")
}

fn nowhere() -> Case {
    let nowhere = pod("nowhere", "node-9", SERVES);
    let mut large = pod("large", STEADY, SERVES);
    large["spec"]["containers"][0]["resources"] = json!({"requests": {"cpu": "900"}});
    Case {
        name: "why a pod fits nowhere is said",
        steps: vec![
            post(PODS, nowhere),
            unscheduled(
                "nowhere",
                "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
            ),
            post(PODS, large),
            unscheduled(
                "large",
                "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't match Pod's node affinity/selector. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
            ),
        ],
    }
}

/// Pods that want to be near another one, apart from it, or spread with it, node by node.
fn in_company() -> Case {
    let with_first =
        json!({"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "first"}}});
    let affinity =
        |kind: &str| json!({kind: {"requiredDuringSchedulingIgnoredDuringExecution": [with_first]}});
    let (near, apart) = (affinity("podAffinity"), affinity("podAntiAffinity"));
    let on_either = json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [STEADY, OTHER]}]},
    ]}}});
    let mut spread = with_first.clone();
    (spread["maxSkew"], spread["whenUnsatisfiable"]) = (json!(1), json!("DoNotSchedule"));
    let bound = |name: &str, node: &str, affinity: &Value| {
        let mut pod = pod(name, node, SERVES);
        pod["spec"]["affinity"] = affinity.clone();
        pod
    };
    let free = |name: &str, affinity: &Value| {
        let mut pod = bound(name, STEADY, affinity);
        pod["spec"]["nodeSelector"] = json!({});
        pod
    };
    let mut evenly = free("evenly", &on_either);
    // One of those that are spread.
    evenly["metadata"]["labels"]["app"] = json!("first");
    evenly["spec"]["topologySpreadConstraints"] = json!([spread]);
    let comes_to =
        |name: &str, node: &str| becomes(&at(PODS, name), "/spec/nodeName", node).comparing("/spec/nodeName");
    Case {
        name: "pods are kept near others, apart from them, and spread",
        steps: vec![
            post(PODS, pod("first", STEADY, SERVES)),
            comes_to("first", STEADY),
            post(PODS, free("near", &near)),
            comes_to("near", STEADY),
            post(PODS, bound("far", OTHER, &near)),
            unscheduled(
                "far",
                "0/3 nodes are available: 1 node(s) didn't match pod affinity rules, 2 node(s) didn't match Pod's node affinity/selector. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
            ),
            post(PODS, bound("apart", STEADY, &apart)),
            unscheduled(
                "apart",
                "0/3 nodes are available: 1 node(s) didn't match pod anti-affinity rules, 2 node(s) didn't match Pod's node affinity/selector. preemption: 0/3 nodes are available: 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.",
            ),
            post(PODS, evenly),
            comes_to("evenly", OTHER),
        ],
    }
}
