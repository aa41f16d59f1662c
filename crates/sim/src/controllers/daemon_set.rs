//! DaemonSet: a pod on every node that its template lets it on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use compact_str::CompactString;
use serde_json::{Value, json};

use super::amount::{self, Round};
use super::{Context, Controller, pod_template, replica_set, revision};
use crate::kinds;
use crate::storage::{Address, Object};
use crate::view::taint::{is_tolerated, tolerate};
use crate::view::{Node, Pod};

/// What every daemon bears: what ails a node does not make it leave.
const BORNE: &[(&str, &str)] = &[
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
];
/// How long a daemon that ended badly is left alone; the real one begins with a second and doubles
/// that up to 15 minutes.
const AGAIN: Duration = Duration::from_secs(10);

/// A DaemonSet as it was read, with the pod it would make.
struct DaemonSet {
    address: Address,
    value: Value,
    sample: Pod,
    template: Value,
    revision: String,
}

type Daemons = BTreeMap<CompactString, Vec<Arc<Pod>>>;

/// Brings a DaemonSet's pods to its nodes.
pub(super) fn work(cx: &mut Context<'_>, address: &Address) {
    let Some(value) = cx.read(address) else { return };
    if !value["metadata"]["deletionTimestamp"].is_null() {
        return;
    }
    let revision = revision::keep(cx, kinds::DAEMON_SET, address, &value);
    let Some(set) = DaemonSet::new(address, value, &revision) else { return };
    let daemons = set.daemons(cx);
    set.place(cx, &daemons);
    set.roll(cx);
    set.tell(cx);
}

/// Lets those DaemonSets look that a node's change concerns. As with the real controller, a taint that
/// only keeps new pods off concerns none that has its pod there: its status stays as it is told until
/// something else happens to it.
pub(super) fn hear(cx: &mut Context<'_>, node: &Address) {
    let view = cx.view;
    let Some(node) = view.nodes.get(&node.name) else { return };
    for address in view.of_kind(kinds::DAEMON_SET) {
        let Some(value) = cx.read(address) else { continue };
        let is_misplaced = value["status"]["numberMisscheduled"].as_i64().is_some_and(|count| count > 0);
        let Some(set) = DaemonSet::new(address, value, "") else { continue };
        let is_there = view.pods.on_node(&node.name).any(|pod| pod.is_controlled_by(set.uid()));
        let is_concerned =
            if is_there { is_misplaced || !set.should_continue(node) } else { set.should_run(node) };
        if is_concerned {
            cx.after(Controller::DaemonSet, address, Duration::ZERO);
        }
    }
}

impl DaemonSet {
    fn new(address: &Address, value: Value, revision: &str) -> Option<Self> {
        let mut template = pod_template::pod(kinds::DAEMON_SET, &value);
        for (key, effect) in BORNE {
            tolerate(&mut template["spec"], key, effect, None);
        }
        let labels = &mut template["metadata"]["labels"];
        if !labels.is_object() {
            *labels = json!({});
        }
        let hash = revision.rsplit('-').next().unwrap_or_default();
        labels[revision::LABEL] = hash.into();
        template["metadata"]["generateName"] = format!("{}-", address.name).into();
        let mut shown = template.clone();
        shown["metadata"]["creationTimestamp"] = "1970-01-01T00:00:00Z".into();
        let (own, object) = (Arc::new(pod_template::pods_of(address)), Arc::new(Object::new(&shown)));
        let sample = Pod::read(&own, &object, &mut std::collections::BTreeSet::new())?;
        Some(Self { address: address.clone(), value, sample, template, revision: hash.to_owned() })
    }

    fn uid(&self) -> &str {
        self.value["metadata"]["uid"].as_str().unwrap_or_default()
    }

    /// Its pods that have not been told to go, by the node they are on or for.
    fn daemons(&self, cx: &Context<'_>) -> Daemons {
        let mut daemons = Daemons::new();
        for pod in cx.view.pods.controlled_by(self.uid()) {
            let node = match pod.spec.placement.pinned() {
                Some(pinned) if pod.node.is_empty() => pinned,
                _ => pod.node.as_str(),
            };
            daemons.entry(node.into()).or_default().push(Arc::clone(pod));
        }
        daemons
    }

    fn should_run(&self, node: &Node) -> bool {
        let bears = |taint| is_tolerated(taint, &self.sample.spec.placement.tolerations);
        self.sample.spec.placement.selects(node)
            && node.taints.iter().filter(|taint| taint.effect != "PreferNoSchedule").all(bears)
    }

    fn should_continue(&self, node: &Node) -> bool {
        let bears = |taint| is_tolerated(taint, &self.sample.spec.placement.tolerations);
        self.sample.spec.placement.selects(node)
            && node.taints.iter().filter(|taint| taint.effect == "NoExecute").all(bears)
    }

