//! No page starts after an acknowledgement.

use std::time::Duration;

use super::pages::{Pages, told};
use super::{Books, Findings, Oracle};
use crate::seen::{Seen, What};

/// A message that had left already arrives this much later at most.
const ON_ITS_WAY: Duration = Duration::from_secs(12);

#[derive(Default)]
pub(super) struct Acknowledged {
    pages: Pages,
}

impl Oracle for Acknowledged {
    fn see(&mut self, seen: &Seen, _: &Books, found: &mut Findings) {
        if let What::Message(message) = &seen.what {
            for (key, is_firing) in told(message) {
                let page = self.pages.by_issue.get(&key);
                let acknowledged = page.and_then(|page| page.acknowledged);
                if is_firing && acknowledged.is_some_and(|at| message.arrived > at + ON_ITS_WAY) {
                    found.add(format!("{} {} was acknowledged at {acknowledged:?}", key.0, key.1));
                }
            }
        }
        self.pages.see(seen);
    }
}
