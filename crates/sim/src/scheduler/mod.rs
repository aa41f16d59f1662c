//! The scheduler: gives pods without a node one that they fit on, or says why there is none.
//!
//! It looks at what is required. Of what is preferred it keeps the two habits that matter for
//! health: copies are spread over zones and nodes, and the emptier node is taken. Preemption and
//! volumes are not modelled.

mod company;
mod fit;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use compact_str::CompactString;
use environment::Environment;
use rand::Rng;
use rand_chacha::ChaCha12Rng;

use crate::controllers::condition::{self, Condition};
use crate::controllers::{Moment, Note};
use crate::registry::{Part, Registry};
use crate::storage::Address;
use crate::view::{Event, Node, Pod, Resources, View};
use company::Company;
use fit::Reason;
use verdict::Verdict;

/// How long after it came a pod is looked at.
const LAG: Duration = Duration::from_millis(5);
/// How long after something changed pods that fitted nowhere are looked at again: the real one's
/// first back-off.
const RETRY: Duration = Duration::from_secs(1);

/// The scheduler, and what it counts.
#[derive(Debug)]
pub struct Scheduler {
    waiting: BTreeSet<Arc<Address>>,
    /// Pods that fitted nowhere.
    parked: BTreeSet<Arc<Address>>,
    used: BTreeMap<CompactString, Resources>,
    /// Placed pods that want others apart.
    repellents: BTreeMap<Arc<Address>, Arc<Pod>>,
    next: Option<Duration>,
    retry: Option<Duration>,
    rng: ChaCha12Rng,
}

impl Scheduler {
    /// A scheduler that has seen nothing yet. Between equal nodes the environment's seed decides.
    pub fn new(environment: &Environment) -> Self {
        Self {
            waiting: BTreeSet::new(),
            parked: BTreeSet::new(),
            used: BTreeMap::new(),
            repellents: BTreeMap::new(),
            next: None,
            retry: None,
            rng: environment.rng("scheduler"),
        }
    }

    /// Takes note of what happened.
    pub fn notice(&mut self, event: &Event, at: Duration) {
        match event {
            Event::Pod { before, after } => self.notice_pod(before.as_ref(), after.as_ref(), at),
            Event::Node { before, after } => {
                let is_same = before.as_ref().zip(after.as_ref());
                if !is_same.is_some_and(|(before, after)| before.takes_the_same_pods(after)) {
                    self.retry_parked(at);
                }
            }
            Event::Other(_) => {}
        }
    }

    fn notice_pod(&mut self, before: Option<&Arc<Pod>>, after: Option<&Arc<Pod>>, at: Duration) {
        let place = |pod: &Arc<Pod>| {
            (!pod.node.is_empty() && !pod.has_ended()).then(|| (pod.node.clone(), pod.spec.requests()))
        };
        let (from, to) = (before.and_then(place), after.and_then(place));
        if let (Some((node, requests)), Some(pod), true) = (&from, before, from != to) {
            let used = self.used.entry(node.clone()).or_default();
            *used = used.minus(*requests);
            self.repellents.remove(&pod.address);
            self.retry_parked(at);
        }
        if let (Some((node, requests)), Some(pod), true) = (&to, after, from != to) {
            let used = self.used.entry(node.clone()).or_default();
            *used = used.plus(*requests);
            if !pod.spec.placement.apart.is_empty() {
                self.repellents.insert(Arc::clone(&pod.address), Arc::clone(pod));
            }
            if !self.parked.is_empty() {
                // It may be the one that another waits for.
                self.retry_parked(at);
            }
        }
        let Some(pod) = after else {
            if let Some(gone) = before {
                self.waiting.remove(&gone.address);
                self.parked.remove(&gone.address);
            }
            return;
        };
        let wants_place = pod.node.is_empty() && pod.is_active() && !pod.spec.is_scheduled_elsewhere;
        let is_new = before.is_none_or(|before| before.spec != pod.spec);
        if wants_place && is_new {
            self.parked.remove(&pod.address);
            self.waiting.insert(Arc::clone(&pod.address));
            self.next.get_or_insert(at + LAG);
        }
    }

    fn retry_parked(&mut self, at: Duration) {
        if !self.parked.is_empty() {
            self.retry.get_or_insert(at + RETRY);
        }
    }

    /// When there is something to do next.
    pub fn next(&self) -> Option<Duration> {
        match (self.next, self.retry) {
            (Some(next), Some(retry)) => Some(next.min(retry)),
            (next, retry) => next.or(retry),
        }
    }

    /// Which pods are to be placed now, the most important first.
    pub fn take(&mut self, view: &View, at: Duration) -> Vec<Arc<Address>> {
        if self.retry.is_some_and(|retry| retry <= at) {
            self.retry = None;
            self.waiting.append(&mut self.parked);
            self.next.get_or_insert(at);
        }
        if self.next.is_none_or(|next| next > at) {
            return Vec::new();
        }
        self.next = None;
        let pods = std::mem::take(&mut self.waiting);
        let mut pods: Vec<&Arc<Pod>> = pods.iter().filter_map(|address| view.pods.get(address)).collect();
        pods.sort_by_key(|pod| (std::cmp::Reverse(pod.spec.priority), pod.created, pod.object.revision));
        pods.into_iter().map(|pod| Arc::clone(&pod.address)).collect()
    }

