//! Containers and machines.

use serde_json::{Value, json};

use super::Bed;
use super::bed::{is_ready, name, state, text, uid};
use crate::blueprint::Workload;
use crate::controllers::condition;
use crate::kinds;
use crate::kubelet::{Pressure, Workload as Lineage};
use crate::registry::{Deletion, Part};
use crate::storage::Address;

fn one(behaviour: &str) -> Workload {
    Workload::deployment("shop", "web", 1).behaviour(behaviour)
}

fn pod(bed: &Bed) -> Value {
    let mut pods = bed.pods();
    assert_eq!(pods.len(), 1, "{pods:#?}");
    pods.remove(0)
}

fn ready(bed: &Bed, node: &str) -> String {
    text(&condition::find(&bed.node(node)["status"], "Ready")["status"])
}

#[tokio::test(start_paused = true)]
async fn a_pod_is_pulled_started_and_ready() {
    let bed = Bed::with(&[one("slow-start=10s")]);
    bed.pass(1).await;
    assert_eq!(state(&pod(&bed)), ("waiting".into(), "ContainerCreating".into()));
    assert_eq!(pod(&bed)["status"]["phase"], "Pending");
    bed.pass(5).await;
    assert_eq!((state(&pod(&bed)).0, is_ready(&pod(&bed))), ("running".into(), false));
    assert_eq!(
        condition::find(&pod(&bed)["status"], "Ready")["message"],
        "containers with unready status: [main]"
    );
    bed.pass(10).await;
    let pod = pod(&bed);
    assert!(is_ready(&pod) && pod["status"]["podIP"].is_string() && pod["status"]["startTime"].is_string());
    assert_eq!(pod["status"]["phase"], "Running");
}

