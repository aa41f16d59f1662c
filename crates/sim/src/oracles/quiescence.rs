//! I8: when the faults are over, the healer comes to rest and stays there.

use std::collections::BTreeMap;
use std::time::Duration;

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
}

impl Quiescence {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, nodes: BTreeMap::new(), late: None, remediations: BTreeMap::new() }
    }

    fn is_late(&self, books: &Books, at: Duration) -> bool {
        books.calm.is_some_and(|calm| at.saturating_sub(calm) > self.limits.calm)
    }

    /// What is taken up or tried anew when everything should long be over.
    fn taken_up(&mut self, name: &str, books: &Books, at: Duration, found: &mut Findings) {
        let Some(own) = books.remediations.get(name).filter(|own| !own.is_deleted) else { return };
        let attempts = own.attempts.len();
        let before = self.remediations.insert(name.to_owned(), attempts);
        if before.is_none_or(|before| before < attempts) && self.is_late(books, at) {
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
                self.taken_up(&change.address.name, books, seen.at, found);
            }
            What::Request(request) => {
                let Some(effect) = Effect::granted(request) else { return };
                self.count(&effect, found);
                if self.is_late(books, seen.at) && self.late.is_none() {
                    self.late = Some(effect.to_string());
                    let calm = Duration::as_secs(&self.limits.calm);
                    found.add(format!("{effect}: {calm}s after the last fault it is still not at rest"));
                }
            }
            _ => {}
        }
    }
}
