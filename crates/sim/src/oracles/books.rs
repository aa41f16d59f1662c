//! The oracles' own books: the state of the cluster as the store tells it, as far as promises
//! depend on it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::kinds;
use crate::seen::{Seen, What};
use crate::storage::Change;

/// The books.
#[derive(Debug, Default)]
pub struct Books {
    /// Pods, by UID; those that are gone too, for [`Pod::gone`].
    pub(crate) pods: BTreeMap<String, Pod>,
    /// Nodes, by name.
    pub(crate) nodes: BTreeMap<String, Node>,
    /// Workloads (also ReplicaSets), by UID.
    pub(crate) workloads: BTreeMap<String, Workload>,
    /// Remediations, by name; those that were deleted too.
    pub(crate) remediations: BTreeMap<String, Remediation>,
    /// Policies, by name: whether they say to act, and since when.
    pub(crate) policies: BTreeMap<String, (bool, Duration)>,
    /// When each client was last told anything of a path, by a watch or a list.
    heard: BTreeMap<String, BTreeMap<String, Duration>>,
    /// Since when the Brake says so: `Some(true)` when it holds, `None` when there is none.
    pub(crate) brake: (Option<bool>, Duration),
    /// Whether the faults are over, and since when.
    pub(crate) calm: Option<Duration>,
    /// The faults that last now, with the beginning.
    pub(crate) faults: BTreeMap<(&'static str, String), Duration>,
    /// The faults that were, with the end.
    pub(crate) ended: BTreeMap<(&'static str, String), Duration>,
    /// When the last fault ended, or anybody else did something.
    pub(crate) last_fault: Duration,
}

/// A pod.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "what is true of a pod, each by itself")]
pub(crate) struct Pod {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) node: String,
    pub(crate) owner: Option<Owner>,
    /// `sim.seaworthy.test/corrupted`: planted with references that make no sense.
    pub(crate) is_corrupted: bool,
    pub(crate) is_ready: bool,
    /// Whether it ever was.
    pub(crate) was_ready: bool,
    /// Since when it is, or is not.
    pub(crate) since: Duration,
    pub(crate) born: Duration,
    pub(crate) is_going: bool,
    pub(crate) has_ended: bool,
    pub(crate) gone: Option<Duration>,
}

/// Who makes a pod anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) uid: String,
}

/// A node.
#[derive(Clone, Debug, Default)]
pub(crate) struct Node {
    pub(crate) uid: String,
    pub(crate) zone: String,
    pub(crate) is_ready: bool,
    pub(crate) since: Duration,
    /// Since when it is said to be short of something.
    pub(crate) pressed: Option<Duration>,
    /// When its kubelet last renewed its lease.
    pub(crate) renewed: Duration,
    /// Since when somebody else holds it down.
    pub(crate) held: Option<Duration>,
    /// Since when it bears our taint, marked as ours. Without the mark somebody else holds it.
    pub(crate) quarantined: Option<Duration>,
    pub(crate) is_excluded: bool,
}

/// What makes pods.
#[derive(Clone, Debug, Default)]
pub(crate) struct Workload {
    pub(crate) name: String,
    pub(crate) owner: Option<Owner>,
    /// How many pods it wants.
    pub(crate) replicas: usize,
    /// Whether it wants one on each node that lets it.
    pub(crate) is_daemon_set: bool,
    /// The number of its first pod, where they have numbers.
    pub(crate) first: Option<usize>,
    pub(crate) is_excluded: bool,
}

/// What the healer wrote down.
#[derive(Clone, Debug, Default)]
pub(crate) struct Remediation {
    pub(crate) lineage: String,
    pub(crate) check: String,
    pub(crate) policy: String,
    /// Whether a person has said yes to this very plan, without an end.
    pub(crate) is_approved: bool,
    pub(crate) phase: String,
    /// The rule that said no last.
    pub(crate) rule: String,
    pub(crate) epoch: u64,
    pub(crate) changed: Duration,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) is_deleted: bool,
}

