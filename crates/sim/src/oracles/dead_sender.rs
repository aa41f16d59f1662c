//! A sender that is silent is not taken for a recovery: nobody is told that something is over which
//! the monitor did not say, as long as it says nothing at all.

use std::time::Duration;

use super::pages::{Pages, told};
use super::{Books, Findings, Oracle};
use crate::seen::{Seen, What};

/// Its alerts are valid for five minutes, and repeated every minute: a monitor that was heard so long
/// after it last said that the issue goes on is one that leaves the alert out.
const LEFT_OUT: Duration = Duration::from_mins(3);
/// A message about an end that the monitor did tell of may be so late, and overtaken by its next word.
const SILENT: Duration = Duration::from_mins(4);

#[derive(Default)]
pub(super) struct DeadSender {
    pages: Pages,
}

impl Oracle for DeadSender {
    fn see(&mut self, seen: &Seen, books: &Books, found: &mut Findings) {
        if let What::Message(message) = &seen.what {
            for (key, is_firing) in told(message) {
                let Some(page) = self.pages.by_issue.get(&key) else { continue };
                let Some(said) = page.said.filter(|_| page.began.is_some()) else { continue };
                let is_left_out = self.pages.heard >= said + LEFT_OUT;
                let was_jump = books.is_disturbed(&["clock jump"], seen.at, Duration::ZERO);
                let is_silent = message.arrived.saturating_sub(self.pages.heard) > SILENT;
                if !is_firing && is_silent && !is_left_out && !was_jump {
                    found.add(format!(
                        "{} {} is said to be over; the monitor said at {said:?} that it is not, and nothing \
                         after {:?}",
                        key.0, key.1, self.pages.heard
                    ));
                }
            }
        }
        self.pages.see(seen);
    }
}
