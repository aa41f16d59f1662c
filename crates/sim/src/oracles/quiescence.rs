//! I8: when the faults are over, the healer comes to rest and stays there.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::books::Remediation;
use super::{Books, Effect, Findings, Limits, Oracle};
use crate::seen::{Seen, What};

/// How often a node may go into quarantine in one run, per time that it was really in trouble:
/// more is flapping.
const QUARANTINES_MAX: usize = 2;

pub(super) struct Quiescence {
    limits: Limits,
    /// By node: quarantines, and times its condition changed.
    nodes: BTreeMap<String, (usize, usize)>,
    late: Option<String>,
    /// By remediation: how many attempts it had.
    remediations: BTreeMap<String, usize>,
    /// The remediations that the budgets hold now.
    waiting: BTreeSet<String>,
    /// By remediation: until when it waited behind what was given up.
    waited: BTreeMap<String, Duration>,
}

impl Quiescence {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            nodes: BTreeMap::new(),
            late: None,
            remediations: BTreeMap::new(),
            waiting: BTreeSet::new(),
            waited: BTreeMap::new(),
        }
    }

    /// Whether everything should long be over. A repair whose turn came late has its time from then on.
    fn is_late(&self, name: Option<&str>, books: &Books, at: Duration) -> bool {
        let waited = name.and_then(|name| self.waited.get(name)).copied().unwrap_or_default();
        books.calm.is_some_and(|calm| {
            // What was tried once more after the faults may be given up then; nothing after that.
            let latest = calm + self.limits.calm + self.given_up();
            at.saturating_sub(calm.max(waited.min(latest))) > self.limits.calm
        })
    }

    /// For how long what was given up keeps others waiting, and the moments until these look again.
    fn given_up(&self) -> Duration {
        self.limits.given_up + self.limits.settle
    }

    /// What others took away and gave up counts in the budgets for a while.
    fn wait(&mut self, name: &str, books: &Books, at: Duration) {
        let lasts = self.given_up();
        let counts = |(other, own): (&String, &Remediation)| {
            own.is_given_up() && !own.is_deleted && other != name && at.saturating_sub(own.changed) < lasts
        };
        if self.waiting.remove(name) && books.remediations.iter().any(counts) {
            self.waited.insert(name.to_owned(), at);
        }
        if books.remediations.get(name).is_some_and(|own| own.phase == "Deferred" && own.rule == "Budget") {
            self.waiting.insert(name.to_owned());
        }
    }

    /// What is taken up or tried anew when everything should long be over.
    fn taken_up(&mut self, name: &str, books: &Books, at: Duration, found: &mut Findings) {
        let Some(own) = books.remediations.get(name).filter(|own| !own.is_deleted) else { return };
        let attempts = own.attempts.len();
        let before = self.remediations.insert(name.to_owned(), attempts);
        if before.is_none_or(|before| before < attempts) && self.is_late(Some(name), books, at) {
            let what = if before.is_none() { "is taken up" } else { "is tried again" };
            found.add(format!("{name}: {} of {} {what}, long after the last fault", own.check, own.lineage));
        }
    }

    fn count(&mut self, effect: &Effect<'_>, found: &mut Findings) {
        if effect.quarantines() != Some(true) {
            return;
        }
        let (quarantines, turns) = self.nodes.entry(effect.name.to_owned()).or_default();
        *quarantines += 1;
        if *quarantines > QUARANTINES_MAX * (*turns).max(1) {
            found.add(format!("{effect}: the {quarantines}. time, for {turns} times in trouble"));
        }
    }
}

impl Oracle for Quiescence {
    fn see(&mut self, seen: &Seen, books: &Books, found: &mut Findings) {
        match &seen.what {
            What::Change(change) if change.address.kind == crate::kinds::NODE => {
                let name = change.address.name.as_str();
                if books.nodes.get(name).is_some_and(|node| !node.is_ready && node.since == seen.at) {
                    self.nodes.entry(name.to_owned()).or_default().1 += 1;
                }
            }
            What::Change(change) if change.address.kind.plural == "remediations" => {
                self.wait(&change.address.name, books, seen.at);
                self.taken_up(&change.address.name, books, seen.at, found);
            }
            What::Request(request) => {
                let Some(effect) = Effect::granted(request) else { return };
                self.count(&effect, found);
                let remediation = effect.attempt().map(|(name, _)| name);
                if self.is_late(remediation, books, seen.at) && self.late.is_none() {
                    self.late = Some(effect.to_string());
                    let calm = Duration::as_secs(&self.limits.calm);
                    found.add(format!("{effect}: {calm}s after the last fault it is still not at rest"));
                }
            }
            _ => {}
        }
    }
}
