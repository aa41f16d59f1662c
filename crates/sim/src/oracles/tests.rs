//! Each checker notices what it is there for, and says nothing of the same thing done well.

mod bounds;
mod effects;
mod others;
mod pages;
mod rest;

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};

use super::*;
use crate::kinds::{self, Definition, Kind};
use crate::run::settings::limits;
use crate::seen::{Fault, Life, Message, Post, Request, Turn, What};
use crate::storage::{Address, Change, Object};

fn remediations() -> Kind {
    Kind::custom(Definition {
        group: "seaworthy.dev",
        version: "v1alpha1",
        kind: "Remediation",
        plural: "remediations",
        singular: "remediation",
        short: &[],
        categories: &[],
        is_namespaced: false,
        subresources: &["status"],
    })
}

fn brakes() -> Kind {
    Kind::custom(Definition {
        kind: "Brake",
        plural: "brakes",
        singular: "brake",
        ..(*remediations()).clone()
    })
}

/// A play for the oracles: a cluster with ten nodes in one zone, Deployment `web` with eight pods,
/// and what a healer does in it.
struct Play {
    panel: Panel,
    at: Duration,
    revision: u64,
}

impl Play {
    fn new() -> Self {
        let mut play = Self { panel: Panel::new(&limits()), at: Duration::ZERO, revision: 0 };
        play.brake(false);
        for number in 1..=10 {
            play.node(&format!("n{number}"), true, &[]);
        }
        play.workload("d-web", "Deployment", "web", &Value::Null);
        play.workload("r-web", "ReplicaSet", "web-1", &owner("Deployment", "web", "d-web"));
        for number in 1..=8 {
            play.pod(&format!("w{number}"), false, &owner("ReplicaSet", "web-1", "r-web"));
        }
        play.pass(120);
        play.lead("healer-0_x");
        play
    }

    /// The lease is won, or renewed.
    fn lead(&mut self, holder: &str) {
        let lease = json!({"metadata": {"name": "seaworthy-healer"}, "spec": {"holderIdentity": holder}});
        self.put(kinds::LEASE, "seaworthy", lease);
    }

    fn pass(&mut self, seconds: u64) {
        self.at += Duration::from_secs(seconds);
    }

    fn see(&mut self, what: What) {
        self.panel.see(&Seen { at: self.at, what });
    }

    fn put(&mut self, kind: Kind, namespace: &str, mut value: Value) {
        self.revision += 1;
        let name = value["metadata"]["name"].as_str().unwrap().to_owned();
        if value["metadata"]["uid"].is_null() {
            value["metadata"]["uid"] = name.as_str().into();
        }
        let address = Address::new(kind, namespace, &name);
        let after = Arc::new(Object::new(&value));
        let change = Change { revision: self.revision, address, before: None, after, is_deletion: false };
        self.see(What::Change(Arc::new(change)));
    }

    /// A change whose state before is known.
    fn change(&mut self, kind: Kind, before: &Value, after: &Value) {
        self.revision += 1;
        let address = Address::new(kind, "", after["metadata"]["name"].as_str().unwrap());
        let object = |value: &Value| Arc::new(Object::new(value));
        let (before, after) = (Some(object(before)), object(after));
        let change = Change { revision: self.revision, address, before, after, is_deletion: false };
        self.see(What::Change(Arc::new(change)));
    }

    /// A remediation for a check, over and without attempts.
    fn put_checked(&mut self, name: &str, lineage: &str, check: &str) {
        let spec = json!({"lineage": lineage, "check": check, "policy": "pressure"});
        let value = json!({"metadata": {"name": name}, "spec": spec, "status": {"phase": "Escalated"}});
        self.put(remediations(), "", value);
    }

