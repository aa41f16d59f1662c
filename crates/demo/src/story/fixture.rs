//! A story that tests make by hand: what is seen, one thing after the other.

use std::sync::Arc;
use std::time::Duration;

use environment::ManualClock;
use jiff::Timestamp;
use model::alert;
use model::issue::Resolution;
use serde_json::{Value, json};
use sim::kinds::{self, Kind};
use sim::run::cluster::{brake, remediation};
use sim::seen::{Fault, Message, Post, Seen, What};
use sim::storage::{Address, Change, Object};

use super::Story;
use crate::chapters;

/// A story that begins at zero.
pub(crate) struct Bench {
    pub(crate) story: Story,
}

impl Bench {
    /// Three nodes in two zones, all well.
    pub(crate) fn new() -> Self {
        let mut bench = Self { story: Story::new(ManualClock::EPOCH, Duration::ZERO) };
        bench.story.begin(Duration::ZERO);
        let released = json!({"metadata": {"name": "cluster"}, "spec": {"paused": false}});
        bench.change(0, brake(), "", "cluster", &released);
        for (name, zone) in [("a-01", "zone-a"), ("a-02", "zone-a"), ("b-01", "zone-b")] {
            bench.node(name, zone, "True", false);
        }
        bench
    }

    pub(crate) fn node(&mut self, name: &str, zone: &str, ready: &str, is_quarantined: bool) {
        let taints = if is_quarantined { json!([{"key": "seaworthy.dev/quarantine"}]) } else { json!([]) };
        let node = json!({
            "metadata": {"name": name, "labels": {"topology.kubernetes.io/zone": zone}},
            "spec": {"taints": taints},
            "status": {"conditions": [{"type": "Ready", "status": ready}]},
        });
        self.change(0, kinds::NODE, "", name, &node);
    }

    pub(crate) fn change(&mut self, at_s: u64, kind: Kind, namespace: &str, name: &str, value: &Value) {
        let change = Change {
            revision: 1,
            address: Address::new(kind, namespace, name),
            before: None,
            after: Arc::new(Object::new(value)),
            is_deletion: false,
        };
        self.see(at_s, What::Change(Arc::new(change)));
    }

    pub(crate) fn chapter(&mut self, at_s: u64, name: &'static str, begins: bool) {
        let subject = chapters::get(name).map(|own| own.subjects.join(" ")).unwrap_or_default();
        self.story.chapter(&Fault { name, subject, begins }, Duration::from_secs(at_s));
    }

    /// The monitor tells of an issue, `cause` being a lineage and a check.
    pub(crate) fn issue(&mut self, at_s: u64, lineage: &str, code: &str, cause: Option<(&str, &str)>) {
        self.post(at_s, lineage, code, cause, None);
    }

    pub(crate) fn over(&mut self, at_s: u64, lineage: &str, code: &str, how: Resolution) {
        self.post(at_s, lineage, code, None, Some(how));
    }

    fn post(
        &mut self,
        at_s: u64,
        lineage: &str,
        code: &str,
        cause: Option<(&str, &str)>,
        how: Option<Resolution>,
    ) {
        let parts: Vec<&str> = lineage.split('/').collect();
        let (kind, name) = (parts[0], parts[parts.len() - 1]);
        let namespace = if parts.len() > 2 { parts[1] } else { "" };
        let now = self.story.wall(Duration::from_secs(at_s));
        let cause = cause
            .map(|(lineage, code)| json!({"kind": "Node", "name": "b-01", "code": code, "lineage": lineage}));
        let issue = json!({
            "code": code, "severity": if kind == "Node" { "critical" } else { "warning" }, "lineage": lineage,
            "subject": {"kind": kind, "namespace": namespace, "name": name, "uid": "u"}, "members": [],
            "since": now, "summary": format!("{kind} {name}: is not as it should be"), "cause": cause,
        });
        let issue = serde_json::from_value(issue).expect("an issue");
        let alert = match how {
            None => alert::firing(&issue, "shop", now),
            Some(how) => alert::resolved(&issue, "shop", how, now),
        };
        self.see(
            at_s,
            What::Post(Post {
                from: "monitor".into(),
                to: "alerter".into(),
                path: "/api/v2/alerts".into(),
                body: json!([alert]),
                served: Some(200),
                was_told: true,
            }),
        );
    }

