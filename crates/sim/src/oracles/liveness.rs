//! When the faults are over, everything comes to an end in bounded time: no repair hangs, no mark is
//! left behind, and what is still in trouble is known to the monitor.

use std::collections::BTreeMap;
use std::time::Duration;

use super::books::Remediation;
use super::pages::Pages;
use super::{Books, Findings, Limits, Oracle};
use crate::seen::{Seen, What};

pub(super) struct Liveness {
    limits: Limits,
    pages: Pages,
    /// Since when a remediation is put off without a break.
    put_off: BTreeMap<String, Duration>,
}

impl Liveness {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, pages: Pages::default(), put_off: BTreeMap::new() }
    }

    /// What another issue explains waits for what is done about that one.
    fn is_explained(&self, remediation: &Remediation) -> bool {
        let key = (remediation.lineage.clone(), remediation.check.clone());
        self.pages.by_issue.get(&key).is_some_and(|page| page.is_folded)
    }

    fn remediations(&self, at: Duration, books: &Books, found: &mut Findings) {
        for (name, remediation) in books.remediations.iter().filter(|(_, own)| !own.is_deleted) {
            let is_busy = matches!(remediation.phase.as_str(), "Acting" | "Verifying" | "Pending" | "");
            let idle = at.saturating_sub(remediation.changed);
            let is_explained = remediation.phase == "Pending" && self.is_explained(remediation);
            if is_busy && !is_explained && idle > self.limits.calm {
                found.add(format!("{name} has been {} since {:?}", remediation.phase, remediation.changed));
            }
        }
    }

    /// Nothing that was put off for what the faults did stays put off.
    fn put_off(&self, at: Duration, books: &Books, found: &mut Findings) {
        let calm = books.calm.unwrap_or_default();
        for (name, since) in &self.put_off {
            let Some(own) = books.remediations.get(name).filter(|own| !self.is_explained(own)) else {
                continue;
            };
            // What was given up counts for a while, and so do the latest hour's effects.
            let waits = if own.rule == "Budget" { self.limits.given_up } else { Duration::ZERO };
            if at.saturating_sub(calm.max(*since)) > self.limits.calm + waits {
                found.add(format!(
                    "{name}: {} of {} put off by {} since {since:?}",
                    own.check, own.lineage, own.rule
                ));
            }
        }
    }

    fn marks(&self, at: Duration, books: &Books, found: &mut Findings) {
        if books.brake.0 != Some(false) {
            return;
        }
        for (name, node) in &books.nodes {
            let is_well = node.is_ready && at.saturating_sub(node.since) > self.limits.calm;
            if is_well && node.quarantined.is_some() && !node.is_excluded {
                found.add(format!("{name} is well since {:?}, and still in quarantine", node.since));
            }
        }
    }

    /// A pod that has long been without readiness, whose workload nobody complains of.
    fn silence(&self, at: Duration, books: &Books, found: &mut Findings) {
        let is_told = |name: &str| {
            self.pages.by_issue.iter().any(|((lineage, _), page)| {
                (page.firing.is_some() || page.is_folded) && lineage.split('/').any(|part| part == name)
            })
        };
        for pod in books.pods.values().filter(|pod| pod.gone.is_none() && !pod.is_ready && !pod.has_ended) {
            let is_long =
                at.saturating_sub(pod.since) > self.limits.calm && !pod.is_going && !pod.is_corrupted;
            let names = [
                Some(pod.name.as_str()),
                books.top(pod).map(|(_, top)| top.name.as_str()),
                Some(pod.node.as_str()),
            ];
            if is_long && !names.into_iter().flatten().any(is_told) {
                found.add(format!(
                    "pod {}/{} is not ready since {:?}, and nobody says so",
                    pod.namespace, pod.name, pod.since
                ));
            }
        }
    }
}

impl Oracle for Liveness {
    fn see(&mut self, seen: &Seen, books: &Books, _: &mut Findings) {
        self.pages.see(seen);
        let What::Change(change) = &seen.what else { return };
        if change.address.kind.plural == "remediations" {
            let name = change.address.name.as_str();
            match books.remediations.get(name) {
                Some(own) if own.phase == "Deferred" && !own.is_deleted => {
                    self.put_off.entry(name.to_owned()).or_insert(seen.at);
                }
                _ => drop(self.put_off.remove(name)),
            }
        }
    }

    fn end(&mut self, at: Duration, books: &Books, found: &mut Findings) {
        if books.calm.is_none() {
            return;
        }
        self.remediations(at, books, found);
        self.put_off(at, books, found);
        self.marks(at, books, found);
        self.silence(at, books, found);
    }
}