    fn node(&mut self, name: &str, is_ready: bool, taints: &[&str]) {
        let taints: Vec<Value> =
            taints.iter().map(|key| json!({"key": key, "effect": "NoSchedule"})).collect();
        let status = if is_ready { "True" } else { "Unknown" };
        let marks = if taints.is_empty() { json!({}) } else { json!({"seaworthy.dev/quarantine": "r-1"}) };
        self.put(
            kinds::NODE,
            "",
            json!({
                "metadata": {"name": name, "annotations": marks}, "spec": {"taints": taints},
                "status": {"conditions": [{"type": "Ready", "status": status}]},
            }),
        );
    }

    fn workload(&mut self, uid: &str, kind: &str, name: &str, owners: &Value) {
        let kind = [kinds::DEPLOYMENT, kinds::REPLICA_SET].into_iter().find(|own| own.kind == kind).unwrap();
        let meta = json!({"name": name, "uid": uid, "ownerReferences": owners});
        self.put(kind, "shop", json!({"metadata": meta, "spec": {"replicas": 8}}));
    }

    fn pod(&mut self, name: &str, is_ready: bool, owners: &Value) {
        let status = if is_ready { "True" } else { "False" };
        self.put(
            kinds::POD,
            "shop",
            json!({
                "metadata": {"name": name, "ownerReferences": owners}, "spec": {"nodeName": "n1"},
                "status": {"conditions": [{"type": "Ready", "status": status}]},
            }),
        );
    }

    fn brake(&mut self, paused: bool) {
        self.put(brakes(), "", json!({"metadata": {"name": "cluster"}, "spec": {"paused": paused}}));
    }

    /// The policy `pods` says this.
    fn policy(&mut self, mode: &str) {
        let policy = json!({"metadata": {"name": "pods"}, "spec": {"mode": mode}});
        self.put(crate::run::cluster::healing_policy(), "", policy);
    }

    /// A remediation with attempts of one epoch, each for one UID.
    fn intend(&mut self, name: &str, lineage: &str, policy: &str, epoch: u64, uids: &[&str]) {
        self.write(name, lineage, policy, epoch, uids, "Acting");
    }

    /// The end of a remediation of one attempt.
    fn end(&mut self, name: &str, lineage: &str, uid: &str, phase: &str) {
        self.write(name, lineage, "pods", 1, &[uid], phase);
    }

    /// A remediation without attempts that a rule holds.
    fn held_by(&mut self, name: &str, lineage: &str, rule: &str) {
        let spec = json!({"lineage": lineage, "check": "PodRunningNotReady", "policy": "pods"});
        let status = json!({"phase": "Deferred", "decision": {"rule": rule}});
        self.put(remediations(), "", json!({"metadata": {"name": name}, "spec": spec, "status": status}));
    }

    fn write(&mut self, name: &str, lineage: &str, policy: &str, epoch: u64, uids: &[&str], phase: &str) {
        let attempts: Vec<Value> = uids
            .iter()
            .enumerate()
            .map(|(index, uid)| {
                let closed = if index + 1 < uids.len() || phase != "Acting" { json!("2026-01-01T00:00:00Z") } else { Value::Null };
                json!({"number": index + 1, "action": "EvictPod", "epoch": epoch, "target": {"uid": uid}, "closed": closed,
                       "parts": [{"target": {"uid": uid}, "state": if closed.is_null() { "Open" } else { "Settled" }}]})
            })
            .collect();
        let check = if lineage.starts_with("Node") { "NodeUnreachable" } else { "PodRunningNotReady" };
        self.put(
            remediations(),
            "",
            json!({
                "metadata": {"name": name},
                "spec": {"lineage": lineage, "check": check, "policy": policy},
                "status": {"phase": phase, "epoch": epoch, "attempts": attempts},
            }),
        );
    }

    /// A remediation with one open attempt and a person's answer.
    fn approve(&mut self, name: &str, lineage: &str, policy: &str, uid: &str, approval: &Value) {
        let target = json!({"uid": uid});
        self.put(
            remediations(),
            "",
            json!({
                "metadata": {"name": name},
                "spec": {"lineage": lineage, "check": "PodRunningNotReady", "policy": policy, "planHash": "h", "approval": approval},
                "status": {"phase": "Acting", "epoch": 1, "attempts": [{
                    "number": 1, "action": "EvictPod", "epoch": 1, "target": target,
                    "parts": [{"target": target, "state": "Open"}],
                }]},
            }),
        );
    }

