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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn settings() -> Settings {
        Settings { failures: 3, open: SECOND, open_max: 8 * SECOND }
    }

    fn fail(breaker: &mut Breaker, now: Duration) {
        let pass = breaker.admit(now).expect("it lets through");
        breaker.record(pass, false, now);
    }

    /// A breaker that has just opened, at time zero.
    fn opened() -> Breaker {
        let mut breaker = Breaker::new(settings());
        for _ in 0..3 {
            assert_eq!(breaker.state(Duration::ZERO), State::Closed);
            fail(&mut breaker, Duration::ZERO);
        }
        breaker
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_asks_again_ever_more_rarely() {
        let mut breaker = opened();
        let mut now = Duration::ZERO;
        for pause in [1, 2, 4, 8, 8, 8] {
            assert_eq!(breaker.state(now), State::Open);
            assert_eq!(breaker.admit(now).unwrap_err().retry_in, pause * SECOND);
            now += pause * SECOND;
            assert_eq!(breaker.state(now), State::HalfOpen);
            fail(&mut breaker, now);
        }
        now += 8 * SECOND;
        let probe = breaker.admit(now).unwrap();
        breaker.record(probe, true, now);
        assert_eq!(breaker.state(now), State::Closed);
    }

    #[test]
    fn failures_that_are_not_in_a_row_do_not_open_it() {
        let mut breaker = Breaker::new(settings());
        for _ in 0..100 {
            fail(&mut breaker, Duration::ZERO);
            fail(&mut breaker, Duration::ZERO);
            let pass = breaker.admit(Duration::ZERO).unwrap();
            breaker.record(pass, true, Duration::ZERO);
        }
        assert_eq!(breaker.state(Duration::ZERO), State::Closed);
    }

    #[test]
    fn half_open_lets_one_through_and_gives_up_on_one_that_is_lost() {
        let mut breaker = opened();
        let lost = breaker.admit(SECOND).unwrap();
        assert_eq!(breaker.admit(SECOND).unwrap_err().retry_in, SECOND);
        let second = breaker.admit(2 * SECOND).expect("the first is counted as lost");
        // The lost one comes back after all; it says nothing about now.
        breaker.record(lost, true, 2 * SECOND);
        assert_eq!(breaker.state(2 * SECOND), State::HalfOpen);
        breaker.record(second, true, 2 * SECOND);
        assert_eq!(breaker.state(2 * SECOND), State::Closed);
    }

    #[test]
    fn results_of_requests_from_before_do_not_count() {
        let mut breaker = Breaker::new(settings());
        let early = breaker.admit(Duration::ZERO).unwrap();
        for _ in 0..3 {
            fail(&mut breaker, Duration::ZERO);
        }
        breaker.record(early, true, Duration::ZERO);
        assert_eq!(breaker.state(Duration::ZERO), State::Open);
    }

    #[test]
    fn what_the_peer_asks_for_is_heeded_within_bounds() {
        let mut breaker = Breaker::new(settings());
        breaker.back_off(5 * SECOND, SECOND);
        assert_eq!(breaker.admit(2 * SECOND).unwrap_err().retry_in, 4 * SECOND);
        breaker.back_off(Duration::MAX, SECOND);
        assert_eq!(breaker.admit(SECOND).unwrap_err().retry_in, 8 * SECOND);
    }

    #[derive(Debug, Clone)]
    enum Step {
        Wait(u64),
        Ask,
        Answer { which: usize, success: bool },
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            (0..3000u64).prop_map(Step::Wait),
            Just(Step::Ask),
            (any::<usize>(), any::<bool>()).prop_map(|(which, success)| Step::Answer { which, success }),
        ];
        prop::collection::vec(step, 0..200)
    }

    proptest! {
        /// However requests and answers interleave: it never waits longer than its bound, an idle
        /// wait of that bound always gets one through, and while it is not closed at most one
        /// request a pause gets through.
        #[test]
        fn it_is_never_stuck_and_never_hammers(steps in steps()) {
            let settings = settings();
            let mut breaker = Breaker::new(settings);
            let mut now = Duration::ZERO;
            let mut out: Vec<Pass> = Vec::new();
            let mut last_probe: Option<Duration> = None;
            for step in steps {
                match step {
                    Step::Wait(ms) => now += Duration::from_millis(ms),
                    Step::Ask => {
                        let before = breaker.state(now);
                        match breaker.admit(now) {
                            Ok(pass) => {
                                if before == State::HalfOpen {
                                    let since = last_probe.map(|probe| now.saturating_sub(probe));
                                    prop_assert!(since.is_none_or(|since| since >= settings.open));
                                    last_probe = Some(now);
                                } else {
                                    prop_assert_eq!(before, State::Closed);
                                }
                                out.push(pass);
                            }
                            Err(refusal) => {
                                prop_assert!(before != State::Closed);
                                prop_assert!(!refusal.retry_in.is_zero());
                                prop_assert!(refusal.retry_in <= settings.open_max);
                            }
                        }
                    }
                    Step::Answer { which, success } => {
                        if !out.is_empty() {
                            let pass = out.swap_remove(which % out.len());
                            breaker.record(pass, success, now);
                            if breaker.state(now) == State::Closed {
                                last_probe = None;
                            }
                        }
                    }
                }
            }
            prop_assert!(breaker.admit(now + settings.open_max).is_ok());
        }
    }
}
