//! I1: what the healer disrupts at once, and within an hour, stays within the budgets, counted
//! from what reached the API.

use std::collections::VecDeque;
use std::time::Duration;

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

/// A pod that the healer took away and that nothing has taken the place of.
struct Away {
    at: Duration,
    remediation: String,
    owner: String,
    namespace: String,
    zone: String,
}

impl Budget {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, away: Vec::new(), pods: VecDeque::new(), nodes: VecDeque::new() }
    }

    fn evicted(&mut self, effect: &Effect<'_>, books: &Books, at: Duration, found: &mut Findings) {
        let Some(pod) = books.pods.get(effect.uid()) else { return };
        let Some((owner, workload)) = books.top(pod) else { return };
        let settle = self.limits.settle;
        self.away.retain(|away| {
            let replaced = books.pods.values().any(|pod| {
                pod.born >= away.at
                    && pod.was_ready
                    && books.top(pod).is_some_and(|(uid, _)| uid == away.owner)
            });
            !replaced && at.saturating_sub(away.at) < settle && books.workloads.contains_key(&away.owner)
        });
        let (remediation, number) = effect.attempt().unwrap_or_default();
        let is_drain = books.attempt(remediation, number).is_some_and(|(_, own)| own.action == "DrainNode");
        if is_drain && !pod.is_ready {
            // It served nobody, and nothing that serves is waited for in its place.
            return;
        }
        // One that is tried again is the same one away.
        self.away.retain(|away| !(away.owner == owner && away.remediation == remediation));
        let zone = books.nodes.get(&pod.node).map(|node| node.zone.clone()).unwrap_or_default();
        self.away.push(Away {
            at,
            remediation: remediation.to_owned(),
            owner: owner.to_owned(),
            namespace: pod.namespace.clone(),
            zone: zone.clone(),
        });
        let count = |is_in: &dyn Fn(&Away) -> bool| self.away.iter().filter(|away| is_in(away)).count();
        let (cluster, in_zone, in_namespace) = self.limits.pods;
        let of_owner = share(self.limits.owner_percent, workload.replicas);
        for (what, used, limit) in [
            ("the cluster", count(&|_| true), cluster),
            (
                "its zone",
                count(&|away| away.zone == zone),
                if zone.is_empty() { usize::MAX } else { in_zone },
            ),
            ("its namespace", count(&|away| away.namespace == pod.namespace), in_namespace),
            ("its workload", count(&|away| away.owner == owner), of_owner),
        ] {
            if used > limit {
                found.add(format!("{effect}: {used} pods of {what} are away at once, {limit} allowed"));
            }
        }
        self.pods.push_back(at);
        self.pods.retain(|earlier| at.saturating_sub(*earlier) < HOUR);
        if self.pods.len() > self.limits.per_hour.0 {
            found.add(format!("{effect}: {} pods were taken within the hour", self.pods.len()));
        }
    }

    fn quarantined(&mut self, effect: &Effect<'_>, books: &Books, at: Duration, found: &mut Findings) {
        let is_blind = books.is_disturbed(&BLINDING, at, HEARD);
        let zone = books.nodes.get(effect.name).map(|node| node.zone.clone()).unwrap_or_default();
        let (mut down, mut in_zone, mut size) = (1, 1, 0);
        for (name, node) in &books.nodes {
            size += usize::from(node.zone == zone);
            let is_held = node.held.is_some_and(|since| !is_blind && at.saturating_sub(since) >= HEARD);
            if name != effect.name && (node.quarantined.is_some() || is_held) {
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

/// So many percent of `size`, and at least one.
pub(super) fn share(percent: u32, size: usize) -> usize {
    (size * percent as usize / 100).max(1)
}

impl Oracle for Budget {
    fn see(&mut self, seen: &Seen, books: &Books, found: &mut Findings) {
        let What::Request(request) = &seen.what else { return };
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
