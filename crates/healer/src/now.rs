//! What time it is, twice, and whether the two agree.

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

/// Forward steps of the wall clock, which all waits that outlast a process are measured by: after
/// one of an hour every such wait seems over, budgets look empty, and a step that was just taken
/// seems not to have helped. So what it skipped is waited for by the clock that cannot step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    last: Option<Now>,
    until: Option<Duration>,
}

impl Steps {
    /// More than this is a step: a slewed clock gains half a millisecond a second, and the two are
    /// read a few seconds apart.
    const STEP_MIN: Duration = Duration::from_secs(5);
    /// The longest wait: the hourly budgets look no further back.
    const WAIT_MAX: Duration = Duration::from_hours(1);

    /// Compares the clocks. Returns how far the wall clock was stepped forward, if it was.
    pub fn observe(&mut self, now: Now) -> Option<Duration> {
        let last = self.last.replace(now)?;
        let passed = now.monotonic.saturating_sub(last.monotonic);
        let step = now.since(last.wall).checked_sub(passed).filter(|step| *step > Self::STEP_MIN)?;
        let rest = self.until.map_or(Duration::ZERO, |until| until.saturating_sub(now.monotonic));
        self.until = Some(now.monotonic + rest.saturating_add(step).min(Self::WAIT_MAX));
        Some(step)
    }

    /// For how much longer what was skipped is waited for, if it is.
    pub fn waits(&self, now: Now) -> Option<Duration> {
        self.until?.checked_sub(now.monotonic).filter(|rest| !rest.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::tests_support::now;

    fn stepped(monotonic: u64, by: i64) -> Now {
        let Now { wall, monotonic } = now(monotonic);
        let wall = wall + jiff::SignedDuration::from_secs(by);
        Now { wall, monotonic }
    }

    #[test]
    fn what_a_step_skipped_is_waited_for() {
        for (by, waits) in [(0, None), (4, None), (-3600, None), (60, Some(60)), (6 * 3600, Some(3600))] {
            let mut steps = Steps::default();
            assert_eq!(steps.observe(now(0)), None);
            let step = steps.observe(stepped(1, by));
            assert_eq!(step.is_some(), waits.is_some(), "{by}");
            assert_eq!(steps.waits(stepped(1, by)), waits.map(Duration::from_secs), "{by}");
            assert_eq!(steps.observe(stepped(3601, by)), None, "it runs on as before");
            assert_eq!(steps.waits(stepped(3601, by)), None);
        }
    }

    #[test]
    fn several_steps_add_up() {
        let mut steps = Steps::default();
        steps.observe(now(0));
        steps.observe(stepped(1, 60));
        steps.observe(stepped(2, 120));
        assert_eq!(steps.waits(stepped(2, 120)), Some(Duration::from_secs(119)));
    }
}