#[tokio::test(start_paused = true)]
async fn a_crash_loop_shows_its_waits_and_its_last_end() {
    let bed = Bed::with(&[one("crashes-after=2s:exit=3")]);
    bed.pass(30).await;
    let seen = pod(&bed);
    assert_eq!(state(&seen), ("waiting".into(), "CrashLoopBackOff".into()));
    let status = &seen["status"]["containerStatuses"][0];
    assert_eq!(status["lastState"]["terminated"]["exitCode"], 3);
    assert!(
        text(&status["state"]["waiting"]["message"])
            .starts_with("back-off 20s restarting failed container=main")
    );
    bed.pass(1800).await;
    let message = text(&pod(&bed)["status"]["containerStatuses"][0]["state"]["waiting"]["message"]);
    assert!(message.starts_with("back-off 5m0s"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_container_killed_for_memory_says_so() {
    let bed = Bed::with(&[one("oom-after=3s")]);
    bed.pass(20).await;
    let last = &pod(&bed)["status"]["containerStatuses"][0]["lastState"]["terminated"];
    assert_eq!((text(&last["reason"]), last["exitCode"].as_i64()), ("OOMKilled".into(), Some(137)));
}

#[tokio::test(start_paused = true)]
async fn an_image_that_is_missing_is_asked_for_again_and_again() {
    let bed = Bed::with(&[one("").image("registry.test/no-such-image:1")]);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..200 {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        seen.extend(bed.pods().iter().filter(|pod| pod["status"]["containerStatuses"].is_array()).map(state));
    }
    let reasons: Vec<String> = seen.into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(reasons, ["ContainerCreating", "ErrImagePull", "ImagePullBackOff"]);
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_is_back_lets_pods_start() {
    let bed = Bed::with(&[one("")]);
    bed.machinery.kubelets().registry_down("registry.test");
    bed.pass(60).await;
    assert_eq!(state(&pod(&bed)).1, "ImagePullBackOff");
    bed.machinery.kubelets().registry_up("registry.test");
    bed.pass(120).await;
    assert_eq!(bed.ready(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_deadlock_is_seen_by_the_probe_alone() {
    let bed = Bed::with(&[one("")]);
    bed.pass(20).await;
    bed.machinery
        .kubelets()
        .disturb(&Lineage::new("shop", "Deployment", "web"), "deadlocks-after=0s".parse().unwrap());
    bed.pass(10).await;
    let seen = pod(&bed);
    assert_eq!((state(&seen).0, is_ready(&seen)), ("running".into(), false));
    assert_eq!(seen["status"]["containerStatuses"][0]["restartCount"], 0);
    bed.machinery.kubelets().calm(&Lineage::new("shop", "Deployment", "web"));
    bed.pass(10).await;
    assert!(is_ready(&pod(&bed)));
}

#[tokio::test(start_paused = true)]
async fn a_liveness_probe_restarts_what_hangs() {
    let probe = json!({"periodSeconds": 10, "failureThreshold": 3});
    let bed = Bed::with(&[one("deadlocks-after=60s").container("livenessProbe", probe)]);
    bed.pass(150).await;
    let seen = pod(&bed);
    let status = &seen["status"]["containerStatuses"][0];
    assert_eq!((status["restartCount"].as_i64(), is_ready(&seen)), (Some(1), true));
    assert_eq!(status["lastState"]["terminated"]["exitCode"], 137);
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_does_not_listen_is_killed_after_its_grace() {
    let deaf = one("ignores-sigterm").pod_spec("terminationGracePeriodSeconds", json!(20));
    let bed = Bed::with(&[deaf, Workload::deployment("shop", "polite", 1)]);
    bed.pass(20).await;
    for pod in bed.pods() {
        bed.delete(kinds::POD, "shop", &name(&pod), &Deletion::default());
    }
    let going = |bed: &Bed| {
        let pods = bed.pods();
        pods.iter().filter(|pod| pod["metadata"]["deletionTimestamp"].is_string()).count()
    };
    bed.pass(5).await;
    assert_eq!(going(&bed), 1);
    bed.pass(20).await;
    assert_eq!((going(&bed), bed.pods().len()), (0, 2));
}

#[tokio::test(start_paused = true)]
async fn pressure_shows_and_evicts_the_least_important() {
    let bed = Bed::with(&[Workload::deployment("shop", "web", 3)]);
    bed.pass(20).await;
    let node = text(&bed.pods()[0]["spec"]["nodeName"]);
    bed.machinery.kubelets().set_pressure(&node, Pressure::Memory, 1);
    bed.pass(30).await;
    assert_eq!(condition::find(&bed.node(&node)["status"], "MemoryPressure")["status"], "True");
    assert_eq!(bed.node(&node)["spec"]["taints"][0]["key"], "node.kubernetes.io/memory-pressure");
    let evicted: Vec<Value> =
        bed.pods().into_iter().filter(|pod| pod["status"]["reason"] == "Evicted").collect();
    assert_eq!((evicted.len(), bed.ready()), (1, 3), "it stays, failed, and is replaced");
    assert_eq!(evicted[0]["status"]["phase"], "Failed");
    bed.machinery.kubelets().lift_pressure(&node, Pressure::Memory);
    bed.pass(5).await;
    assert!(bed.node(&node)["spec"]["taints"].is_null());
}

#[tokio::test(start_paused = true)]
async fn a_runtime_that_is_down_makes_its_node_not_ready() {
    let bed = Bed::with(&[Workload::deployment("shop", "web", 3)]);
    bed.pass(20).await;
    bed.machinery.kubelets().stop_runtime("n-1");
    bed.pass(20).await;
    assert_eq!(ready(&bed, "n-1"), "True");
    bed.pass(20).await;
    assert_eq!(ready(&bed, "n-1"), "False");
    bed.machinery.kubelets().start_runtime("n-1");
    bed.pass(20).await;
    assert_eq!((ready(&bed, "n-1"), bed.ready()), ("True".into(), 3));
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_boots_starts_its_pods_anew() {
    let bed = Bed::with(&[Workload::deployment("shop", "web", 3)]);
    bed.pass(20).await;
    let before = bed.pods().into_iter().find(|pod| pod["spec"]["nodeName"] == "n-1").unwrap();
    let boot = bed.node("n-1")["status"]["nodeInfo"]["bootID"].clone();
    bed.machinery.kubelets().power_off("n-1");
    bed.pass(120).await;
    assert_eq!(ready(&bed, "n-1"), "Unknown");
    bed.machinery.kubelets().power_on("n-1");
    bed.pass(30).await;
    let after = bed.get(kinds::POD, "shop", &name(&before));
    assert_eq!((uid(&after), is_ready(&after)), (uid(&before), true));
    assert_eq!(after["status"]["containerStatuses"][0]["restartCount"], 1);
    assert_ne!(bed.node("n-1")["status"]["nodeInfo"]["bootID"], boot);
    assert_eq!(ready(&bed, "n-1"), "True");
}

#[tokio::test(start_paused = true)]
async fn a_pod_is_resized_in_place_where_its_node_has_room() {
    let bed = Bed::with(&[Workload::deployment("shop", "web", 1)]);
    bed.pass(30).await;
    let name = bed.pods()[0]["metadata"]["name"].as_str().unwrap().to_owned();
    let address = Address::new(kinds::POD, "shop", &name);
    let ask = |cpu: &str| {
        let asked = json!({"cpu": cpu, "memory": "128Mi"});
        bed.registry
            .modify(&address, Part::Main, |pod| {
                pod["spec"]["containers"][0]["resources"]["requests"] = asked;
                Ok(())
            })
            .unwrap();
    };
    ask("200m");
    bed.pass(1).await;
    let shown = || bed.pods()[0]["status"]["containerStatuses"][0].clone();
    assert_eq!(
        (&shown()["resources"]["requests"]["cpu"], &shown()["restartCount"]),
        (&json!("200m"), &json!(0))
    );
    ask("100");
    bed.pass(1).await;
    let pending = condition::find(&bed.pods()[0]["status"], "PodResizePending")["reason"].clone();
    assert_eq!((pending, &shown()["resources"]["requests"]["cpu"]), (json!("Infeasible"), &json!("200m")));
}