    fn request(&mut self, method: Method, path: &str, attempt: &str, body: Value, served: u16) {
        let request = Request {
            by: "healer-0".to_owned(),
            sent: self.at,
            method,
            path: path.to_owned(),
            query: String::new(),
            agent: format!("seaworthy/0 ({attempt})"),
            body,
            served: Some(served),
            refusal: if served == 429 {
                json!({"details": {"causes": [{"reason": "DisruptionBudget"}]}})
            } else {
                Value::Null
            },
            was_told: true,
        };
        self.see(What::Request(request));
    }

    /// By a leader that has just renewed its lease.
    fn evict(&mut self, pod: &str, attempt: &str) {
        self.lead("healer-0_x");
        self.evict_served(pod, attempt, 201);
    }

    fn evict_served(&mut self, pod: &str, attempt: &str, served: u16) {
        let body = json!({"deleteOptions": {"preconditions": {"uid": pod}}});
        self.request(
            Method::POST,
            &format!("/api/v1/namespaces/shop/pods/{pod}/eviction"),
            attempt,
            body,
            served,
        );
    }

    fn quarantine(&mut self, node: &str, attempt: &str) {
        self.send_quarantine(node, attempt);
        self.node(node, false, &["seaworthy.dev/quarantine"]);
    }

    fn send_quarantine(&mut self, node: &str, attempt: &str) {
        self.lead("healer-0_x");
        let body = json!({
            "metadata": {"uid": node, "resourceVersion": "1"},
            "spec": {"taints": [{"key": "seaworthy.dev/quarantine", "effect": "NoSchedule"}]},
        });
        self.request(Method::PATCH, &format!("/api/v1/nodes/{node}"), attempt, body, 200);
    }

    /// The usual: a remediation of `web` with an intent for a pod.
    fn intend_web(&mut self, uids: &[&str]) {
        self.intend("r-1", "Deployment/shop/web", "pods", 1, uids);
    }

    fn post(&mut self, resolution: Option<&str>) {
        self.post_as("warning", resolution);
    }

    fn post_as(&mut self, severity: &str, resolution: Option<&str>) {
        let mut alert = json!({"labels": labels(), "annotations": {}});
        alert["labels"]["severity"] = severity.into();
        if let Some(resolution) = resolution {
            alert["annotations"]["resolution"] = resolution.into();
        }
        self.post_of(json!([alert]));
    }

    /// The monitor tells the alerter of these.
    fn post_of(&mut self, alerts: Value) {
        let post = Post {
            from: "monitor".to_owned(),
            to: "alerter".to_owned(),
            path: "/api/v2/alerts".to_owned(),
            body: alerts,
            served: Some(200),
            was_told: true,
        };
        self.see(What::Post(post));
    }

    fn message(&mut self, status: &str) {
        self.message_to("hook", status);
    }

    fn message_to(&mut self, receiver: &str, status: &str) {
        let body = json!({"groupKey": "g", "alerts": [{"labels": labels(), "status": status}]});
        let message = Message { receiver: receiver.to_owned(), arrived: self.at, body, answered: Some(200) };
        self.see(What::Message(message));
    }

    fn found(mut self) -> Vec<String> {
        let mut names: Vec<String> = self.panel.end(self.at).into_iter().map(|found| found.oracle).collect();
        names.dedup();
        names
    }
}

fn labels() -> Value {
    json!({"lineage": "Deployment/shop/web", "alertname": "PodRunningNotReady"})
}

fn owner(kind: &str, name: &str, uid: &str) -> Value {
    json!([{"kind": kind, "name": name, "uid": uid, "controller": true}])
}

/// Plays one after the other and says what was found.
fn expect(expected: &[&str], play: impl FnOnce(&mut Play)) {
    let mut own = Play::new();
    play(&mut own);
    assert_eq!(own.found(), expected);
}