    /// Places one pod, or says why it cannot be placed.
    pub fn work(&mut self, address: &Address, now: Moment<'_>) {
        let view = now.view;
        let Some(pod) = view.pods.get(address).filter(|pod| pod.node.is_empty() && pod.is_active()) else {
            return;
        };
        match self.choose(view, pod) {
            Ok(node) => bind(now.registry, pod, &node.name),
            Err(verdict) => {
                self.parked.insert(Arc::clone(&pod.address));
                let message = verdict.message();
                say_unschedulable(now.registry, pod, &message);
                now.tell(Note::of(
                    &pod.address,
                    &pod.object,
                    "default-scheduler",
                    "FailedScheduling",
                    &message,
                ));
            }
        }
    }

    fn choose<'a>(&mut self, view: &'a View, pod: &Pod) -> Result<&'a Arc<Node>, Verdict> {
        let requests = pod.spec.requests();
        let mut verdict = Verdict::default();
        let minds = pod.spec.placement.minds_others() || !self.repellents.is_empty();
        let company = minds.then(|| Company::of(view, pod, &self.repellents));
        let pinned = pod.spec.placement.pinned();
        let mut best: Vec<(&Arc<Node>, Score)> = Vec::new();
        let copies = copies(view, pod);
        for node in candidates(view, pinned) {
            let used = self.used.get(&node.name).copied().unwrap_or_default();
            let mut refusals = fit::refusals(pod, requests, node, used);
            if refusals.is_empty() {
                refusals.extend(company.as_ref().and_then(|company| company.refusal(node)));
            }
            if !refusals.is_empty() {
                verdict.add(&refusals);
                continue;
            }
            let score = score(&copies, node, used);
            match best.first().map(|(_, best)| score.cmp(best)) {
                Some(std::cmp::Ordering::Greater) => {}
                Some(std::cmp::Ordering::Equal) => best.push((node, score)),
                _ => best = vec![(node, score)],
            }
        }
        if best.is_empty() {
            for _ in verdict_rest(view, pinned) {
                verdict.add(&[Reason::Elsewhere]);
            }
            return Err(verdict);
        }
        let at = if best.len() == 1 { 0 } else { self.rng.next_u64() as usize % best.len() };
        Ok(best[at].0)
    }
}

/// The nodes to look at: all, or the one it is for.
fn candidates<'a>(view: &'a View, pinned: Option<&str>) -> Box<dyn Iterator<Item = &'a Arc<Node>> + 'a> {
    match pinned {
        Some(name) => Box::new(view.nodes.get(name).into_iter()),
        None => Box::new(view.nodes.values()),
    }
}

/// The nodes that are not looked at.
fn verdict_rest(view: &View, pinned: Option<&str>) -> std::ops::Range<usize> {
    match pinned {
        Some(name) => 0..view.nodes.len() - usize::from(view.nodes.contains_key(name)),
        None => 0..0,
    }
}

/// Less is better: copies in the zone, copies on the node, share of the node in use (in percent).
type Score = (u64, u64, u64);

/// How many pods of the same controller there are, by zone and node.
struct Copies {
    zones: BTreeMap<CompactString, u64>,
    nodes: BTreeMap<CompactString, u64>,
}

fn copies(view: &View, pod: &Pod) -> Copies {
    let mut copies = Copies { zones: BTreeMap::new(), nodes: BTreeMap::new() };
    let Some(owner) = pod.controller.as_ref().filter(|owner| owner.kind != "DaemonSet") else {
        return copies;
    };
    for other in view.pods.controlled_by(&owner.uid).filter(|other| other.is_active()) {
        let Some(node) = view.nodes.get(&other.node) else { continue };
        *copies.zones.entry(node.zone().into()).or_default() += 1;
        *copies.nodes.entry(node.name.clone()).or_default() += 1;
    }
    copies
}

fn score(copies: &Copies, node: &Node, used: Resources) -> Score {
    let share = |used: u64, whole: u64| used * 100 / whole.max(1);
    let zone = copies.zones.get(node.zone()).copied().unwrap_or(0);
    let own = copies.nodes.get(&node.name).copied().unwrap_or(0);
    let cpu = share(used.cpu_milli, node.allocatable.cpu_milli);
    let memory = share(used.memory_bytes, node.allocatable.memory_bytes);
    (zone, own, u64::midpoint(cpu, memory))
}

fn bind(registry: &Registry, pod: &Pod, node: &str) {
    let bound = registry.modify(&pod.address, Part::Main, |value| {
        value["spec"]["nodeName"] = node.into();
        Ok(())
    });
    if bound.is_ok() {
        say(registry, pod, Condition { kind: "PodScheduled", status: "True", reason: "", message: "" });
    }
}

fn say_unschedulable(registry: &Registry, pod: &Pod, message: &str) {
    let said = Condition { kind: "PodScheduled", status: "False", reason: "Unschedulable", message };
    say(registry, pod, said);
}

fn say(registry: &Registry, pod: &Pod, said: Condition<'_>) {
    let now = registry.now();
    // A pod that is gone needs no word.
    let _ = registry.modify(&pod.address, Part::Status, |value| {
        let status = &mut value["status"];
        if status["phase"].is_null() {
            status["phase"] = "Pending".into();
        }
        condition::set(status, said, now);
        Ok(())
    });
}