    fn place(&self, cx: &mut Context<'_>, daemons: &Daemons) {
        let view = cx.view;
        for node in view.nodes.values() {
            let own = daemons.get(&node.name).map_or(&[][..], Vec::as_slice);
            if own.is_empty() {
                if self.should_run(node) {
                    self.create(cx, &node.name);
                }
                continue;
            }
            let keeps = self.should_continue(node);
            let mut kept = false;
            for pod in own.iter().filter(|pod| !pod.is_terminating()) {
                if pod.has_ended() {
                    self.replace_ended(cx, pod);
                } else if !keeps || kept {
                    cx.delete(&pod.address, &pod.object.uid);
                } else {
                    kept = true;
                }
            }
        }
    }

    /// A daemon that ended is deleted, after a while, and made anew when it is gone.
    fn replace_ended(&self, cx: &mut Context<'_>, pod: &Pod) {
        let from = pod.created.checked_add(jiff::SignedDuration::try_from(AGAIN).unwrap_or_default());
        match from {
            Ok(from) if from > cx.now => cx.when(Controller::DaemonSet, &self.address, from),
            _ => drop(cx.delete(&pod.address, &pod.object.uid)),
        }
    }

    fn create(&self, cx: &Context<'_>, node: &str) {
        let mut pod = self.template.clone();
        let term = json!({"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]});
        let required = json!({"nodeSelectorTerms": [term]});
        pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"] = required;
        // What is refused is asked again at the next look.
        let _ = cx.create(&pod_template::pods_of(&self.address), pod);
    }

    /// Replaces pods of old templates while few enough nodes are without a daemon that works.
    fn roll(&self, cx: &Context<'_>) {
        let strategy = &self.value["spec"]["updateStrategy"];
        if strategy["type"] == "OnDelete" {
            return;
        }
        let daemons = self.daemons(cx);
        let nodes: Vec<_> = cx.view.nodes.values().filter(|node| self.should_run(node)).collect();
        let most = &strategy["rollingUpdate"]["maxUnavailable"];
        let size = i64::try_from(nodes.len()).unwrap_or(i64::MAX);
        let mut room = amount::of(most, size, Round::Up).unwrap_or(1);
        let mut candidates = Vec::new();
        for node in nodes {
            let own = daemons.get(&node.name).map_or(&[][..], Vec::as_slice);
            let old = own.iter().find(|pod| pod.is_active() && !self.is_new(pod));
            let works = own.iter().any(|pod| pod.is_active() && self.is_available(cx, pod));
            match (old, works) {
                // Nothing is lost by it.
                (Some(old), false) => {
                    room -= 1;
                    cx.delete(&old.address, &old.object.uid);
                }
                (None, false) => room -= 1,
                (Some(old), true) => candidates.push(old),
                (None, true) => {}
            }
        }
        for old in candidates.into_iter().take(usize::try_from(room).unwrap_or(0)) {
            cx.delete(&old.address, &old.object.uid);
        }
    }

    fn is_new(&self, pod: &Pod) -> bool {
        pod.object.label(revision::LABEL) == Some(self.revision.as_str())
    }

    fn is_available(&self, cx: &Context<'_>, pod: &Pod) -> bool {
        pod.available_from(self.min_ready_s()).is_some_and(|from| from <= cx.now)
    }

    fn min_ready_s(&self) -> i64 {
        self.value["spec"]["minReadySeconds"].as_i64().unwrap_or(0)
    }

    fn tell(&self, cx: &mut Context<'_>) {
        let daemons = self.daemons(cx);
        let (mut desired, mut current, mut misplaced, mut ready, mut available, mut updated) =
            (0, 0, 0, 0, 0, 0);
        for node in cx.view.nodes.values() {
            let own = daemons.get(&node.name).map_or(&[][..], Vec::as_slice);
            // What is on its way out counts until it has ended.
            let own = own.iter().filter(|pod| !(pod.is_terminating() && pod.has_ended()));
            let oldest = own.min_by(|one, other| age(one).cmp(&age(other)));
            if !self.should_run(node) {
                misplaced += i64::from(oldest.is_some());
                continue;
            }
            desired += 1;
            let Some(pod) = oldest else { continue };
            current += 1;
            ready += i64::from(pod.is_ready());
            available += i64::from(self.is_available(cx, pod));
            updated += i64::from(self.is_new(pod));
        }
        let pods: Vec<Arc<Pod>> = daemons.into_values().flatten().collect();
        if let Some(next) = replica_set::available(cx.now, &pods, self.min_ready_s()).next {
            cx.when(Controller::DaemonSet, &self.address, next);
        }
        let mut status = json!({
            "observedGeneration": self.value["metadata"]["generation"],
            "desiredNumberScheduled": desired, "currentNumberScheduled": current,
            "numberMisscheduled": misplaced, "numberReady": ready,
        });
        for (field, count) in [
            ("numberAvailable", available),
            ("numberUnavailable", desired - available),
            ("updatedNumberScheduled", updated),
        ] {
            if count > 0 {
                status[field] = count.into();
            }
        }
        cx.change_status(&self.address, |own| *own = status);
    }
}

/// Which of a node's daemons is told of: one that has its node, then the oldest.
fn age(pod: &Pod) -> (bool, jiff::Timestamp, &str) {
    (pod.node.is_empty(), pod.created, &pod.address.name)
}
