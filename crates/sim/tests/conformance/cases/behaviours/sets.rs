//! StatefulSets and DaemonSets.

use serde_json::json;

use super::super::{PODS, at};
use super::{SERVES, STEADY, becomes, template, workload};
use crate::step::{Case, delete, get, merge, post};

pub(super) const STATEFUL_SETS: &str = "/apis/apps/v1/namespaces/{ns}/statefulsets";
pub(super) const DAEMON_SETS: &str = "/apis/apps/v1/namespaces/{ns}/daemonsets";

pub(super) fn cases() -> Vec<Case> {
    let mut ledger = workload("StatefulSet", "ledger", 2, &template("ledger", STEADY, SERVES));
    ledger["spec"]["serviceName"] = json!("ledger");
    let mut agent = workload("DaemonSet", "agent", 1, &template("agent", STEADY, SERVES));
    agent["spec"].as_object_mut().expect("a spec").remove("replicas");
    let (ledgers, agents) = (at(STATEFUL_SETS, "ledger"), at(DAEMON_SETS, "agent"));
    vec![
        Case {
            name: "pods with names come one after the other, and come back under their names",
            steps: vec![
                post(STATEFUL_SETS, ledger),
                becomes(&ledgers, "/status/readyReplicas", 2).with("/status/availableReplicas", 2),
                get(&at(PODS, "ledger-1")).keep("before", "/metadata/uid").comparing("/metadata"),
                delete(&at(PODS, "ledger-1"), json!(null)).comparing("/metadata"),
                get(&format!("{PODS}?labelSelector=app%3Dledger&fieldSelector=metadata.name%3Dledger-1"))
                    .with("/items/0/status/containerStatuses/0/ready", true)
                    .without("/items/0/metadata/deletionTimestamp")
                    .in_the_end()
                    .comparing("/items/0/metadata"),
                becomes(&ledgers, "/status/readyReplicas", 2).with("/status/availableReplicas", 2),
                merge(&ledgers, json!({"spec": {"replicas": 1}})),
                becomes(&ledgers, "/status/replicas", 1).with("/status/readyReplicas", 1),
                get(&at(PODS, "ledger-1")).refused(404, "NotFound").in_the_end(),
                get(&at(PODS, "ledger-0")).comparing("/metadata"),
            ],
        },
        Case {
            name: "a daemon is on every node that it may be on",
            steps: vec![
                post(DAEMON_SETS, agent),
                becomes(&agents, "/status/numberReady", 1).with("/status/numberAvailable", 1),
                get(PODS).with("/items/0/status/phase", "Running").comparing("/items/0/spec"),
                merge(
                    &agents,
                    json!({"spec": {"template": {"metadata": {"annotations": {"version": "second"}}}}}),
                ),
                becomes(&agents, "/status/observedGeneration", 2)
                    .with("/status/updatedNumberScheduled", 1)
                    .with("/status/numberAvailable", 1),
            ],
        },
    ]
}
