//! I1: what the healer disrupts at once, and within an hour, stays within the budgets, counted
//! from what reached the API.

use std::collections::VecDeque;
use std::time::Duration;

use super::books::{Attempt, Pod};
use super::hearsay::BLINDING;
use super::{Books, Effect, Findings, Limits, Oracle, Verb};
use crate::seen::{Seen, What};

/// How long a mark of somebody else must have been on a node before the healer has to count it.
const HEARD: Duration = Duration::from_mins(1);
/// The intent is older than its effect by up to a request and a hand-over: so much of the hour is
/// not counted.
const HOUR: Duration = Duration::from_mins(58);

pub(super) struct Budget {
    limits: Limits,
    away: Vec<Away>,
    pods: VecDeque<Duration>,
    nodes: VecDeque<(Duration, String)>,
}

/// A pod that the healer took away and that nothing has taken the place of, or that it is about to
/// take.
#[derive(Clone, PartialEq)]
struct Away {
    at: Duration,
    remediation: String,
    name: String,
    owner: String,
    namespace: String,
    node: String,
    zone: String,
}

impl Budget {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, away: Vec::new(), pods: VecDeque::new(), nodes: VecDeque::new() }
    }

    fn evicted(&mut self, effect: &Effect<'_>, books: &Books, at: Duration, found: &mut Findings) {
        let (remediation, number) = effect.attempt().unwrap_or_default();
        let is_drain = books.attempt(remediation, number).is_some_and(|(_, own)| own.action == "DrainNode");
        let Some(away) = away(effect.uid(), remediation, is_drain, books, at) else { return };
        self.forget(books, at);
        // One that is tried again is the same one away.
        self.away.retain(|other| !is_same(other, &away));
        self.away.push(away.clone());
        self.check(&effect.to_string(), &away, books, found);
        self.pods.push_back(at);
        self.pods.retain(|earlier| at.saturating_sub(*earlier) < HOUR);
        if self.pods.len() > self.limits.per_hour.0 {
            found.add(format!("{effect}: {} pods were taken within the hour", self.pods.len()));
        }
    }

    /// An intent counts as what it may come to at any moment.
    fn intended(&mut self, name: &str, books: &Books, at: Duration, found: &mut Findings) {
        self.forget(books, at);
        for away in pending(name, books, at) {
            self.check(&format!("{name} intends to"), &away, books, found);
        }
    }

    /// What has been replaced, has gone for good, or was long enough ago, is not away any more.
    fn forget(&mut self, books: &Books, at: Duration) {
        let settle = self.limits.settle;
        self.away.retain(|away| {
            let replaced = books.pods.values().any(|pod| {
                pod.born >= away.at
                    && pod.was_ready
                    && books.top(pod).is_some_and(|(uid, _)| uid == away.owner)
            });
            let is_over = replaced || is_whole_without(away, books) || is_unwanted(away, books);
            !is_over && at.saturating_sub(away.at) < settle
        });
    }

    /// Counts one with all others that are away or about to be.
    fn check(&self, who: &str, own: &Away, books: &Books, found: &mut Findings) {
        let mut all = self.away.clone();
        for away in books.remediations.keys().flat_map(|name| pending(name, books, own.at)) {
            if !all.iter().any(|other| is_same(other, &away)) {
                all.push(away);
            }
        }
        let count = |is_in: &dyn Fn(&Away) -> bool| all.iter().filter(|away| is_in(away)).count();
        let (cluster, zone, namespace) = self.limits.pods;
        let zone = if own.zone.is_empty() { usize::MAX } else { zone };
        let replicas = books.workloads.get(&own.owner).map_or(1, |workload| workload.replicas);
        let of_owner = share(self.limits.owner_percent, replicas);
        for (what, used, limit) in [
            ("the cluster", count(&|_| true), cluster),
            ("its zone", count(&|away| away.zone == own.zone), zone),
            ("its namespace", count(&|away| away.namespace == own.namespace), namespace),
            ("its workload", count(&|away| away.owner == own.owner), of_owner),
        ] {
            if used > limit {
                found.add(format!("{who}: {used} pods of {what} are away at once, {limit} allowed"));
            }
        }
    }

    fn quarantined(&mut self, effect: &Effect<'_>, books: &Books, at: Duration, found: &mut Findings) {
        let is_blind = books.is_disturbed(&BLINDING, at, HEARD);
        let zone = books.nodes.get(effect.name).map(|node| node.zone.clone()).unwrap_or_default();
        let (mut down, mut in_zone, mut size) = (1, 1, 0);
        for (name, node) in &books.nodes {
            size += usize::from(node.zone == zone);
            let is_held = node.held.is_some_and(|since| !is_blind && at.saturating_sub(since) >= HEARD);
            let is_ours = || node.quarantined.is_some() || is_worked_on(name, books);
            if name != effect.name && (is_held || is_ours()) {
                down += 1;
                in_zone += usize::from(node.zone == zone);
            }
        }
        let (cluster, of_zone) = self.limits.nodes_percent;
        for (what, used, limit) in [
            ("the cluster", down, share(cluster, books.nodes.len())),
            ("its zone", in_zone, if zone.is_empty() { usize::MAX } else { share(of_zone, size) }),
        ] {
            if used > limit {
                found.add(format!("{effect}: {used} nodes of {what} are down at once, {limit} allowed"));
            }
        }
        self.nodes.retain(|(earlier, name)| at.saturating_sub(*earlier) < HOUR && name != effect.name);
        self.nodes.push_back((at, effect.name.to_owned()));
        if self.nodes.len() > self.limits.per_hour.1 {
            found.add(format!("{effect}: {} nodes were taken within the hour", self.nodes.len()));
        }
    }
}

