//! Nothing that was accepted is lost, and no page is held beyond its cap: what fires and stands for
//! itself is told in bounded time, whatever the healer does about it, and what is critical to those who
//! are told of that; and who was told that it fires is told that it is over.

use std::collections::BTreeSet;
use std::time::Duration;

use super::pages::{COOL_DOWN, Key, Pages};
use super::{Books, Findings, Limits, Oracle};
use crate::seen::Seen;

pub(super) struct HeldPages {
    limits: Limits,
    pages: Pages,
    /// What fires, and nobody was told; what is critical, and nobody was paged.
    late: BTreeSet<Key>,
    unpaged: BTreeSet<Key>,
    /// What is over, and who was not told so.
    unended: BTreeSet<(Key, String)>,
}

impl HeldPages {
    pub(super) fn new(limits: Limits) -> Self {
        let (late, unpaged, unended) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        Self { limits, pages: Pages::default(), late, unpaged, unended }
    }

    fn look(&mut self, at: Duration, found: &mut Findings) {
        let patience = self.limits.hold + self.limits.delivery;
        for (key, page) in self.pages.by_issue.iter().filter(|(_, page)| !self.pages.is_left_out(page)) {
            let Some(firing) = page.firing.filter(|_| page.acknowledged.is_none()) else { continue };
            let since = firing.max(self.pages.disturbed);
            let patience = patience + self.pages.backed_off(firing, self.limits.retry);
            if !page.is_told() && at.saturating_sub(since) > patience && self.late.insert(key.clone()) {
                let (lineage, check) = key;
                found.add(format!("{lineage} {check} has fired since {firing:?}, and nobody was told"));
            }
            let Some(critical) = page.critical.filter(|_| !page.is_paged()) else { continue };
            let since = critical.max(since);
            if at.saturating_sub(since) > patience && self.unpaged.insert(key.clone()) {
                let (lineage, check) = key;
                found.add(format!("{lineage} {check} is critical since {critical:?}, and nobody was paged"));
            }
        }
    }

    /// Who was told that something fires is told that it is over.
    fn look_for_ends(&mut self, at: Duration, found: &mut Findings) {
        for (key, page) in self.pages.by_issue.iter().filter(|(_, page)| page.began.is_none()) {
            let Some(over) = page.over else { continue };
            let since = over.max(self.pages.disturbed);
            let patience = COOL_DOWN + self.limits.delivery + self.pages.backed_off(over, self.limits.retry);
            if at.saturating_sub(since) <= patience {
                continue;
            }
            for receiver in &page.open {
                if self.unended.insert((key.clone(), receiver.clone())) {
                    let (lineage, check) = key;
                    found.add(format!(
                        "{lineage} {check} is over since {over:?}, and {receiver} was not told"
                    ));
                }
            }
        }
    }
}

impl Oracle for HeldPages {
    fn see(&mut self, seen: &Seen, _: &Books, found: &mut Findings) {
        self.pages.see(seen);
        self.look(seen.at, found);
        self.look_for_ends(seen.at, found);
    }

    fn end(&mut self, at: Duration, _: &Books, found: &mut Findings) {
        self.look(at, found);
        self.look_for_ends(at, found);
    }
}
