//! Times as objects give them: whole seconds, in four bytes.

use jiff::{SignedDuration, Timestamp};

/// A time in whole seconds, or none. Enough until 2106; what lies before 1970 or after counts as
/// the nearest that can be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stamp(u32);

impl Stamp {
    /// No time.
    pub(crate) const NONE: Self = Self(0);

    /// The time, if there is one.
    pub(crate) fn get(self) -> Option<Timestamp> {
        (self != Self::NONE).then(|| Timestamp::new(i64::from(self.0), 0).unwrap_or(Timestamp::UNIX_EPOCH))
    }

    /// The time, or `now` if it lies ahead: what somebody's clock that is ahead of ours calls a
    /// time to come has happened.
    pub(crate) fn at_most(self, now: Timestamp) -> Self {
        self.min(now.into())
    }

    /// The time this long after, if there is one.
    pub(crate) fn plus(self, span: SignedDuration) -> Option<Timestamp> {
        self.get().map(|time| time.saturating_add(span).unwrap_or(Timestamp::MAX))
    }
}

impl From<Timestamp> for Stamp {
    fn from(time: Timestamp) -> Self {
        Self(u32::try_from(time.as_second().max(1)).unwrap_or(u32::MAX))
    }
}

impl From<Option<Timestamp>> for Stamp {
    fn from(time: Option<Timestamp>) -> Self {
        time.map_or(Self::NONE, Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_seconds_survive_and_none_stays_none() {
        let time: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        assert_eq!(Stamp::from(time).get(), Some(time));
        assert_eq!(Stamp::from(None), Stamp::NONE);
        assert_eq!(Stamp::NONE.plus(SignedDuration::from_secs(1)), None);
        let before: Timestamp = "1960-01-01T00:00:00Z".parse().unwrap();
        assert!(Stamp::from(before).get().is_some());
    }
}
