//! A rebooter like kured: one node after the other, under a lock on its DaemonSet, is cordoned,
//! drained, rebooted and taken into service again.

use std::time::Duration;

use rand::RngExt;
use serde_json::{Value, json};

use super::others::is_ready;
use super::{Kind, Stage, cordon, lasts, pick};
use crate::actors::{Actor, node_path};
use crate::kinds;
use crate::registry::Deletion;
use crate::storage::Address;

/// Where the lock is.
const LOCK: &str = "weave.works/kured-node-lock";
const NAME: &str = "kured";
const PATH: &str = "/apis/apps/v1/namespaces/kube-system/daemonsets/kured";
/// How long a machine takes to boot: longer than its lease is valid.
const BOOT: Duration = Duration::from_secs(75);
/// Between two looks whether a node is back, and between two nodes.
const PERIOD: Duration = Duration::from_secs(10);

pub(super) const KIND: Kind = Kind {
    name: "reboots",
    weight: 6,
    lasts: lasts(200, 1200),
    subject: |scene, rng| {
        let first = pick(&scene.nodes, rng, "n-0").to_owned();
        let second = pick(&scene.nodes, rng, "n-0").to_owned();
        if rng.random_bool(0.5) || first == second { first } else { format!("{first} {second}") }
    },
    begin: |stage, nodes| {
        let nodes = nodes.split(' ').map(str::to_owned).collect();
        stage.begin_work(KIND.name, "", work(stage.clone(), nodes));
    },
    end: |stage, _| {
        stage.end_work(KIND.name, "");
        let address = Address::new(kinds::DAEMON_SET, "kube-system", NAME);
        if let Some((node, was_cordoned)) =
            stage.registry().get(&address).ok().and_then(|own| locked(&own.value()))
        {
            stage.kubelets().power_on(&node);
            if !was_cordoned {
                cordon::set(stage, &node, false);
            }
        }
        // Another one's end may have come first.
        let _ = stage.registry().delete(&address, &Deletion::default());
    },
};

async fn work(stage: Stage, nodes: Vec<String>) {
    let kured = stage.controller(NAME);
    kured.create("/apis/apps/v1/namespaces/kube-system/daemonsets", &daemon_set()).await;
    for node in nodes {
        reboot(&stage, &kured, &node).await;
        tokio::time::sleep(PERIOD).await;
    }
}

async fn reboot(stage: &Stage, kured: &Actor, node: &str) {
    let Some(known) = kured.read(&node_path(node)).await.filter(is_ready) else { return };
    let was_cordoned = known["spec"]["unschedulable"] == true;
    let lock = json!({"nodeID": node, "metadata": {"unschedulable": was_cordoned}, "TTL": 0});
    if !kured.patch(PATH, &json!({"metadata": {"annotations": {LOCK: lock.to_string()}}})).await {
        return;
    }
    kured.cordon(node, true).await;
    kured.drain(node).await;
    stage.kubelets().power_off(node);
    tokio::time::sleep(BOOT).await;
    stage.kubelets().power_on(node);
    while !kured.read(&node_path(node)).await.is_some_and(|node| is_ready(&node)) {
        tokio::time::sleep(PERIOD).await;
    }
    if !was_cordoned {
        kured.cordon(node, false).await;
    }
    kured.patch(PATH, &json!({"metadata": {"annotations": {LOCK: Value::Null}}})).await;
}

/// Who holds the lock, and whether the node was cordoned before.
fn locked(daemon_set: &Value) -> Option<(String, bool)> {
    let lock: Value = serde_json::from_str(daemon_set["metadata"]["annotations"][LOCK].as_str()?).ok()?;
    Some((lock["nodeID"].as_str()?.to_owned(), lock["metadata"]["unschedulable"] == true))
}

fn daemon_set() -> Value {
    let labels = json!({"name": NAME});
    json!({
        "metadata": {"name": NAME, "labels": labels},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "tolerations": [{"operator": "Exists"}],
                    "containers": [{"name": NAME, "image": "registry.test/kured:1"}],
                },
            },
        },
    })
}
