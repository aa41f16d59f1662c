//! I11: when a large share of the nodes is in trouble, nothing is taken away from anybody.

use std::time::Duration;

use super::hearsay::BLINDING;
use super::{Books, Effect, Findings, Limits, Oracle};
use crate::seen::{Seen, What};

/// How long the share must have been reached for the healer to know: a change's way through its
/// watch, and a request that was under way.
const HEARD: Duration = Duration::from_secs(15);

/// How long a node must have been short of something for the monitor to have told: it waits for
/// half a minute first.
const TOLD: Duration = Duration::from_secs(75);

pub(super) struct MassFailure {
    limits: Limits,
    since: Option<Duration>,
}

/// Whether so many of so many are a large share.
fn is_mass(sick: usize, books: &Books, percent: u32) -> bool {
    sick >= 2 && sick * 100 >= percent as usize * books.nodes.len()
}

/// How many nodes have been in trouble for so long that the healer must have been told of each:
/// unready, or short of something, be it that a sensor is wrong about all of them.
fn sick(books: &Books, at: Duration) -> usize {
    let lasts = |since: Duration, enough: Duration| at.saturating_sub(since) >= enough;
    let is_sick = |node: &&super::books::Node| {
        !node.is_ready && lasts(node.since, HEARD) || node.pressed.is_some_and(|since| lasts(since, TOLD))
    };
    books.nodes.values().filter(is_sick).count()
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
                let is_mass = is_mass(down, books, self.limits.mass_percent);
                self.since = if is_mass { Some(self.since.unwrap_or(seen.at)) } else { None };
            }
            What::Request(request) => {
                let Some(effect) = Effect::granted(request).filter(Effect::is_destructive) else { return };
                if books.is_disturbed(&BLINDING, seen.at, HEARD) {
                    return;
                }
                let sick = sick(books, request.sent);
                if self.since.is_some_and(|since| request.sent.saturating_sub(since) >= HEARD) {
                    found.add(format!("{effect}: many nodes have been in trouble since {:?}", self.since));
                } else if is_mass(sick, books, self.limits.mass_percent) {
                    found.add(format!("{effect}: {sick} nodes are in trouble"));
                }
            }
            _ => {}
        }
    }
}