/// Whether the workload has all the pods that it wants, each of which was ready at some time, and this is
/// none of them: a rollout had made them before it went.
fn is_whole_without(away: &Away, books: &Books) -> bool {
    let Some(workload) = books.workloads.get(&away.owner) else { return false };
    let is_one = |pod: &&Pod| {
        let is_there = !pod.is_going && pod.gone.is_none() && pod.was_ready && pod.name != away.name;
        is_there && books.top(pod).is_some_and(|(uid, _)| uid == away.owner)
    };
    workload.replicas > 0 && books.pods.values().filter(is_one).count() >= workload.replicas
}

/// Whether nobody wants a pod in that place any more: a DaemonSet wants none on a node that somebody
/// has tainted, and has all the others; a StatefulSet none with a number that it no longer counts to; or
/// the workload is gone.
fn is_unwanted(away: &Away, books: &Books) -> bool {
    let Some(workload) = books.workloads.get(&away.owner) else { return true };
    if let Some(first) = workload.first {
        let number = away.name.rsplit_once('-').and_then(|(_, number)| number.parse::<usize>().ok());
        return number.is_some_and(|number| !(first..first + workload.replicas).contains(&number));
    }
    let is_its = |pod: &&Pod| books.top(pod).is_some_and(|(uid, _)| uid == away.owner);
    let stays = |pod: &&Pod| !pod.is_going && pod.gone.is_none();
    let others = || books.pods.values().filter(stays).filter(is_its);
    workload.is_daemon_set
        && others().all(|pod| pod.node != away.node)
        && others().count() >= workload.replicas
}

fn is_same(one: &Away, other: &Away) -> bool {
    one.owner == other.owner && one.remediation == other.remediation
}

/// A pod that a remediation takes away. None for what a drain moves that served nobody: nothing that
/// serves is waited for in its place.
fn away(uid: &str, remediation: &str, is_drain: bool, books: &Books, at: Duration) -> Option<Away> {
    let pod = books.pods.get(uid).filter(|pod| pod.is_ready || !is_drain)?;
    let (owner, _) = books.top(pod)?;
    let zone = books.nodes.get(&pod.node).map(|node| node.zone.clone()).unwrap_or_default();
    let (remediation, owner, node) = (remediation.to_owned(), owner.to_owned(), pod.node.clone());
    let (name, namespace) = (pod.name.clone(), pod.namespace.clone());
    Some(Away { at, remediation, name, owner, namespace, node, zone })
}

/// Whether an attempt is open by which a node is, or may at any moment be, taken out of use.
fn is_worked_on(node: &str, books: &Books) -> bool {
    let is_of_node = |lineage: &str| lineage.strip_prefix("Node/") == Some(node);
    let takes = |attempt: &Attempt| {
        attempt.is_open && matches!(attempt.action.as_str(), "QuarantineNode" | "DrainNode")
    };
    let mut own = books.remediations.values().filter(|own| !own.is_deleted && is_of_node(&own.lineage));
    own.any(|own| own.attempts.last().is_some_and(takes))
}

/// The pods that a remediation may take at any moment: those that are still there.
fn pending(name: &str, books: &Books, at: Duration) -> Vec<Away> {
    let Some(own) = books.remediations.get(name).filter(|own| !own.is_deleted) else { return Vec::new() };
    let Some(newest) = own.attempts.last().filter(|newest| newest.is_open) else { return Vec::new() };
    let is_drain = newest.action == "DrainNode";
    let is_there =
        |uid: &&String| books.pods.get(*uid).is_some_and(|pod| pod.gone.is_none() && !pod.is_going);
    let parts = newest.intended.iter().filter(is_there).filter(|_| is_drain || newest.action == "EvictPod");
    parts.filter_map(|uid| away(uid, name, is_drain, books, at)).collect()
}

/// So many percent of `size`, and at least one.
pub(super) fn share(percent: u32, size: usize) -> usize {
    (size * percent as usize / 100).max(1)
}

impl Oracle for Budget {
    fn see(&mut self, seen: &Seen, books: &Books, found: &mut Findings) {
        let request = match &seen.what {
            What::Request(request) => request,
            What::Change(change) if change.address.kind.plural == "remediations" => {
                return self.intended(&change.address.name, books, seen.at, found);
            }
            _ => return,
        };
        let Some(effect) = Effect::granted(request) else { return };
        match effect.verb {
            Verb::Evict | Verb::Delete if effect.plural == "pods" => {
                self.evicted(&effect, books, seen.at, found);
            }
            Verb::Change if effect.quarantines() == Some(true) => {
                self.quarantined(&effect, books, seen.at, found);
            }
            _ => {}
        }
    }
}
