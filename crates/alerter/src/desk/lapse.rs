//! Lapsed, expired, lost: what it means that an alert is not posted again.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use model::alert::RESEND_INTERVAL;

use crate::book::episodes::Lapse;

/// A source that is not heard for longer has fallen silent: two of its rounds were missed.
const GAP_MAX: SignedDuration = SignedDuration::from_secs(2 * RESEND_INTERVAL.as_secs());

/// The least validity that is assumed of an alert, so that one posted with its end a moment
/// ahead is not judged before its source can have posted again.
const VALIDITY_MIN: SignedDuration = SignedDuration::from_secs(RESEND_INTERVAL.as_secs());

/// Who has been heard, and since when without a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listening {
    /// Since when this process listens.
    since: Timestamp,
    sources: BTreeMap<String, Contact>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Contact {
    first: Timestamp,
    last: Timestamp,
}

impl Listening {
    /// Begins to listen.
    pub(super) fn new(since: Timestamp) -> Self {
        Self { since, sources: BTreeMap::new() }
    }

    /// Since when this process listens.
    pub(super) fn since(&self) -> Timestamp {
        self.since
    }

    /// Notes that a source posted something.
    pub(super) fn heard(&mut self, source: &str, now: Timestamp) {
        if source.is_empty() {
            return;
        }
        match self.sources.get_mut(source) {
            Some(contact) if now.duration_since(contact.last) <= GAP_MAX => {
                contact.last = contact.last.max(now);
            }
            _ => {
                self.sources.insert(source.to_owned(), Contact { first: now, last: now });
            }
        }
    }

    /// When an alert that was last heard at `heard`, to end at `ends`, is to be judged: after its
    /// validity and two rounds more, and not before this process could have heard it that long.
    pub(super) fn due(&self, heard: Timestamp, ends: Timestamp) -> Timestamp {
        let window = window(heard, ends);
        let from_start = later(later(self.since, window), GAP_MAX);
        let from_heard = later(heard, window);
        if heard >= self.since { from_heard } else { from_heard.max(from_start) }
    }

    /// What it means that the alert was not heard since. Expired only if this process ran, and
    /// the source was heard without a gap, all the time that it could have posted the alert.
    pub(super) fn judge(&self, source: &str, heard: Timestamp, ends: Timestamp, now: Timestamp) -> Lapse {
        let from = earlier(now, window(heard, ends));
        let went_on = self.sources.get(source).is_some_and(|contact| {
            contact.first <= from.max(heard) && now.duration_since(contact.last) <= GAP_MAX
        });
        if went_on && self.since <= from { Lapse::Expired } else { Lapse::SourceLost }
    }

    /// Forgets sources that nobody has heard of for a day.
    pub(super) fn forget(&mut self, now: Timestamp) {
        let day = SignedDuration::from_hours(24);
        self.sources.retain(|_, contact| now.duration_since(contact.last) < day);
    }
}

fn window(heard: Timestamp, ends: Timestamp) -> SignedDuration {
    let validity = ends.duration_since(heard).max(VALIDITY_MIN);
    validity.saturating_add(GAP_MAX)
}

fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.saturating_add(by).unwrap_or(Timestamp::MAX)
}

fn earlier(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.saturating_sub(by).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::testing::at;

    /// Posts from `source` every minute in `range`.
    fn listen(since: i64, source: &str, range: std::ops::Range<i64>) -> Listening {
        let mut listening = Listening::new(at(since));
        range.step_by(60).for_each(|second| listening.heard(source, at(second)));
        listening
    }

    #[test]
    fn expired_only_while_the_source_goes_on() {
        // Last heard at 600, valid for 300 s: judged at 600 + 300 + 120.
        let judged = |listening: &Listening, source: &str| {
            assert_eq!(listening.due(at(600), at(900)), at(1020));
            listening.judge(source, at(600), at(900), at(1020))
        };
        assert_eq!(judged(&listen(0, "a", 0..1021), "a"), Lapse::Expired);
        assert_eq!(judged(&listen(0, "a", 0..800), "a"), Lapse::SourceLost, "silent since");
        assert_eq!(judged(&listen(0, "b", 0..1021), "a"), Lapse::SourceLost, "another went on");
        assert_eq!(judged(&listen(0, "a", 0..1021), ""), Lapse::SourceLost, "nobody knows who");
        let mut gap = listen(0, "a", 0..700);
        (900..1021).step_by(60).for_each(|second| gap.heard("a", at(second)));
        assert_eq!(judged(&gap, "a"), Lapse::SourceLost, "a gap in between");
    }

    #[test]
    fn after_a_restart_it_listens_as_long_first() {
        // Last heard at 600 by the process before; this one runs since 2000.
        let listening = listen(2000, "a", 2030..3000);
        assert_eq!(listening.due(at(600), at(900)), at(2000 + 420 + 120));
        assert_eq!(listening.judge("a", at(600), at(900), at(2540)), Lapse::Expired);
        assert_eq!(listen(2000, "a", 2300..3000).judge("a", at(600), at(900), at(2540)), Lapse::SourceLost);
    }
}
