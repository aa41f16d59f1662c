//! Nothing that was accepted is lost, and no page is held beyond its cap: what fires and stands for
//! itself is told in bounded time, whatever the healer does about it.

use std::collections::BTreeSet;
use std::time::Duration;

use super::pages::{Key, Pages};
use super::{Books, Findings, Limits, Oracle};
use crate::seen::Seen;

pub(super) struct HeldPages {
    limits: Limits,
    pages: Pages,
    late: BTreeSet<Key>,
}

impl HeldPages {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, pages: Pages::default(), late: BTreeSet::new() }
    }

    fn look(&mut self, at: Duration, found: &mut Findings) {
        let patience = self.limits.hold + self.limits.delivery;
        for (key, page) in &self.pages.by_issue {
            let Some(firing) = page.firing.filter(|_| page.acknowledged.is_none()) else { continue };
            let since = firing.max(self.pages.disturbed);
            let patience = patience + self.pages.backed_off(firing, self.limits.retry);
            if !page.is_told() && at.saturating_sub(since) > patience && self.late.insert(key.clone()) {
                let (lineage, check) = key;
                found.add(format!("{lineage} {check} has fired since {firing:?}, and nobody was told"));
            }
        }
    }
}

impl Oracle for HeldPages {
    fn see(&mut self, seen: &Seen, _: &Books, found: &mut Findings) {
        self.pages.see(seen);
        self.look(seen.at, found);
    }

    fn end(&mut self, at: Duration, _: &Books, found: &mut Findings) {
        self.look(at, found);
    }
}
