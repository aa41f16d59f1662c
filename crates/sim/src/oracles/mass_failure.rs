//! I11: when a large share of the nodes is in trouble, nothing is taken away from anybody.

use std::time::Duration;

use super::hearsay::BLINDING;
use super::{Books, Effect, Findings, Limits, Oracle};
use crate::seen::{Seen, What};

/// How long the share must have been reached for the healer to know: a change's way through its
/// watch, and a request that was under way.
const HEARD: Duration = Duration::from_secs(15);

pub(super) struct MassFailure {
    limits: Limits,
    since: Option<Duration>,
}

impl MassFailure {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, since: None }
    }
}

impl Oracle for MassFailure {
    fn see(&mut self, seen: &Seen, books: &Books, found: &mut Findings) {
        match &seen.what {
            What::Change(change) if change.address.kind == crate::kinds::NODE => {
                let down = books.nodes.values().filter(|node| !node.is_ready).count();
                let is_mass =
                    down >= 2 && down * 100 >= self.limits.mass_percent as usize * books.nodes.len();
                self.since = if is_mass { Some(self.since.unwrap_or(seen.at)) } else { None };
            }
            What::Request(request) => {
                let Some(effect) = Effect::granted(request).filter(Effect::is_destructive) else { return };
                let Some(since) = self.since else { return };
                let known = request.sent.saturating_sub(since) >= HEARD;
                if known && !books.is_disturbed(&BLINDING, seen.at, HEARD) {
                    found.add(format!("{effect}: many nodes have been in trouble since {since:?}"));
                }
            }
            _ => {}
        }
    }
}