impl Remediation {
    /// Whether it ended with a person after something was tried: nothing more is allowed, or nothing more is
    /// left. What it took away counts in the budgets for a while.
    pub(crate) fn is_given_up(&self) -> bool {
        matches!(self.phase.as_str(), "Escalated" | "Denied") && !self.attempts.is_empty()
    }
}

/// One attempt in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) number: u64,
    pub(crate) action: String,
    pub(crate) epoch: u64,
    pub(crate) is_open: bool,
    /// When it was first seen.
    pub(crate) seen: Duration,
    /// The UIDs it is for, of itself and its parts.
    pub(crate) uids: Vec<String>,
    /// Of these, the ones whose effect may come at any moment: its intent is written, and nothing
    /// of what came of it.
    pub(crate) intended: Vec<String>,
}

impl Books {
    pub(super) fn see(&mut self, seen: &Seen) {
        match &seen.what {
            What::Change(change) => self.change(change, seen.at),
            What::Calm => self.calm = Some(seen.at),
            What::Fault(fault) => {
                let key = (fault.name, fault.subject.clone());
                if fault.begins {
                    self.faults.insert(key, seen.at);
                } else {
                    self.faults.remove(&key);
                    self.ended.insert(key, seen.at);
                }
                self.last_fault = seen.at;
            }
            What::Life(_) => self.last_fault = seen.at,
            What::Request(request) => {
                // A watch that is opened, too: what is new comes at once, and silence says that nothing is.
                let reads = request.method == http::Method::GET;
                if reads && request.is_granted() && request.was_told {
                    self.hear(&request.by, &request.path, seen.at);
                }
            }
            What::Post(_) | What::Message(_) | What::Acknowledged(..) => {}
        }
    }

    pub(super) fn hear(&mut self, peer: &str, path: &str, at: Duration) {
        let known = self.heard.get_mut(peer).and_then(|paths| paths.get_mut(path));
        match known {
            Some(known) => *known = at,
            None => drop(self.heard.entry(peer.to_owned()).or_default().insert(path.to_owned(), at)),
        }
    }

    /// When a client was last told anything of a path; `None` if it never was.
    pub(super) fn last_heard(&self, peer: &str, path: &str) -> Option<Duration> {
        self.heard.get(peer)?.get(path).copied()
    }

    fn change(&mut self, change: &Change, at: Duration) {
        let kind = change.address.kind;
        let read = || change.after.value();
        if kind == kinds::POD {
            self.pod(change, &read(), at);
        } else if kind == kinds::NODE {
            self.node(change, &read(), at);
        } else if kind == kinds::LEASE {
            if change.address.namespace == "kube-node-lease" && !change.is_deletion {
                self.nodes.entry(change.address.name.to_string()).or_default().renewed = at;
            }
        } else if kind.group == "apps" || kind == kinds::JOB {
            self.workload(change, &read());
        } else if kind.group == "seaworthy.dev" {
            match kind.plural {
                "remediations" => self.remediation(change, &read(), at),
                "healingpolicies" => {
                    let acts = |mode: &Value| mode == "Enforce" || mode == "Approve";
                    let acts = !change.is_deletion && acts(&read()["spec"]["mode"]);
                    let known = self.policies.entry(change.address.name.to_string());
                    let known = known.or_insert((acts, at));
                    if known.0 != acts {
                        *known = (acts, at);
                    }
                }
                "brakes" if change.is_deletion => self.brake = (None, at),
                "brakes" => self.brake = (Some(read()["spec"]["paused"] == true), at),
                _ => {}
            }
        }
    }

