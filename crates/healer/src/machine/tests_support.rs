//! Objects for tests: small, plain, and the same everywhere.

use std::collections::BTreeMap;
use std::time::Duration;

use cluster::views::{Namespace, Node, Pod};
use jiff::Timestamp;
use model::config::healer::HealerConfig;
use model::issue::{Issue, Member, Routing};
use model::policy::{ActionName, HealingPolicySpec, Match, Mode, Step};
use model::remediation::{Attempt, AttemptResult, Part, PartState, Remediation};
use model::{DurationText, Lineage, ObjectRef, Severity, codes};
use serde_json::json;

use crate::Now;
use crate::facts::Workload;
use crate::intake;
use crate::policy::{Entry, Source};

/// So many seconds after the tests' epoch, on both clocks; the monotonic one runs since an hour.
pub(crate) fn now(seconds: u64) -> Now {
    let epoch: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a date");
    Now { wall: epoch + Duration::from_secs(seconds), monotonic: Duration::from_secs(3600 + seconds) }
}

pub(crate) fn issue() -> Issue {
    Issue {
        code: codes::POD_RUNNING_NOT_READY.into(),
        severity: Severity::Warning,
        lineage: Lineage::namespaced("Deployment", "shop", "web"),
        subject: ObjectRef::namespaced("Deployment", "shop", "web", "d-1"),
        members: vec![Member {
            object: ObjectRef::namespaced("Pod", "shop", "web-1", "p-1"),
            container: String::new(),
            node: "n1".into(),
            evidence: BTreeMap::default(),
        }],
        members_omitted: 0,
        since: now(0).wall,
        summary: "web-1 runs and is not ready".into(),
        evidence: BTreeMap::default(),
        cause: None,
        routing: Routing::default(),
    }
}

pub(crate) fn node_issue() -> Issue {
    Issue {
        code: codes::NODE_NOT_READY.into(),
        lineage: Lineage::cluster_wide("Node", "n1"),
        subject: ObjectRef::cluster_wide("Node", "n1", "u-n1"),
        members: vec![],
        ..issue()
    }
}

pub(crate) fn step(action: ActionName) -> Step {
    Step { action, parameters: BTreeMap::default(), timeout: DurationText::from_secs(60), attempts: 1 }
}

pub(crate) fn policy(mode: Mode) -> Entry {
    let spec = HealingPolicySpec {
        mode,
        selects: Match {
            codes: vec![codes::POD_RUNNING_NOT_READY.into()],
            namespaces: Some(vec!["shop".into()]),
            ..Match::default()
        },
        steps: vec![step(ActionName::EvictPod)],
        healthy_for: Some(DurationText::from_secs(10)),
        approval_timeout: None,
        attempts_max: None,
        accept_loss_of_bare_pods: false,
    };
    let source = Source::File("policies.yaml".into());
    Entry { name: "policy".into(), source, spec, generation: 0, refusals: vec![] }
}

fn taken_up(name: &str, issue: &Issue, policy: &Entry) -> Remediation {
    let mut made = intake::take_up(issue, "c1", policy, 1, &HealerConfig::default());
    made.metadata.name = Some(name.to_owned());
    made.metadata.uid = Some(format!("uid-{name}"));
    made.spec.plan_hash = "plan".into();
    made.status.as_mut().expect("made with one").epoch = 7;
    made
}

/// Of a Deployment's pod that is not ready, in epoch 7.
pub(crate) fn remediation(name: &str) -> Remediation {
    taken_up(name, &issue(), &policy(Mode::Enforce))
}

/// Of a node that is not ready, in epoch 7.
pub(crate) fn node_remediation(name: &str) -> Remediation {
    let mut policy = policy(Mode::Enforce);
    policy.spec.steps = vec![step(ActionName::QuarantineNode), step(ActionName::DrainNode)];
    taken_up(name, &node_issue(), &policy)
}

