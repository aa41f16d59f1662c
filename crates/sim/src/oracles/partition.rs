//! I9: a healer that is cut off from the API, or does not hold the lease, changes nothing: no
//! effect is sent by anybody but whom the store names as the holder, nor by that one when it has
//! not renewed the lease for as long as it lasts.

use std::time::Duration;

use super::books::text;
use super::{Books, Effect, Findings, Limits, Oracle};
use crate::kinds;
use crate::seen::{Seen, What};

pub(super) struct Partition {
    limits: Limits,
    /// The holders so far, and since when each was.
    holders: Vec<(Duration, String)>,
    /// When the lease was written last.
    renewed: Duration,
}

impl Partition {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, holders: Vec::new(), renewed: Duration::ZERO }
    }

    /// Whose the lease was at a moment.
    fn holder(&self, at: Duration) -> &str {
        let own = self.holders.iter().rfind(|(since, _)| *since <= at);
        own.map_or("", |(_, holder)| holder)
    }
}

impl Oracle for Partition {
    fn see(&mut self, seen: &Seen, _: &Books, found: &mut Findings) {
        match &seen.what {
            What::Change(change)
                if change.address.kind == kinds::LEASE
                    && change.address.name.as_str() == "seaworthy-healer" =>
            {
                self.renewed = seen.at;
                let holder = text(&change.after.value()["spec"]["holderIdentity"]);
                if self.holders.last().is_none_or(|(_, last)| *last != holder) {
                    self.holders.push((seen.at, holder));
                }
            }
            What::Request(request) => {
                let Some(effect) = Effect::of(request) else { return };
                // The identity is the replica's name and its incarnation's.
                let holder = self.holder(request.sent);
                if holder.split('_').next() != Some(request.by.as_str()) {
                    found.add(format!("{effect}: sent while {holder:?} held the lease"));
                } else if request.sent > self.renewed + self.limits.lease {
                    found.add(format!("{effect}: its lease was last renewed at {:?}", self.renewed));
                }
            }
            _ => {}
        }
    }
}
