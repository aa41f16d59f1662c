//! Nodes that go silent, and what becomes of their pods.

use serde_json::Value;

use super::Bed;
use super::bed::{is_ready, name, text};
use crate::blueprint::{Blueprint, Workload};
use crate::controllers::condition;
use crate::kinds;

fn web(replicas: u32) -> Workload {
    Workload::deployment("shop", "web", replicas)
}

fn ready(bed: &Bed, node: &str) -> (String, String) {
    let found = condition::find(&bed.node(node)["status"], "Ready").clone();
    (text(&found["status"]), text(&found["reason"]))
}

fn taints(bed: &Bed, node: &str) -> Vec<String> {
    let node = bed.node(node);
    let all = node["spec"]["taints"].as_array().cloned().unwrap_or_default();
    let shown = |taint: &Value| {
        let key = text(&taint["key"]);
        format!("{}:{}", key.rsplit('/').next().unwrap_or_default(), text(&taint["effect"]))
    };
    all.iter().map(shown).collect()
}

fn going(bed: &Bed) -> Vec<Value> {
    let pods = bed.pods();
    pods.into_iter().filter(|pod| pod["metadata"]["deletionTimestamp"].is_string()).collect()
}

fn executed(bed: &Bed, names: &[String]) -> usize {
    names.iter().filter(|node| taints(bed, node).iter().any(|taint| taint.ends_with("NoExecute"))).count()
}

#[tokio::test(start_paused = true)]
async fn a_silent_node_becomes_unknown_and_its_pods_leave_after_five_minutes() {
    let bed = Bed::new(&Blueprint::new().nodes(5, 1).workload(&web(5)));
    bed.pass(30).await;
    bed.machinery.kubelets().freeze("n-1");
    bed.pass(38).await;
    assert_eq!(ready(&bed, "n-1"), ("True".into(), "KubeletReady".into()));
    bed.pass(30).await;
    assert_eq!(ready(&bed, "n-1"), ("Unknown".into(), "NodeStatusUnknown".into()));
    assert_eq!(taints(&bed, "n-1"), ["unreachable:NoSchedule", "unreachable:NoExecute"]);
    let there: Vec<Value> = bed.pods().into_iter().filter(|pod| pod["spec"]["nodeName"] == "n-1").collect();
    assert!(there.len() == 1 && !is_ready(&there[0]), "it is taken out of service at once");
    bed.pass(280).await;
    assert!(going(&bed).is_empty());
    bed.pass(30).await;
    let left = going(&bed);
    assert_eq!((left.len(), name(&left[0])), (1, name(&there[0])));
    assert_eq!(condition::find(&left[0]["status"], "DisruptionTarget")["reason"], "DeletionByTaintManager");
    assert_eq!(bed.ready(), 5, "its replacement runs elsewhere");
    bed.pass(600).await;
    assert_eq!(going(&bed).len(), 1, "nobody but its kubelet can end it");
    bed.machinery.kubelets().thaw("n-1");
    bed.pass(30).await;
    assert!(going(&bed).is_empty() && taints(&bed, "n-1").is_empty());
    assert_eq!(ready(&bed, "n-1"), ("True".into(), "KubeletReady".into()));
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_back_in_time_keeps_its_pods() {
    let bed = Bed::new(&Blueprint::new().nodes(5, 1).workload(&web(5)));
    bed.pass(30).await;
    let before: Vec<String> = bed.pods().iter().map(name).collect();
    bed.machinery.kubelets().cut_off("n-1");
    bed.pass(200).await;
    assert_eq!(bed.ready(), 4);
    bed.machinery.kubelets().reconnect("n-1");
    bed.pass(400).await;
    let after: Vec<String> = bed.pods().iter().map(name).collect();
    assert_eq!((before, bed.ready()), (after, 5));
}

#[tokio::test(start_paused = true)]
async fn nodes_of_a_zone_get_their_turn_every_ten_seconds() {
    let plan = Blueprint::new().nodes(12, 1);
    let bed = Bed::new(&plan);
    bed.pass(30).await;
    for node in ["n-1", "n-2", "n-3", "n-4"] {
        bed.machinery.kubelets().freeze(node);
    }
    bed.pass(58).await;
    let names = plan.node_names();
    let first = executed(&bed, &names);
    assert!((1..=2).contains(&first), "{first}");
    bed.pass(60).await;
    assert_eq!(executed(&bed, &names), 4);
}

#[tokio::test(start_paused = true)]
async fn most_of_a_small_zone_failing_stops_evictions() {
    let plan = Blueprint::new().nodes(10, 1);
    let bed = Bed::new(&plan);
    bed.pass(30).await;
    for node in ["n-1", "n-2", "n-3", "n-4", "n-5", "n-6"] {
        bed.machinery.kubelets().freeze(node);
    }
    bed.pass(600).await;
    assert_eq!(ready(&bed, "n-6").0, "Unknown");
    // The first few were noticed before the rest.
    let before = executed(&bed, &plan.node_names());
    assert!(before <= 2, "{before}");
}

#[tokio::test(start_paused = true)]
async fn when_nobody_is_heard_nobody_is_blamed() {
    let plan = Blueprint::new().nodes(6, 3).workload(&web(6));
    let bed = Bed::new(&plan);
    bed.pass(30).await;
    for node in plan.node_names() {
        bed.machinery.kubelets().cut_off(&node);
    }
    bed.pass(900).await;
    assert_eq!(executed(&bed, &plan.node_names()), 0);
    assert!(going(&bed).is_empty() && bed.ready() == 0);
    for node in plan.node_names() {
        bed.machinery.kubelets().reconnect(&node);
    }
    bed.pass(60).await;
    assert_eq!((bed.ready(), bed.pods().len()), (6, 6));
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_gone_loses_its_pods_after_a_while() {
    let bed = Bed::new(&Blueprint::new().nodes(4, 1).workload(&web(4)));
    bed.pass(30).await;
    bed.machinery.kubelets().remove_node("n-2");
    bed.pass(30).await;
    assert!(bed.pods().iter().any(|pod| pod["spec"]["nodeName"] == "n-2"), "in quarantine");
    bed.pass(60).await;
    assert!(bed.pods().iter().all(|pod| pod["spec"]["nodeName"] != "n-2"));
    assert_eq!(bed.ready(), 4);
    assert!(!bed.is_there(kinds::LEASE, "kube-node-lease", "n-2"), "its lease went with it");
}

#[tokio::test(start_paused = true)]
async fn what_is_out_of_service_need_not_wait_for_its_kubelet() {
    let bed = Bed::new(&Blueprint::new().nodes(5, 1).workload(&web(5)));
    bed.pass(30).await;
    bed.machinery.kubelets().power_off("n-1");
    bed.pass(420).await;
    assert_eq!(going(&bed).len(), 1);
    let taint = serde_json::json!({"key": "node.kubernetes.io/out-of-service", "value": "nodeshutdown", "effect": "NoExecute"});
    bed.change(kinds::NODE, "", "n-1", |own| {
        own["spec"]["taints"].as_array_mut().unwrap().push(taint);
    });
    bed.pass(30).await;
    assert!(going(&bed).is_empty());
}
