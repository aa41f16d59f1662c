//! A sender that is silent is not taken for a recovery: nobody is told that something is over which
//! the monitor did not say, as long as it says nothing at all.

use std::time::Duration;

use super::pages::{Pages, told};
use super::{Books, Findings, Oracle};
use crate::seen::{Seen, What};

/// Its alerts are valid for five minutes, and repeated every minute: a monitor that was heard within
/// this time is one that leaves the alert out.
const SILENT: Duration = Duration::from_mins(7);

#[derive(Default)]
pub(super) struct DeadSender {
    pages: Pages,
}

impl Oracle for DeadSender {
    fn see(&mut self, seen: &Seen, books: &Books, found: &mut Findings) {
        if let What::Message(message) = &seen.what {
            for (key, is_firing) in told(message) {
                let Some(page) = self.pages.by_issue.get(&key) else { continue };
                let is_silent = message.arrived.saturating_sub(self.pages.heard) > SILENT;
                let was_jump = books.is_disturbed(&["clock jump"], seen.at, Duration::ZERO);
                if !is_firing && is_silent && (page.firing.is_some() || page.is_folded) && !was_jump {
                    found.add(format!(
                        "{} {} is said to be over; the monitor has been silent since {:?}",
                        key.0, key.1, self.pages.heard
                    ));
                }
            }
        }
        self.pages.see(seen);
    }
}
