//! What kubelets answer when they are asked: logs, usage; and what is told in Events.

use crate::api::{Logs, Usage};
use crate::blueprint::Workload;
use crate::kinds;
use crate::storage::Address;

use super::Bed;
use super::bed::{name, uid};

#[tokio::test(start_paused = true)]
async fn a_container_that_crashed_has_said_why() {
    let bed = Bed::with(&[Workload::deployment("shop", "web", 1).behaviour("crashes-after=5s:exit=3")]);
    bed.pass(12).await;
    let address = Address::new(kinds::POD, "shop", &name(&bed.pods()[0]));
    let previous = bed.machinery.read(&address, "main", true).unwrap();
    assert!(previous.contains("INFO starting registry.test/web:1"), "{previous}");
    assert!(previous.ends_with("FATAL cannot go on, exiting with 3\n"), "{previous}");
    let node = bed.pods()[0]["spec"]["nodeName"].as_str().unwrap().to_owned();
    bed.machinery.kubelets().freeze(&node);
    assert_eq!(bed.machinery.read(&address, "main", true), None, "nobody can be asked");
}

#[tokio::test(start_paused = true)]
async fn memory_grows_until_the_kernel_ends_it() {
    let bed = Bed::with(&[Workload::deployment("shop", "web", 1).behaviour("oom-after=100s")]);
    let memory = || {
        let containers = bed.machinery.of_pod(&uid(&bed.pods()[0])).unwrap();
        containers[0].1.memory_bytes >> 20
    };
    bed.pass(10).await;
    let early = memory();
    bed.pass(80).await;
    assert!(early < 128 && memory() > 200, "{early} MiB, {} MiB", memory());
    let node = bed.pods()[0]["spec"]["nodeName"].as_str().unwrap().to_owned();
    assert!(bed.machinery.of_node(&node).unwrap().memory_bytes >> 20 > 700);
    bed.machinery.kubelets().power_off(&node);
    assert_eq!(bed.machinery.of_node(&node), None);
}

#[tokio::test(start_paused = true)]
async fn trouble_is_told_and_counted() {
    let bed = Bed::with(&[
        Workload::deployment("shop", "web", 2).behaviour("crashes-after=1s"),
        Workload::deployment("shop", "huge", 1)
            .container("resources", serde_json::json!({"requests": {"cpu": "100"}})),
    ]);
    bed.pass(600).await;
    let events = bed.all(kinds::EVENT, "shop");
    let count = |reason: &str| events.iter().filter(|event| event["reason"] == reason).count();
    for (reason, expected) in [("BackOff", 2), ("FailedScheduling", 1), ("ScalingReplicaSet", 2)] {
        assert_eq!(count(reason), expected, "{reason}");
    }
    let back_off = events.iter().find(|event| event["reason"] == "BackOff").unwrap();
    assert!(back_off["count"].as_u64().unwrap() >= 4 && back_off["type"] == "Warning", "{back_off}");
    bed.machinery.kubelets().freeze("n-0");
    bed.pass(70).await;
    assert!(bed.all(kinds::EVENT, "default").iter().any(|event| event["reason"] == "NodeNotReady"));
}
