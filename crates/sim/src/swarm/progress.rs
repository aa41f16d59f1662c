//! How far a swarm is, on one line that is written over.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::Outcome;

/// How often the line is shown where nobody sees it change.
const EVERY: Duration = Duration::from_secs(30);

/// The real time: of the swarm, not of what it plays.
pub(super) struct Clock {
    began: Instant,
    seeds: u64,
    shown: Mutex<Option<Instant>>,
    is_terminal: bool,
}

#[expect(clippy::disallowed_methods, reason = "a swarm lasts as long as its user waits, in real time")]
fn now() -> Instant {
    Instant::now()
}

impl Clock {
    pub(super) fn start(seeds: u64) -> Self {
        Self { began: now(), seeds, shown: Mutex::default(), is_terminal: std::io::stderr().is_terminal() }
    }

    pub(super) fn passed(&self) -> Duration {
        now().duration_since(self.began)
    }

    /// Says something that stays.
    pub(super) fn tell(&self, text: &str) {
        let clear = if self.is_terminal { "\r\x1b[K" } else { "" };
        // Nobody listens any more: the swarm goes on, its results are in files.
        let _ = writeln!(std::io::stderr(), "{clear}{text}");
    }

    pub(super) fn show(&self, outcome: &Outcome) {
        let mut shown = self.shown.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let every = if self.is_terminal { Duration::from_millis(200) } else { EVERY };
        if shown.is_some_and(|shown| now().duration_since(shown) < every) {
            return;
        }
        *shown = Some(now());
        let line = self.line(outcome);
        let mut out = std::io::stderr();
        let _ = if self.is_terminal { write!(out, "\r\x1b[K{line}") } else { writeln!(out, "{line}") };
    }

    pub(super) fn finish(&self, outcome: &Outcome) {
        self.tell(&self.line(outcome));
    }

    fn line(&self, outcome: &Outcome) -> String {
        let (passed, played) = (self.passed().as_secs_f64(), outcome.played);
        format!(
            "{played} of {} seeds, {} twice, {} failing, {} effects, {} messages, {:.1} a second, {passed:.0} s",
            self.seeds,
            outcome.repeated,
            outcome.failures.len(),
            outcome.coverage.effects.values().sum::<u64>(),
            outcome.coverage.messages,
            played as f64 / passed.max(0.001),
        )
    }
}
