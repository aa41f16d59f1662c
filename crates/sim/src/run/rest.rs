//! Whether a run has come to rest, so that nothing is left to be seen of it.
//!
//! After the faults, most runs have nothing to do but to renew leases for the rest of their hour. A
//! run is over early when nothing is in trouble, nothing is under way, and nobody has done anything
//! for longer than any promise may take. What is not at rest plays on, so that what hangs or flaps is
//! found as before; and some plans play to their end in any case.

use std::time::Duration;

use crate::kinds;
use crate::oracles::{Books, Effect, Limits};
use crate::seen::{Seen, What};

/// Whatever may be waited for has come by then.
const MARGIN: Duration = Duration::from_mins(1);

/// How long there has been nothing new.
pub(super) struct Rest {
    /// The longest that a page may be on its way: silence for longer is not that of a held page.
    enough: Duration,
    /// When something was last done or told.
    last: Duration,
}

impl Rest {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { enough: limits.hold + limits.delivery + MARGIN, last: Duration::ZERO }
    }

    pub(super) fn see(&mut self, seen: &Seen) {
        let is_news = match &seen.what {
            What::Request(request) => Effect::of(request).is_some(),
            // Kubelets go on renewing and reporting; how their nodes are is asked of the books.
            What::Change(change) => change.address.kind != kinds::LEASE && change.address.kind != kinds::NODE,
            What::Post(_) => false,
            What::Message(_) | What::Acknowledged(..) | What::Life(_) | What::Fault(_) | What::Calm => true,
        };
        if is_news {
            self.last = seen.at;
        }
    }

    /// Whether it is at rest now.
    pub(super) fn is_reached(&self, at: Duration, books: &Books) -> bool {
        at.saturating_sub(self.last) >= self.enough && books.is_all_well(at, self.enough)
    }
}
