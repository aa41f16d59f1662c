//! A circuit breaker: stops asking a dependency that does not answer, and tries again by itself.
//!
//! Pure: the time is an argument, monotonic as [`environment::Environment::monotonic`] gives it.

use std::time::Duration;

/// When to open, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// So many failures in a row open it; at least 1.
    pub failures: u32,
    /// How long it stays open the first time.
    pub open: Duration,
    /// How long it stays open at most; the time doubles with every probe that fails.
    pub open_max: Duration,
}

impl Default for Settings {
    /// Five failures in a row, then one second, doubling to 30: a peer that restarts is found
    /// within a resend interval, one that is down is asked twice a minute.
    fn default() -> Self {
        Self { failures: 5, open: Duration::from_secs(1), open_max: Duration::from_secs(30) }
    }
}

/// What the breaker lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Everything.
    Closed,
    /// Nothing, for now.
    Open,
    /// One request, to see.
    HalfOpen,
}

/// Permission for one request; give it back with its result by [`Breaker::record`].
#[derive(Debug)]
#[must_use = "record the result"]
pub struct Pass {
    epoch: u64,
}

/// Not now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not asked so soon again ({failures} failures in a row): next try in {retry_in:?}")]
pub struct Refusal {
    /// Failures in a row so far.
    pub failures: u32,
    /// After which time a request may be let through.
    pub retry_in: Duration,
}

/// The breaker of one dependency.
#[derive(Debug)]
pub struct Breaker {
    settings: Settings,
    phase: Phase,
    failures: u32,
    /// Changes with the phase, so that a result that comes late does not count for a later phase.
    epoch: u64,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    Closed,
    Open {
        until: Duration,
        pause: Duration,
    },
    /// The probe's result is due by `until`; after that it counts as lost and another may go.
    HalfOpen {
        until: Duration,
        pause: Duration,
    },
}

impl Breaker {
    /// A closed breaker.
    pub fn new(settings: Settings) -> Self {
        Self { settings, phase: Phase::Closed, failures: 0, epoch: 0 }
    }

    /// What it lets through at `now`.
    pub fn state(&self, now: Duration) -> State {
        match self.phase {
            Phase::Closed => State::Closed,
            Phase::Open { until, .. } if now < until => State::Open,
            Phase::Open { .. } | Phase::HalfOpen { .. } => State::HalfOpen,
        }
    }

    /// Asks to send a request now.
    pub fn admit(&mut self, now: Duration) -> Result<Pass, Refusal> {
        match self.phase {
            Phase::Closed => Ok(Pass { epoch: self.epoch }),
            Phase::Open { until, .. } | Phase::HalfOpen { until, .. } if now < until => {
                Err(Refusal { failures: self.failures, retry_in: until.saturating_sub(now) })
            }
            Phase::Open { pause, .. } | Phase::HalfOpen { pause, .. } => {
                self.enter(Phase::HalfOpen { until: now + pause, pause });
                Ok(Pass { epoch: self.epoch })
            }
        }
    }

    /// Tells how the request went. `success` means that the dependency is well, which an answer
    /// such as 400 also shows. A pass that is dropped instead says nothing.
    #[expect(clippy::needless_pass_by_value, reason = "a pass is good for one result")]
    pub fn record(&mut self, pass: Pass, success: bool, now: Duration) {
        if pass.epoch != self.epoch {
            return;
        }
        if success {
            self.failures = 0;
            if !matches!(self.phase, Phase::Closed) {
                self.enter(Phase::Closed);
            }
            return;
        }
        self.failures = self.failures.saturating_add(1);
        match self.phase {
            Phase::Closed if self.failures < self.settings.failures.max(1) => {}
            Phase::Closed | Phase::Open { .. } => self.open(self.settings.open, now),
            Phase::HalfOpen { pause, .. } => self.open(pause.saturating_mul(2), now),
        }
    }

    /// Opens it at once for `pause`: the dependency itself asked for it (Retry-After).
    pub fn back_off(&mut self, pause: Duration, now: Duration) {
        self.open(pause, now);
    }

    fn open(&mut self, pause: Duration, now: Duration) {
        let pause = pause.min(self.settings.open_max);
        self.enter(Phase::Open { until: now.saturating_add(pause), pause });
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.epoch += 1;
    }
}