/// An open attempt to evict, at second 0, with nothing in it.
pub(crate) fn attempt() -> Attempt {
    Attempt {
        step: 0,
        number: 1,
        action: ActionName::EvictPod,
        target: ObjectRef::namespaced("Pod", "shop", "web-1", "p-1"),
        epoch: 7,
        intended: now(0).wall,
        lands_until: now(15).wall,
        parts: vec![],
        result: AttemptResult::Open,
        detail: String::new(),
        observed: None,
        closed: None,
    }
}

pub(crate) fn planned_part(name: &str, uid: &str) -> Part {
    Part {
        target: ObjectRef::namespaced("Pod", "shop", name, uid),
        node: "n1".into(),
        owner: None,
        pods: None,
        state: PartState::Planned,
        opened: None,
        ready_after: None,
        detail: String::new(),
    }
}

pub(crate) fn open_part(name: &str, uid: &str) -> Part {
    Part { state: PartState::Open, opened: Some(now(0).wall), ..planned_part(name, uid) }
}

fn decode<V: serde::de::DeserializeOwned>(json: serde_json::Value) -> V {
    serde_json::from_value(json).expect("a view")
}

/// A pod of Deployment web.
pub(crate) fn pod(name: &str, uid: &str, ready: bool) -> Pod {
    decode(json!({
        "metadata": {
            "name": name, "namespace": "shop", "uid": uid, "resourceVersion": "5",
            "labels": {"app": "web", "pod-template-hash": "5d8"},
            "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5d8", "uid": "d-1", "controller": true}],
        },
        "spec": {"nodeName": "n1"},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}]},
    }))
}

/// A pod of a controller of this kind.
pub(crate) fn pod_of(name: &str, kind: &str, ready: bool) -> Pod {
    let mut pod = pod(name, &format!("uid-{name}"), ready);
    pod.metadata.owners[0].kind = kind.into();
    if kind == "Node" {
        pod = decode(json!({
            "metadata": {"name": name, "namespace": "shop", "uid": "m", "resourceVersion": "5",
                "annotations": {"kubernetes.io/config.mirror": "x"}},
        }));
    }
    pod
}

pub(crate) fn bare_pod(name: &str, uid: &str) -> Pod {
    let mut pod = pod(name, uid, false);
    pod.metadata.owners.clear();
    pod
}

/// A node of zone z1 that is ready, with taints of these keys.
pub(crate) fn node(name: &str, taints: &[&str]) -> Node {
    let taints: Vec<_> = taints.iter().map(|key| json!({"key": key, "effect": "NoSchedule"})).collect();
    decode(json!({
        "metadata": {"name": name, "uid": format!("u-{name}"), "resourceVersion": "3",
            "labels": {"topology.kubernetes.io/zone": "z1"}},
        "spec": {"taints": taints},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }))
}

/// A node that is not ready.
pub(crate) fn unready(name: &str) -> Node {
    let mut node = node(name, &[]);
    node.status.conditions[0].status = cluster::views::Status::False;
    node
}

/// A node with taints of these keys, and marked as quarantined by a remediation.
pub(crate) fn marked(name: &str, taints: &[&str], by: &str) -> Node {
    let taints: Vec<_> = taints.iter().map(|key| json!({"key": key, "effect": "NoSchedule"})).collect();
    decode(json!({
        "metadata": {"name": name, "uid": format!("u-{name}"), "resourceVersion": "3",
            "annotations": {crate::marks::QUARANTINE: by}},
        "spec": {"taints": taints},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }))
}

pub(crate) fn namespace(name: &str, excluded: bool) -> Namespace {
    decode(json!({"metadata": {"name": name, "uid": name, "resourceVersion": "1",
        "annotations": {crate::marks::EXCLUDE: if excluded { "true" } else { "false" }}}}))
}

/// Deployment web at version 7, which is its own ReplicaSet's stand-in too.
pub(crate) fn workload(desired: u32, ready: u32) -> Workload {
    Workload {
        reference: ObjectRef::namespaced("Deployment", "shop", "web", "d-1"),
        resource_version: "7".into(),
        desired,
        ready,
        is_rolling: false,
        is_stuck: false,
        at_once: 1,
        holds_rollouts: None,
        replaces_none: None,
        attempt: None,
        is_excluded: false,
        labels: BTreeMap::default(),
    }
}