    fn pod(&mut self, change: &Change, value: &Value, at: Duration) {
        let new = !self.pods.contains_key(change.after.uid.as_str());
        let pod = self.pods.entry(change.after.uid.to_string()).or_default();
        if new {
            pod.namespace = change.address.namespace.to_string();
            pod.name = change.address.name.to_string();
            pod.born = at;
            pod.since = at;
        }
        pod.is_corrupted = value["metadata"]["labels"]["sim.seaworthy.test/corrupted"].is_string();
        pod.owner = owner(value);
        pod.node = text(&value["spec"]["nodeName"]);
        pod.is_going = change.after.is_terminating;
        pod.has_ended = matches!(value["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
        let is_ready = condition(value, "Ready") == Some("True") && !pod.has_ended;
        if is_ready != pod.is_ready {
            pod.is_ready = is_ready;
            pod.since = at;
        }
        pod.was_ready |= is_ready;
        if change.is_deletion {
            pod.gone = Some(at);
        }
    }

    fn node(&mut self, change: &Change, value: &Value, at: Duration) {
        let name = change.address.name.to_string();
        if change.is_deletion {
            self.nodes.remove(&name);
            return;
        }
        let node = self.nodes.entry(name).or_default();
        node.uid = change.after.uid.to_string();
        node.zone = text(&value["metadata"]["labels"]["topology.kubernetes.io/zone"]);
        node.is_excluded = is_excluded(value);
        let is_ready = condition(value, "Ready") == Some("True");
        if is_ready != node.is_ready {
            node.is_ready = is_ready;
            node.since = at;
        }
        let is_pressed =
            ["MemoryPressure", "DiskPressure"].iter().any(|kind| condition(value, kind) == Some("True"));
        keep(&mut node.pressed, is_pressed, at);
        let taints = value["spec"]["taints"].as_array().map(Vec::as_slice).unwrap_or_default();
        let has = |key: &str| taints.iter().any(|taint| taint["key"] == key);
        let (is_tainted, is_marked) =
            (has(QUARANTINE), value["metadata"]["annotations"][QUARANTINE].is_string());
        let is_held = value["spec"]["unschedulable"] == true
            || change.after.is_terminating
            || is_tainted && !is_marked
            || HOLDERS.iter().any(|key| has(key));
        keep(&mut node.held, is_held, at);
        keep(&mut node.quarantined, is_tainted && is_marked, at);
    }

    /// A DaemonSet wants a pod on each node.
    fn workload(&mut self, change: &Change, value: &Value) {
        if change.is_deletion {
            self.workloads.remove(change.after.uid.as_str());
            return;
        }
        let is_daemon_set = change.address.kind == kinds::DAEMON_SET;
        let replicas = if is_daemon_set {
            &value["status"]["desiredNumberScheduled"]
        } else {
            &value["spec"]["replicas"]
        };
        let first = (change.address.kind == kinds::STATEFUL_SET)
            .then(|| value["spec"]["ordinals"]["start"].as_u64().unwrap_or(0) as usize);
        let workload = Workload {
            name: change.address.name.to_string(),
            owner: owner(value),
            replicas: replicas.as_u64().unwrap_or(1) as usize,
            is_daemon_set,
            first,
            is_excluded: is_excluded(value),
        };
        self.workloads.insert(change.after.uid.to_string(), workload);
    }

    fn remediation(&mut self, change: &Change, value: &Value, at: Duration) {
        let (spec, status) = (&value["spec"], &value["status"]);
        let known = self.remediations.entry(change.address.name.to_string()).or_default();
        let before = std::mem::take(&mut known.attempts);
        *known = Remediation {
            lineage: lineage(&spec["lineage"]),
            check: text(&spec["check"]),
            policy: text(&spec["policy"]),
            is_approved: is_approved(spec),
            phase: text(&status["phase"]),
            rule: text(&status["decision"]["rule"]),
            epoch: status["epoch"].as_u64().unwrap_or(0),
            changed: at,
            attempts: Vec::new(),
            is_deleted: change.is_deletion,
        };
        for attempt in status["attempts"].as_array().into_iter().flatten() {
            let number = attempt["number"].as_u64().unwrap_or(0);
            let first = before.iter().find(|other| other.number == number).map_or(at, |other| other.seen);
            known.attempts.push(read_attempt(attempt, number, first));
        }
    }

    /// Whether, after the faults, nothing has been in trouble for so long, and nothing is under way.
    pub(crate) fn is_all_well(&self, at: Duration, since: Duration) -> bool {
        let is_long = |then: Duration| at.saturating_sub(then) >= since;
        let is_node_well =
            |node: &Node| node.is_ready && is_long(node.since) && node.held.or(node.quarantined).is_none();
        let is_pod_well = |pod: &Pod| {
            pod.gone.is_some() || pod.is_corrupted || pod.has_ended || pod.is_ready && !pod.is_going
        };
        let is_over = |own: &Remediation| {
            own.is_deleted
                || !matches!(own.phase.as_str(), "Acting" | "Verifying" | "Pending" | "Deferred" | "")
        };
        self.calm.is_some_and(is_long)
            && self.faults.is_empty()
            && self.brake.0 == Some(false)
            && self.nodes.values().all(is_node_well)
            && self.pods.values().all(is_pod_well)
            && self.remediations.values().all(is_over)
    }

    /// The workload at the top of a pod's owners, by UID.
    pub(super) fn top(&self, pod: &Pod) -> Option<(&str, &Workload)> {
        let mut uid = pod.owner.as_ref()?.uid.as_str();
        let mut workload = self.workloads.get(uid)?;
        while let Some(owner) = &workload.owner
            && let Some((above, next)) = self.workloads.get_key_value(&owner.uid)
        {
            (uid, workload) = (above, next);
        }
        self.workloads.get_key_value(uid).map(|(uid, workload)| (uid.as_str(), workload))
    }

    /// Whether a fault of one of these names lasts, or ended less than `within` before `at`.
    pub(super) fn is_disturbed(&self, names: &[&str], at: Duration, within: Duration) -> bool {
        self.faults.keys().any(|(name, _)| names.contains(name))
            || at.saturating_sub(self.last_fault) < within
    }

    /// A remediation's attempt.
    pub(super) fn attempt(&self, remediation: &str, number: u64) -> Option<(&Remediation, &Attempt)> {
        let remediation = self.remediations.get(remediation)?;
        Some((remediation, remediation.attempts.iter().find(|attempt| attempt.number == number)?))
    }
}

/// No approval of the runs ends while it counts: one with an end has ended before.
fn is_approved(spec: &Value) -> bool {
    let approval = &spec["approval"];
    approval["verdict"] == "Approved"
        && approval["planHash"] == spec["planHash"]
        && approval["expires"].is_null()
}

/// Our taint, and the annotation that marks it as ours.
pub(super) const QUARANTINE: &str = "seaworthy.dev/quarantine";

/// Taints by which somebody else takes a node down.
const HOLDERS: [&str; 6] = [
    "ToBeDeletedByClusterAutoscaler",
    "karpenter.sh/disrupted",
    "medik8s.io/drain",
    "medik8s.io/remediation",
    "node.kubernetes.io/out-of-service",
    "weave.works/kured-node-reboot",
];

fn read_attempt(attempt: &Value, number: u64, seen: Duration) -> Attempt {
    let parts = attempt["parts"].as_array().into_iter().flatten();
    let intended = parts.clone().filter(|part| part["state"] == "Open");
    let intended = intended.map(|part| text(&part["target"]["uid"])).collect();
    let targets = parts.map(|part| &part["target"]).chain([&attempt["target"]]);
    Attempt {
        number,
        action: text(&attempt["action"]),
        epoch: attempt["epoch"].as_u64().unwrap_or(0),
        is_open: attempt["closed"].is_null(),
        seen,
        intended,
        uids: targets.map(|target| text(&target["uid"])).filter(|uid| !uid.is_empty()).collect(),
    }
}

fn keep(since: &mut Option<Duration>, holds: bool, at: Duration) {
    *since = if holds { Some(since.unwrap_or(at)) } else { None };
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A lineage is written as text in alerts and may be an object elsewhere: one form for both.
fn lineage(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn is_excluded(value: &Value) -> bool {
    ["annotations", "labels"].iter().any(|place| !value["metadata"][place]["seaworthy.dev/exclude"].is_null())
}

fn condition<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    let all = value["status"]["conditions"].as_array()?;
    all.iter().find(|condition| condition["type"] == name)?["status"].as_str()
}

fn owner(value: &Value) -> Option<Owner> {
    let all = value["metadata"]["ownerReferences"].as_array()?;
    let found = all.iter().find(|owner| owner["controller"] == true)?;
    Some(Owner { kind: text(&found["kind"]), name: text(&found["name"]), uid: text(&found["uid"]) })
}
