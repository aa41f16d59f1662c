//! What time it is, as an argument.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// One moment on two clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Now {
    /// The wall clock, which the times in objects are compared with. It may jump.
    pub(crate) wall: Timestamp,
    /// A clock that only goes forward: timers and damping go by it.
    pub(crate) steady: Duration,
}

impl Now {
    /// When `at` on the wall clock will be on the steady clock, if nobody sets the wall clock
    /// meanwhile; now, if it is past.
    pub(crate) fn steady_at(self, at: Timestamp) -> Duration {
        let ahead = Duration::try_from(at.duration_since(self.wall)).unwrap_or_default();
        self.steady.saturating_add(ahead)
    }

    /// The difference between the two clocks, which stays the same unless the wall clock is set.
    pub(crate) fn offset(self) -> SignedDuration {
        let steady = SignedDuration::try_from(self.steady).unwrap_or(SignedDuration::MAX);
        self.wall.duration_since(Timestamp::UNIX_EPOCH).saturating_sub(steady)
    }
}
