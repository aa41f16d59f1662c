//! DaemonSets: every node that lets them.

use serde_json::{Value, json};

use super::Bed;
use super::bed::text;
use crate::blueprint::{Blueprint, Machine, Workload, WorkloadKind};
use crate::kinds;

fn agent() -> Workload {
    Workload::new(WorkloadKind::DaemonSet, "shop", "agent")
}

fn nodes(bed: &Bed) -> Vec<String> {
    let mut nodes: Vec<String> = bed.pods().iter().map(|pod| text(&pod["spec"]["nodeName"])).collect();
    nodes.sort();
    nodes
}

fn status(bed: &Bed, field: &str) -> i64 {
    bed.get(kinds::DAEMON_SET, "shop", "agent")["status"][field].as_i64().unwrap_or(0)
}

fn taint(bed: &Bed, node: &str, taints: Value) {
    bed.change(kinds::NODE, "", node, |own| own["spec"]["taints"] = taints);
}

#[tokio::test(start_paused = true)]
async fn there_is_one_on_every_node_also_on_new_ones() {
    let bed = Bed::with(&[agent()]);
    bed.pass(20).await;
    assert_eq!(
        (nodes(&bed), status(&bed, "numberReady")),
        (["n-0", "n-1", "n-2"].map(Into::into).to_vec(), 3)
    );
    Blueprint::default().machine(Machine::new("n-9", "zone-a")).build(&bed.registry).unwrap();
    bed.pass(20).await;
    assert_eq!((nodes(&bed).len(), status(&bed, "desiredNumberScheduled")), (4, 4));
    bed.machinery.kubelets().remove_node("n-9");
    bed.pass(120).await;
    assert_eq!((nodes(&bed).len(), status(&bed, "desiredNumberScheduled")), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn taints_keep_it_off_unless_they_are_the_node_s_own_trouble() {
    let bed = Bed::with(&[agent()]);
    bed.pass(20).await;
    taint(&bed, "n-0", json!([{"key": "pool", "effect": "NoSchedule"}]));
    taint(&bed, "n-1", json!([{"key": "pool", "effect": "NoExecute"}]));
    bed.change(kinds::NODE, "", "n-2", |own| own["spec"]["unschedulable"] = true.into());
    bed.pass(60).await;
    assert_eq!(nodes(&bed), ["n-0", "n-2"], "what runs stays in spite of NoSchedule");
    let first = bed.pods().into_iter().find(|pod| pod["spec"]["nodeName"] == "n-0").unwrap();
    bed.delete(kinds::POD, "shop", &text(&first["metadata"]["name"]), &crate::registry::Deletion::default());
    bed.pass(60).await;
    assert_eq!(nodes(&bed), ["n-2"], "but nothing new comes");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_gone_silent_keeps_its_daemon() {
    let bed = Bed::with(&[agent()]);
    bed.pass(20).await;
    bed.machinery.kubelets().freeze("n-1");
    bed.pass(600).await;
    assert_eq!((nodes(&bed).len(), status(&bed, "numberReady")), (3, 2));
    assert!(bed.pods().iter().all(|pod| pod["metadata"]["deletionTimestamp"].is_null()));
}

#[tokio::test(start_paused = true)]
async fn an_update_replaces_one_at_a_time() {
    let bed = Bed::with(&[agent().behaviour("slow-start=10s")]);
    bed.pass(60).await;
    bed.change(kinds::DAEMON_SET, "shop", "agent", |own| {
        own["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.test/agent:2".into();
    });
    for _ in 0..100 {
        bed.pass(1).await;
        assert!(status(&bed, "numberReady") >= 2);
    }
    assert_eq!((status(&bed, "updatedNumberScheduled"), status(&bed, "numberReady")), (3, 3));
}
