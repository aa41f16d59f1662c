//! The wall clock, as a thing that can be handed in.

use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// Tells what time it is.
pub trait Clock: Send + Sync {
    /// The wall clock. It may jump: machines are set, suspended and migrated.
    fn now(&self) -> Timestamp;
}

/// The operating system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the operating system's clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock for tests: it runs with tokio's time, paused or not, and can be set off by hand to
/// play a clock that is stepped or skewed.
#[derive(Debug)]
pub struct ManualClock {
    origin: Instant,
    at_origin: Mutex<Timestamp>,
}

impl ManualClock {
    /// Where the default manual clock begins: 2026-01-01T00:00:00Z.
    pub const EPOCH: Timestamp = Timestamp::constant(1_767_225_600, 0);

    /// A clock that says `start` now. Make it inside of the runtime whose time it follows.
    pub fn starting_at(start: Timestamp) -> Self {
        Self { origin: Instant::now(), at_origin: Mutex::new(start) }
    }

    /// Moves the wall clock by `by` (backwards when negative) without time passing: timers and
    /// the monotonic clock do not see it. Saturates at the ends of what a timestamp can hold.
    pub fn step(&self, by: SignedDuration) {
        let mut at_origin = self.lock();
        *at_origin = at_origin.saturating_add(by).unwrap_or(*at_origin);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Timestamp> {
        self.at_origin.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::starting_at(Self::EPOCH)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        let at_origin = *self.lock();
        at_origin.saturating_add(self.origin.elapsed()).unwrap_or(at_origin)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_epoch_is_what_its_comment_says() {
        assert_eq!(ManualClock::EPOCH.to_string(), "2026-01-01T00:00:00Z");
    }

    #[tokio::test(start_paused = true)]
    async fn a_step_moves_the_wall_clock_alone() {
        let clock = ManualClock::default();
        tokio::time::advance(Duration::from_secs(10)).await;
        clock.step(SignedDuration::from_secs(-70));
        assert_eq!(clock.now().to_string(), "2025-12-31T23:59:00Z");
        tokio::time::advance(Duration::from_mins(1)).await;
        assert_eq!(clock.now(), ManualClock::EPOCH);
    }
}
