//! I12: what never helps is tried a bounded number of times per lineage, over all remediations.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Books, Effect, Findings, Limits, Oracle};
use crate::seen::{Seen, What};

/// What is taken back is no attempt to heal.
const UNDO: &str = "ReleaseNode";

pub(super) struct Attempts {
    limits: Limits,
    /// By lineage: when an attempt's first effect was sent, and which it was.
    sent: BTreeMap<String, BTreeSet<(Duration, String, u64)>>,
    known: BTreeSet<(String, u64)>,
}

impl Attempts {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, sent: BTreeMap::new(), known: BTreeSet::new() }
    }
}

impl Oracle for Attempts {
    fn see(&mut self, seen: &Seen, books: &Books, found: &mut Findings) {
        let What::Request(request) = &seen.what else { return };
        let Some(effect) = Effect::of(request).filter(|_| request.served.is_some()) else { return };
        let Some((name, number)) = effect.attempt() else { return };
        let Some((remediation, attempt)) = books.attempt(name, number) else { return };
        if attempt.action == UNDO || !self.known.insert((name.to_owned(), number)) {
            return;
        }
        let (most, window) = self.limits.attempts;
        let own = self.sent.entry(remediation.lineage.clone()).or_default();
        own.retain(|(at, ..)| attempt.seen.saturating_sub(*at) < window);
        own.insert((attempt.seen, name.to_owned(), number));
        if own.len() > most {
            found.add(format!(
                "{effect}: the {}. attempt on {}, {most} allowed",
                own.len(),
                remediation.lineage
            ));
        }
    }
}