    /// The healer writes a remediation with this status.
    pub(crate) fn remediation(&mut self, at_s: u64, name: &str, lineage: &str, check: &str, status: &Value) {
        let now = self.story.wall(Duration::from_secs(at_s));
        self.change(at_s, remediation(), "", name, &written(name, lineage, check, status, now));
    }

    /// The operator forbids the plan of one that waits.
    pub(crate) fn forbid(&mut self, at_s: u64, name: &str, lineage: &str, check: &str) {
        let now = self.story.wall(Duration::from_secs(at_s));
        let mut value = written(name, lineage, check, &json!({"phase": "AwaitingApproval"}), now);
        value["spec"]["approval"] = json!({"by": "operator", "planHash": "h", "verdict": "Rejected"});
        self.change(at_s, remediation(), "", name, &value);
    }

    pub(crate) fn message(&mut self, at_s: u64, status: &str, check: &str, lineages: &[&str], healing: &str) {
        let alert = |lineage: &&str| {
            json!({
                "status": status, "labels": {"alertname": check, "lineage": lineage},
                "annotations": {"summary": format!("{lineage} is not as it should be"), "healing": healing},
            })
        };
        let alerts: Vec<Value> = lineages.iter().map(alert).collect();
        let body = json!({"status": status, "alerts": alerts});
        let arrived = Duration::from_secs(at_s);
        self.see(
            at_s,
            What::Message(Message { receiver: "pager".into(), arrived, body, answered: Some(200) }),
        );
    }

    fn see(&mut self, at_s: u64, what: What) {
        self.story.hear(&Seen { at: Duration::from_secs(at_s), what });
    }

    /// The diary, a line for each entry.
    pub(crate) fn lines(&self) -> Vec<String> {
        let entries = self.story.diary().entries().iter();
        entries.map(|entry| format!("{} {}", entry.kind.word(), entry.text())).collect()
    }
}

fn written(name: &str, lineage: &str, check: &str, status: &Value, now: Timestamp) -> Value {
    let parts: Vec<&str> = lineage.split('/').collect();
    json!({
        "apiVersion": "seaworthy.dev/v1alpha1", "kind": "Remediation",
        "metadata": {"name": name, "uid": name, "creationTimestamp": now},
        "spec": {
            "cluster": "shop", "lineage": lineage, "check": check,
            "subject": {"kind": parts[0], "name": parts[parts.len() - 1]},
            "since": now, "severity": "warning", "policy": "some-policy", "mode": "Enforce",
            "steps": [{"action": "EvictPod", "timeout": "1m", "attempts": 1}],
            "planHash": "h", "healthyForS": 10,
        },
        "status": status,
    })
}

/// An attempt on a pod or node, as a status has it.
pub(crate) fn attempt(number: u32, action: &str, target: &str, state: &str, result: &str) -> Value {
    let (kind, name) = target.split_once('/').expect("KIND/NAME");
    let target = json!({"kind": kind, "namespace": "shop", "name": name, "uid": "u"});
    json!({
        "step": 0, "number": number, "action": action, "epoch": 1, "target": target,
        "intended": "2026-01-01T00:00:40Z", "landsUntil": "2026-01-01T00:00:50Z", "result": result,
        "parts": [{"target": target, "state": state}],
    })
}

/// A status that a rule holds.
pub(crate) fn held(rule: &str, reason: &str) -> Value {
    json!({"phase": "Deferred", "decision": {
        "verdict": "Defer", "rule": rule, "reason": reason, "at": "2026-01-01T00:01:00Z",
    }})
}
