//! What the healer gives up goes to a person: its page leaves at once, not when the hold would have
//! ended.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::hearsay::BLINDING;
use super::pages::{Key, Pages};
use super::{Books, Findings, Limits, Oracle};
use crate::seen::{Seen, What};

/// Faults that keep the healer's word from the alerter: others than those on its way to the API
/// server, without which it does not know itself that it has given up.
const MUTE: [&str; 3] = ["service crash", "service pause", "mid attempt"];

pub(super) struct HandOver {
    limits: Limits,
    pages: Pages,
    given_up: BTreeMap<Key, Duration>,
    late: BTreeSet<Key>,
    /// Until when something kept the healer's word from the alerter.
    muted: Duration,
}

impl HandOver {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            pages: Pages::default(),
            given_up: BTreeMap::new(),
            late: BTreeSet::new(),
            muted: Duration::ZERO,
        }
    }
}

impl Oracle for HandOver {
    fn see(&mut self, seen: &Seen, books: &Books, found: &mut Findings) {
        self.pages.see(seen);
        let is_mute = |name: &str| MUTE.contains(&name) || BLINDING.contains(&name);
        if matches!(seen.what, What::Fault(_)) || books.faults.keys().any(|(name, _)| is_mute(name)) {
            self.muted = seen.at;
        }
        if let What::Change(change) = &seen.what
            && change.address.kind.plural == "remediations"
            && let Some(remediation) = books.remediations.get(change.address.name.as_str())
        {
            let key = (remediation.lineage.clone(), remediation.check.clone());
            if remediation.phase == "Escalated" {
                self.given_up.entry(key).or_insert(seen.at);
            } else {
                self.given_up.remove(&key);
            }
        }
        for (key, at) in &self.given_up {
            let Some(page) = self.pages.by_issue.get(key) else { continue };
            let Some(firing) = page.firing.filter(|_| page.acknowledged.is_none()) else { continue };
            let since = firing.max(*at).max(self.pages.disturbed).max(self.muted);
            let patience = self.limits.delivery + self.pages.backed_off(firing, self.limits.retry);
            let is_late = seen.at.saturating_sub(since) > patience;
            if !page.is_told() && is_late && self.late.insert(key.clone()) {
                found.add(format!("{} {} was given up at {at:?}, and nobody was told", key.0, key.1));
            }
        }
    }
}
