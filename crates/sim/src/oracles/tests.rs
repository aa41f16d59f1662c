//! Each checker notices what it is there for, and says nothing of the same thing done well.

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
        let mut alert = json!({"labels": labels(), "annotations": {}});
        if let Some(resolution) = resolution {
            alert["annotations"]["resolution"] = resolution.into();
        }
        let post = Post {
            from: "monitor".to_owned(),
            to: "alerter".to_owned(),
            path: "/api/v2/alerts".to_owned(),
            body: json!([alert]),
            served: Some(200),
            was_told: true,
        };
        self.see(What::Post(post));
    }

    fn message(&mut self, status: &str) {
        let body = json!({"groupKey": "g", "alerts": [{"labels": labels(), "status": status}]});
        let message = Message { receiver: "hook".to_owned(), arrived: self.at, body, answered: Some(200) };
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

#[test]
fn a_repair_by_the_rules_is_no_violation() {
    expect(&[], |play| {
        play.intend_web(&["w1"]);
        play.evict("w1", "r-1/1");
        play.node("n1", false, &[]);
        play.intend("r-2", "Node/n1", "nodes", 1, &["n1"]);
        play.quarantine("n1", "r-2/1");
    });
}

#[test]
fn budgets_are_counted() {
    expect(&["I1 budget"], |play| {
        for (name, pod) in [("r-1", "w1"), ("r-2", "w2"), ("r-3", "w3")] {
            // Lineages of their own, as far as the healer says.
            play.intend(name, &format!("StatefulSet/shop/web/{pod}"), "pods", 1, &[pod]);
            play.evict(pod, &format!("{name}/1"));
        }
    });
    expect(&["I1 budget"], |play| {
        for (name, node) in [("r-1", "n1"), ("r-2", "n2")] {
            play.node(node, false, &[]);
            play.intend(name, &format!("Node/{node}"), "nodes", 1, &[node]);
            play.quarantine(node, &format!("{name}/1"));
        }
    });
    // None of them is sent yet.
    expect(&["I1 budget"], |play| {
        for (name, pod) in [("r-1", "w1"), ("r-2", "w2"), ("r-3", "w3")] {
            play.intend(name, &format!("StatefulSet/shop/web/{pod}"), "pods", 1, &[pod]);
        }
    });
}

#[test]
fn a_number_that_a_stateful_set_no_longer_counts_to_is_not_missing() {
    for (start, replicas, expected) in [(0, 3, &["I1 budget"][..]), (0, 2, &[]), (1, 2, &["I1 budget"])] {
        expect(expected, |play| {
            let meta = json!({"name": "db", "uid": "s-db"});
            let spec = json!({"replicas": replicas, "ordinals": {"start": start}});
            play.put(kinds::STATEFUL_SET, "shop", json!({"metadata": meta, "spec": spec}));
            for number in [2, 1] {
                let pod = format!("db-{number}");
                play.pod(&pod, false, &owner("StatefulSet", "db", "s-db"));
                play.pass(60);
                let (name, lineage) = (format!("r-{number}"), format!("StatefulSet/shop/db/{pod}"));
                play.intend(&name, &lineage, "pods", 1, &[&pod]);
                play.evict(&pod, &format!("{name}/1"));
                play.end(&name, &lineage, &pod, "Cancelled");
            }
        });
    }
}

#[test]
fn a_budget_s_no_is_final() {
    expect(&["I2 disruption budgets"], |play| {
        play.intend_web(&["w1"]);
        play.evict_served("w1", "r-1/1", 429);
        play.evict("w1", "r-1/1");
    });
    for (pause, expected) in [(5, &["I2 disruption budgets"][..]), (40, &[])] {
        expect(expected, |play| {
            play.intend_web(&["w1"]);
            play.evict_served("w1", "r-1/1", 429);
            play.pass(pause);
            play.intend_web(&["w1", "w1"]);
            play.evict("w1", "r-1/2");
        });
    }
    expect(&["I2 disruption budgets"], |play| {
        play.intend_web(&["w1"]);
        let body = json!({"preconditions": {"uid": "w1"}});
        play.request(Method::DELETE, "/api/v1/namespaces/shop/pods/w1", "r-1/1", body, 200);
    });
}

#[test]
fn effects_have_preconditions_and_an_intent() {
    expect(&["I3 preconditions"], |play| play.evict("w1", "r-9/1"));
    expect(&["I3 preconditions"], |play| {
        play.intend_web(&["w2"]);
        play.evict("w1", "r-1/1");
    });
    expect(&["I3 preconditions"], |play| {
        play.intend_web(&["d-web"]);
        let body = json!({"metadata": {"uid": "d-web"}, "spec": {"template": {}}});
        play.request(Method::PATCH, "/apis/apps/v1/namespaces/shop/deployments/web", "r-1/1", body, 200);
    });
}

#[test]
fn what_is_well_is_left_alone() {
    expect(&["I4 stale view"], |play| {
        play.pod("w1", true, &owner("ReplicaSet", "web-1", "r-web"));
        play.pass(60);
        play.intend_web(&["w1"]);
        play.evict("w1", "r-1/1");
    });
}

#[test]
fn what_was_taken_back_is_not_acted_on() {
    for (pause, expected) in [(40, &["I4 stale view"][..]), (20, &[])] {
        expect(expected, |play| {
            play.policy("Enforce");
            play.policy("Observe");
            play.pass(pause);
            play.intend_web(&["w1"]);
            play.evict("w1", "r-1/1");
        });
    }
}

#[test]
fn who_is_told_nothing_does_nothing() {
    for (pause, expected) in [(190, &["I4 stale view"][..]), (100, &[])] {
        expect(expected, |play| {
            play.panel.hear("healer-0", "/api/v1/nodes", play.at);
            play.pass(pause);
            play.intend_web(&["w1"]);
            play.evict("w1", "r-1/1");
        });
    }
}

#[test]
fn an_intent_has_one_effect_and_a_lineage_one_intent() {
    expect(&["I6 one effect"], |play| {
        play.intend_web(&["w1"]);
        play.evict("w1", "r-1/1");
        play.evict("w1", "r-1/1");
    });
    expect(&["I6 one effect"], |play| {
        play.intend_web(&["w1"]);
        play.intend("r-2", "Deployment/shop/web", "pods", 1, &["w2"]);
        play.evict("w1", "r-1/1");
    });
    // A restart is one for all instances.
    expect(&["I6 one effect"], |play| {
        play.intend("r-1", "StatefulSet/shop/db/db-0", "pods", 1, &["d-web"]);
        play.intend("r-2", "StatefulSet/shop/db/db-1", "pods", 1, &["w2"]);
        let meta = json!({"uid": "d-web", "resourceVersion": "1"});
        let body = json!({"metadata": meta, "spec": {"template": {}}});
        play.request(Method::PATCH, "/apis/apps/v1/namespaces/shop/statefulsets/db", "r-1/1", body, 200);
    });
}

#[test]
fn epochs_do_not_go_back_and_only_the_holder_acts() {
    expect(&["I7 leader"], |play| {
        play.intend("r-1", "Deployment/shop/web", "pods", 3, &["w1"]);
        play.intend("r-1", "Deployment/shop/web", "pods", 2, &["w1", "w2"]);
    });
    expect(&["I9 partition"], |play| {
        play.lead("healer-1_y");
        play.pass(1);
        play.intend_web(&["w1"]);
        play.evict_served("w1", "r-1/1", 201);
    });
    // Nobody has taken over yet, and it may not act all the same.
    expect(&["I9 partition"], |play| {
        play.pass(limits().lease.as_secs() + 1);
        play.intend_web(&["w1"]);
        play.evict_served("w1", "r-1/1", 201);
    });
}

#[test]
fn rest_comes_after_the_calm() {
    // The pods are not ready, and nobody says so.
    expect(&["I8 quiescence", "liveness"], |play| {
        play.see(What::Calm);
        play.pass(limits().calm.as_secs() + 60);
        play.intend_web(&["w1"]);
        play.evict("w1", "r-1/1");
    });
    expect(&["I8 quiescence", "liveness"], |play| {
        for number in 1..=3 {
            let name = format!("r-{number}");
            play.intend(&name, "Node/n1", "pressure", 1, &["n1"]);
            play.send_quarantine("n1", &format!("{name}/1"));
            play.end(&name, "Node/n1", "n1", "Succeeded");
            play.pass(60);
        }
        play.see(What::Calm);
        play.node("n1", true, &["seaworthy.dev/quarantine"]);
        play.node("n2", true, &[]);
        play.pass(limits().calm.as_secs() + 60);
    });
    expect(&["I8 quiescence", "liveness"], |play| {
        play.see(What::Calm);
        play.pass(limits().calm.as_secs() + 60);
        play.end("r-1", "Deployment/shop/web", "w1", "Cancelled");
    });
}

#[test]
fn the_quarantine_of_others_is_left_alone() {
    let tainted = |by: Option<&str>| {
        let taint = json!([{"key": "seaworthy.dev/quarantine", "effect": "NoSchedule"}]);
        let marks = by.map_or(json!({}), |by| json!({"seaworthy.dev/quarantine": by}));
        json!({"metadata": {"name": "n1", "uid": "n1", "annotations": marks}, "spec": {"taints": taint}})
    };
    for (by, expected) in
        [(None, &["I15 own marks"][..]), (Some("r-2"), &["I15 own marks"]), (Some("r-1"), &[])]
    {
        expect(expected, |play| {
            play.intend("r-1", "Node/n1", "nodes", 1, &["n1"]);
            play.put_checked("r-2", "Node/n1", "NodeMemoryPressure");
            let mut after = tainted(by);
            after["metadata"]["annotations"]["seaworthy.dev/attempt"] = "r-1/1".into();
            play.change(kinds::NODE, &tainted(by), &after);
            play.send_quarantine("n1", "r-1/1");
        });
    }
}

#[test]
fn what_must_not_act_does_not() {
    for policy in ["odd-all", "observe-x", "approve-x"] {
        expect(&["I10 odd policies"], |play| {
            play.intend("r-1", "Deployment/shop/web", policy, 1, &["w1"]);
            play.evict("w1", "r-1/1");
        });
    }
    let approved = |plan: &str, verdict: &str, expires: Value| json!({"planHash": plan, "verdict": verdict, "expires": expires});
    for (approval, expected) in [
        (approved("h", "Approved", Value::Null), &[][..]),
        (approved("h", "Rejected", Value::Null), &["I10 odd policies"]),
        (approved("g", "Approved", Value::Null), &["I10 odd policies"]),
        (approved("h", "Approved", json!("2020-01-01T00:00:00Z")), &["I10 odd policies"]),
    ] {
        expect(expected, |play| {
            play.approve("r-1", "Deployment/shop/web", "approve-x", "w1", &approval);
            play.evict("w1", "r-1/1");
        });
    }
    expect(&["I16 brake"], |play| {
        play.brake(true);
        play.pass(13);
        play.intend_web(&["w1"]);
        play.evict("w1", "r-1/1");
    });
    expect(&["I16 brake"], |play| {
        play.intend_web(&["w1"]);
        play.intend("r-2", "StatefulSet/shop/db/db-0", "pods", 1, &["w2"]);
        play.brake(true);
        play.pass(1);
        play.evict("w1", "r-1/1");
        play.pass(1);
        play.evict("w2", "r-2/1");
    });
    expect(&["I13 own"], |play| {
        play.intend_web(&["w1"]);
        let body = json!({"deleteOptions": {"preconditions": {"uid": "w1"}}});
        play.request(Method::POST, "/api/v1/namespaces/kube-system/pods/w1/eviction", "r-1/1", body, 201);
    });
    expect(&["I14 corrupted"], |play| {
        play.pod("bare", false, &Value::Null);
        play.intend_web(&["bare"]);
        play.evict("bare", "r-1/1");
    });
}

#[test]
fn many_sick_nodes_are_one_failure() {
    expect(&["I11 mass failure"], |play| {
        (1..=3).for_each(|number| play.node(&format!("n{number}"), false, &[]));
        play.pass(20);
        play.intend_web(&["w1"]);
        play.evict("w1", "r-1/1");
    });
    // A sensor says of all that they are sick, and they are ready.
    expect(&["I11 mass failure"], |play| {
        for number in 1..=4 {
            let conditions =
                json!([{"type": "Ready", "status": "True"}, {"type": "DiskPressure", "status": "True"}]);
            let name = format!("n{number}");
            play.put(
                kinds::NODE,
                "",
                json!({"metadata": {"name": name}, "status": {"conditions": conditions}}),
            );
        }
        play.pass(80);
        play.intend_web(&["w1"]);
        play.evict("w1", "r-1/1");
    });
    // What it cannot know yet.
    expect(&[], |play| {
        (1..=3).for_each(|number| play.node(&format!("n{number}"), false, &[]));
        play.intend_web(&["w1"]);
        play.evict("w1", "r-1/1");
    });
}

#[test]
fn a_node_that_somebody_else_works_on_is_left_to_them() {
    let lease = |holder: &str| {
        json!({
            "metadata": {"name": "node-n1"}, "spec": {"holderIdentity": holder, "leaseDurationSeconds": 600},
        })
    };
    expect(&["I15 one actor"], |play| {
        play.intend("r-2", "Node/n1", "nodes", 1, &["n1"]);
        play.put(kinds::LEASE, "medik8s-leases", lease("operator"));
        play.pass(20);
        play.quarantine("n1", "r-2/1");
    });
    // Released, run out, and of another node.
    for (lease, seconds) in [(lease(""), 20), (lease("operator"), 700)] {
        expect(&[], |play| {
            play.put(kinds::LEASE, "medik8s-leases", lease);
            play.pass(seconds);
            play.intend("r-2", "Node/n1", "nodes", 1, &["n1"]);
            play.quarantine("n1", "r-2/1");
        });
    }
    expect(&[], |play| {
        play.put(kinds::LEASE, "medik8s-leases", lease("operator"));
        play.pass(20);
        play.intend("r-2", "Node/n2", "nodes", 1, &["n2"]);
        play.quarantine("n2", "r-2/1");
    });
}

#[test]
fn attempts_are_counted_over_remediations() {
    expect(&["I12 attempts"], |play| {
        for number in 1..=6 {
            let (name, pod) = (format!("r-{number}"), format!("w{number}"));
            play.intend(&name, "Deployment/shop/web", "pods", 1, &[&pod]);
            play.evict(&pod, &format!("{name}/1"));
            play.end(&name, "Deployment/shop/web", &pod, "Succeeded");
            play.pass(600);
        }
    });
}

#[test]
fn pages_are_told_once_and_not_after_an_acknowledgement() {
    let late = limits().hold + limits().delivery + Duration::from_secs(1);
    expect(&["held pages"], |play| {
        play.post(None);
        play.pass(late.as_secs());
    });
    expect(&[], |play| {
        play.post(None);
        play.pass(60);
        play.message("firing");
        play.pass(late.as_secs());
    });
    expect(&["duplicates"], |play| {
        play.post(None);
        play.message("firing");
        play.pass(60);
        play.message("firing");
    });
    expect(&[], |play| {
        play.post(None);
        for status in ["firing", "resolved", "firing"] {
            play.message(status);
            play.pass(60);
        }
    });
    expect(&[], |play| {
        play.post(None);
        play.message("firing");
        play.see(What::Life(Life { service: "alerter".to_owned(), turn: Turn::Crashed }));
        play.message("firing");
    });
    expect(&["acknowledged"], |play| {
        play.post(None);
        play.see(What::Acknowledged("Deployment/shop/web".to_owned(), "PodRunningNotReady".to_owned()));
        play.pass(60);
        play.message("firing");
    });
}

#[test]
fn silence_is_no_recovery() {
    expect(&["dead sender"], |play| {
        play.post(None);
        play.message("firing");
        play.pass(600);
        play.message("resolved");
    });
    expect(&[], |play| {
        play.post(None);
        play.message("firing");
        play.pass(600);
        play.post(Some("healthy"));
        play.message("resolved");
    });
}

#[test]
fn what_is_given_up_is_told_at_once() {
    let play_up_to = |phase: &str, play: &mut Play| {
        play.post(None);
        play.intend_web(&["w1"]);
        play.end("r-1", "Deployment/shop/web", "w1", phase);
        play.pass(limits().delivery.as_secs() + 1);
        play.node("n1", true, &[]);
    };
    expect(&["hand over"], |play| play_up_to("Escalated", play));
    expect(&[], |play| play_up_to("Verifying", play));
}

#[test]
fn what_hangs_or_is_silent_is_noticed_in_the_end() {
    expect(&["liveness"], |play| {
        play.see(What::Fault(Fault { name: "deadlock", subject: "web".to_owned(), begins: true }));
        play.see(What::Calm);
        play.pass(limits().calm.as_secs() + 1);
        // Eight pods that are not ready, and nobody says so.
    });
}
