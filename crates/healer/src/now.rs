//! What time it is, twice.

use std::time::Duration;

use jiff::Timestamp;

/// The two clocks, read together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// The wall clock, which may jump: for what is stored and shown.
    pub wall: Timestamp,
    /// Since the process began; never goes back: for waits and ages within the process.
    pub monotonic: Duration,
}

impl Now {
    /// The wall clock so much later; at the end of time it stays there.
    pub fn wall_in(self, later: Duration) -> Timestamp {
        self.wall.saturating_add(later).unwrap_or(Timestamp::MAX)
    }

    /// How long ago a stored moment was; nothing for one that lies ahead.
    pub fn since(self, moment: Timestamp) -> Duration {
        Duration::try_from(self.wall.duration_since(moment)).unwrap_or_default()
    }
}
