//! A node hangs, and a node remediation operator like those of medik8s mends it: it holds the Lease
//! for that node, taints it, has it rebooted, says that it is out of service, and takes everything
//! back when the node is well.

use std::time::Duration;

use rand::RngExt;
use serde_json::{Value, json};

use super::others::is_ready;
use super::{Kind, Stage, lasts, pick};
use crate::actors::{Actor, node_path};
use crate::kinds;
use crate::registry::Deletion;
use crate::storage::Address;

/// Where its Leases are, one for each node that somebody works on.
const LEASES: &str = "medik8s-leases";
/// Its marks.
const REMEDIATION: &str = "medik8s.io/remediation";
const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";
/// How long a node must be unready, how long a machine takes to boot, and between two looks.
const PATIENCE: Duration = Duration::from_mins(1);
const BOOT: Duration = Duration::from_mins(1);
const PERIOD: Duration = Duration::from_secs(10);
/// How long after its agent fell silent a node can be taken for rebooted.
const SAFE: Duration = Duration::from_mins(3);
/// An agent of the operator's on the node, which finds out long before anything else does.
const AGENT: &str = "agent";
/// How long a Lease is valid: the operators' own default.
const LEASE: Duration = Duration::from_mins(10);

pub(super) const KIND: Kind = Kind {
    name: "remediation operator",
    weight: 6,
    lasts: lasts(200, 1200),
    subject: |scene, rng| {
        let told_by = if rng.random_bool(0.5) { AGENT } else { "status" };
        format!("{} {told_by}", pick(&scene.nodes, rng, "n-0"))
    },
    begin: |stage, subject| {
        let (node, told_by) = read(subject);
        stage.kubelets().freeze(node);
        match told_by {
            AGENT => stage.begin_work(KIND.name, node, forewarned(stage.clone(), node.to_owned())),
            _ => stage.begin_work(KIND.name, node, watchful(stage.clone(), node.to_owned())),
        }
    },
    end: |stage, subject| {
        let (node, _) = read(subject);
        stage.end_work(KIND.name, node);
        stage.kubelets().power_on(node);
        stage.kubelets().thaw(node);
        stage.untaint(node, REMEDIATION);
        stage.untaint(node, OUT_OF_SERVICE);
        // It is only there while somebody works on the node.
        let _ = stage
            .registry()
            .delete(&Address::new(kinds::LEASE, LEASES, &lease_name(node)), &Deletion::default());
    },
};

/// The node, and who tells the operator that it is sick.
fn read(subject: &str) -> (&str, &str) {
    subject.split_once(' ').unwrap_or((subject, ""))
}

fn lease_name(node: &str) -> String {
    format!("node-{node}")
}

/// Acts on what the node's own agent says, long before the node's status shows it.
async fn forewarned(stage: Stage, node: String) {
    let operator = employ(&stage).await;
    tokio::time::sleep(PERIOD).await;
    if take_lease(&stage, &operator, &node).await {
        tokio::time::sleep(SAFE).await;
        remediate(&stage, &operator, &node).await;
    }
}

/// Acts on the node's status.
async fn watchful(stage: Stage, node: String) {
    let operator = employ(&stage).await;
    loop {
        tokio::time::sleep(PATIENCE).await;
        let known = operator.read(&node_path(&node)).await;
        if known.is_some_and(|node| !is_ready(&node)) && take_lease(&stage, &operator, &node).await {
            remediate(&stage, &operator, &node).await;
        }
    }
}

async fn employ(stage: &Stage) -> Actor {
    let operator = stage.controller("node-remediation");
    operator.create("/api/v1/namespaces", &json!({"metadata": {"name": LEASES}})).await;
    operator
}

/// Whether nobody else works on the node, and nobody will before this operator is done.
async fn take_lease(stage: &Stage, operator: &Actor, node: &str) -> bool {
    let now = stage.environment.now().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string();
    let lease = json!({
        "metadata": {"name": lease_name(node)},
        "spec": {
            "holderIdentity": "node-remediation", "leaseDurationSeconds": LEASE.as_secs(),
            "acquireTime": now, "renewTime": now, "leaseTransitions": 1,
        },
    });
    operator.create(&leases(), &lease).await
}

fn leases() -> String {
    format!("/apis/coordination.k8s.io/v1/namespaces/{LEASES}/leases")
}

async fn remediate(stage: &Stage, operator: &Actor, node: &str) {
    operator.taint(node, &taint(REMEDIATION, "self-node-remediation")).await;
    stage.kubelets().power_off(node);
    operator.taint(node, &taint(OUT_OF_SERVICE, "nodeshutdown")).await;
    tokio::time::sleep(BOOT).await;
    operator.untaint(node, OUT_OF_SERVICE).await;
    stage.kubelets().power_on(node);
    while !operator.read(&node_path(node)).await.is_some_and(|node| is_ready(&node)) {
        tokio::time::sleep(PERIOD).await;
    }
    operator.untaint(node, REMEDIATION).await;
    operator.delete(&format!("{}/{}", leases(), lease_name(node))).await;
}

fn taint(key: &str, value: &str) -> Value {
    json!({"key": key, "value": value, "effect": "NoExecute"})
}
