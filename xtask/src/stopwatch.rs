//! How long a person waited. The one place of the chores that reads a clock.

use std::time::{Duration, Instant};

/// Started when made.
#[derive(Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "a chore reports real durations and is never replayed")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// `4.2 s` under a minute, `3 min 07 s` above.
pub(crate) fn readable(took: Duration) -> String {
    let seconds = took.as_secs();
    if seconds < 60 {
        format!("{:.1} s", took.as_secs_f64())
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::readable;
    use std::time::Duration;

    #[test]
    fn durations_read_well() {
        for (millis, expected) in
            [(0, "0.0 s"), (4_240, "4.2 s"), (59_900, "59.9 s"), (187_000, "3 min 07 s")]
        {
            assert_eq!(readable(Duration::from_millis(millis)), expected);
        }
    }
}
