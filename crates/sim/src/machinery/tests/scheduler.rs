//! Where pods go, and what is said of those that can go nowhere.

use serde_json::{Value, json};

use super::Bed;
use super::bed::text;
use crate::blueprint::{Blueprint, Workload};
use crate::controllers::condition;
use crate::kinds;

fn web(replicas: u32) -> Workload {
    Workload::deployment("shop", "web", replicas)
}

fn placed(bed: &Bed) -> Vec<String> {
    let pods = bed.pods();
    let mut nodes: Vec<String> = pods.iter().map(|pod| text(&pod["spec"]["nodeName"])).collect();
    nodes.retain(|node| !node.is_empty());
    nodes.sort();
    nodes
}

/// What is said of the first pod without a node.
fn complaint(bed: &Bed) -> String {
    let pods = bed.pods();
    let waiting = pods.iter().find(|pod| pod["spec"]["nodeName"].is_null()).expect("a pod without a node");
    let said = condition::find(&waiting["status"], "PodScheduled");
    assert_eq!((text(&said["status"]), text(&said["reason"])), ("False".into(), "Unschedulable".into()));
    text(&said["message"])
}

#[tokio::test(start_paused = true)]
async fn copies_are_spread_over_zones() {
    let bed = Bed::new(&Blueprint::new().nodes(9, 3).workload(&web(3)));
    bed.pass(10).await;
    let zones: std::collections::BTreeSet<String> = placed(&bed)
        .iter()
        .map(|node| text(&bed.node(node)["metadata"]["labels"]["topology.kubernetes.io/zone"]))
        .collect();
    assert_eq!(zones.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_asks_for_too_much_waits_until_there_is_room() {
    let large = json!({"requests": {"cpu": "5", "memory": "1Gi"}});
    let bed = Bed::with(&[web(4).container("resources", large)]);
    bed.pass(10).await;
    assert_eq!(placed(&bed), ["n-0", "n-1", "n-2"]);
    assert_eq!(
        complaint(&bed),
        "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: 3 No preemption victims \
         found for incoming pod."
    );
    Blueprint::default()
        .machine(crate::blueprint::Machine::new("n-9", "zone-a"))
        .build(&bed.registry)
        .unwrap();
    bed.pass(10).await;
    assert_eq!((placed(&bed).len(), bed.ready()), (4, 4));
}

#[tokio::test(start_paused = true)]
async fn cordons_taints_and_selectors_are_told_apart() {
    let bed = Bed::with(&[]);
    bed.change(kinds::NODE, "", "n-0", |own| own["spec"]["unschedulable"] = true.into());
    let taint = json!([{"key": "pool", "value": "gpu", "effect": "NoSchedule"}]);
    bed.change(kinds::NODE, "", "n-1", |own| own["spec"]["taints"] = taint);
    let plan = web(1).pod_spec("nodeSelector", json!({"disk": "ssd"}));
    Blueprint::default().workload(&plan).build(&bed.registry).unwrap();
    bed.pass(10).await;
    let said = complaint(&bed);
    for part in [
        "0/3 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, ",
        "1 node(s) had untolerated taint(s), ",
        "1 node(s) were unschedulable. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
    ] {
        assert!(said.contains(part), "{said}");
    }
    bed.change(kinds::NODE, "", "n-2", |own| own["metadata"]["labels"]["disk"] = "ssd".into());
    bed.pass(10).await;
    assert_eq!(placed(&bed), ["n-2"]);
}

fn required(rule: &str, app: &str) -> Value {
    let term =
        json!({"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": app}}});
    json!({rule: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}})
}

#[tokio::test(start_paused = true)]
async fn pods_that_must_be_apart_are() {
    let bed = Bed::with(&[web(4).pod_spec("affinity", required("podAntiAffinity", "web"))]);
    bed.pass(10).await;
    assert_eq!(placed(&bed), ["n-0", "n-1", "n-2"]);
    assert!(
        complaint(&bed).contains("3 node(s) didn't match pod anti-affinity rules"),
        "{}",
        complaint(&bed)
    );
}

#[tokio::test(start_paused = true)]
async fn pods_that_must_be_near_are() {
    let near = Workload::deployment("shop", "cache", 2).pod_spec("affinity", required("podAffinity", "web"));
    let bed = Bed::with(&[web(1), near]);
    bed.pass(20).await;
    let nodes: std::collections::BTreeSet<String> = placed(&bed).into_iter().collect();
    assert_eq!((placed(&bed).len(), nodes.len()), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn a_spread_that_must_hold_does() {
    let spread = json!([{
        "maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "web"}},
    }]);
    let bed = Bed::with(&[web(6).pod_spec("topologySpreadConstraints", spread)]);
    bed.change(kinds::NODE, "", "n-2", |own| own["spec"]["unschedulable"] = true.into());
    bed.pass(10).await;
    // The cordoned zone counts as one that has none: the others may have one more each.
    assert_eq!(placed(&bed), ["n-0", "n-1"]);
    assert!(
        complaint(&bed).contains("2 node(s) didn't match pod topology spread constraints"),
        "{}",
        complaint(&bed)
    );
}

#[tokio::test(start_paused = true)]
async fn a_scheduler_that_is_down_places_nothing() {
    let bed = Bed::with(&[]);
    bed.machinery.set_part(crate::machinery::Part::Scheduler, false);
    Blueprint::default().workload(&web(2)).build(&bed.registry).unwrap();
    bed.pass(60).await;
    assert!(bed.pods().len() == 2 && placed(&bed).is_empty());
    bed.machinery.set_part(crate::machinery::Part::Scheduler, true);
    bed.pass(10).await;
    assert_eq!(bed.ready(), 2);
}
