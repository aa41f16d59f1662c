//! One container's life on its node: pulled, started, probed, ended, started again after a while.

use std::time::Duration;

use jiff::Timestamp;

use super::behaviour::{Behaviour, Ending};
use super::events::Mood;
use crate::view::container::Container;

/// The first wait before a container that ended is started again, and before an image is pulled
/// again; both double up to the longest. The first restart comes at once.
const BACK_OFF: Duration = Duration::from_secs(10);
const BACK_OFF_MAX: Duration = Duration::from_mins(5);
/// A container that ran for so long begins anew with its waits: twice the longest.
const FORGIVEN: Duration = Duration::from_mins(10);
/// How long an end is seen as such before what follows it.
const SEEN: Duration = Duration::from_secs(1);

/// What it is at.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum State {
    /// Nothing has begun.
    New,
    /// Its image comes; so it will end.
    Pulling {
        /// When the pull is done.
        until: Duration,
    },
    /// Its image did not come.
    NoImage {
        /// When that was found.
        since: Duration,
        /// How long until the next try.
        wait: Duration,
        /// The runtime's complaint.
        message: String,
    },
    /// It runs.
    Running(Life),
    /// It ended, and is perhaps to begin again at a time.
    Ended {
        /// How.
        exit: Exit,
        /// When it goes on.
        again: Option<Duration>,
    },
    /// It ended too often: it waits.
    BackOff {
        /// Until when.
        until: Duration,
        /// How long in all.
        wait: Duration,
    },
}

/// A run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Life {
    /// When it began, by the clock.
    pub(super) started: Timestamp,
    began: Duration,
    ready_at: Option<Duration>,
    hangs_at: Option<Duration>,
    /// From when on its probe fails because a name that it needs is not resolved.
    starved_at: Option<Duration>,
    ends: Option<(Duration, Ending)>,
}

/// An end.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Exit {
    /// When the run began.
    pub(super) started: Timestamp,
    /// When it ended.
    pub(super) finished: Timestamp,
    /// How.
    pub(super) ending: Ending,
}

/// A container on its node.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Run {
    pub(super) state: State,
    /// How it ended last time.
    pub(super) last: Option<Box<Exit>>,
    /// How often it was started again.
    pub(super) restarts: u32,
    /// What was last told of it.
    pub(super) mood: Mood,
    wait: Duration,
    pull_wait: Duration,
}

/// What surrounds a container at a moment.
pub(super) struct Surroundings<'a> {
    /// The time since the environment was made.
    pub(super) at: Duration,
    /// The time by the clock.
    pub(super) now: Timestamp,
    /// Its spec.
    pub(super) container: &'a Container,
    /// What it does.
    pub(super) behaviour: &'a Behaviour,
    /// Whether it is started again, by how it ended.
    pub(super) restarts: fn(Ending) -> bool,
    /// How long the image takes; zero where the node has it.
    pub(super) pull: Duration,
    /// What comes of the pull.
    pub(super) image: Result<(), String>,
    /// Whether names are not resolved.
    pub(super) lacks_names: bool,
}

impl Run {
    /// A container that has not begun.
    pub(super) fn new() -> Self {
        let (wait, pull_wait) = (Duration::ZERO, BACK_OFF);
        Self { state: State::New, last: None, restarts: 0, mood: Mood::Fine, wait, pull_wait }
    }

    /// A container that was found running.
    pub(super) fn found(
        around: &Surroundings<'_>,
        started: Timestamp,
        is_ready: bool,
        restarts: u32,
    ) -> Self {
        let mut life = Life::begin(around);
        life.started = started;
        if is_ready {
            life.ready_at = Some(around.at);
        }
        Self { state: State::Running(life), restarts, ..Self::new() }
    }

    /// Whether it is ready to serve.
    pub(super) fn is_ready(&self, at: Duration) -> bool {
        matches!(&self.state, State::Running(life) if life.is_ready(at))
    }

    /// Whether it ended for good.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.state, State::Ended { again: None, .. })
    }

    /// Does what is due.
    pub(super) fn step(&mut self, around: &Surroundings<'_>) {
        while self.step_once(around) {}
    }

    fn step_once(&mut self, around: &Surroundings<'_>) -> bool {
        let at = around.at;
        match &self.state {
            State::New => {
                self.state = State::Pulling { until: at + around.pull };
                true
            }
            State::Pulling { until } if *until <= at => {
                self.end_pull(around);
                matches!(self.state, State::Running(_))
            }
            State::NoImage { since, wait, .. } if *since + *wait <= at => {
                self.state = State::Pulling { until: at + around.pull.max(SEEN) };
                true
            }
            State::Running(life) => match life.end(around) {
                Some(ending) => {
                    self.end(ending, around);
                    true
                }
                None => false,
            },
            State::Ended { again: Some(again), .. } if *again <= at => {
                self.go_on(around);
                true
            }
            State::BackOff { until, .. } if *until <= at => {
                self.restarts += 1;
                self.state = State::Running(Life::begin(around));
                true
            }
            _ => false,
        }
    }

    fn end_pull(&mut self, around: &Surroundings<'_>) {
        self.state = match &around.image {
            Ok(()) => {
                self.pull_wait = BACK_OFF;
                State::Running(Life::begin(around))
            }
            Err(message) => {
                let wait = self.pull_wait;
                self.pull_wait = (wait * 2).min(BACK_OFF_MAX);
                State::NoImage { since: around.at, wait, message: message.clone() }
            }
        };
    }

    /// It ends, however.
    pub(super) fn end(&mut self, ending: Ending, around: &Surroundings<'_>) {
        let (started, ran) = match &self.state {
            State::Running(life) => (life.started, around.at.saturating_sub(life.began)),
            _ => (around.now, Duration::ZERO),
        };
        if ran >= FORGIVEN {
            self.wait = Duration::ZERO;
        }
        let again = (around.restarts)(ending).then_some(around.at + SEEN);
        self.state = State::Ended { exit: Exit { started, finished: around.now, ending }, again };
    }

    /// It ends for good, being asked to or killed.
    pub(super) fn stop(&mut self, ending: Ending, around: &Surroundings<'_>) {
        if !matches!(self.state, State::Ended { .. }) {
            self.end(ending, around);
        }
        if let State::Ended { again, .. } = &mut self.state {
            *again = None;
        }
    }

    /// After an end: at once the first time, after a wait from then on.
    fn go_on(&mut self, around: &Surroundings<'_>) {
        let State::Ended { exit, .. } = &self.state else { return };
        self.last = Some(Box::new(exit.clone()));
        if self.wait.is_zero() {
            self.wait = BACK_OFF;
            self.restarts += 1;
            self.state = State::Running(Life::begin(around));
            return;
        }
        let wait = self.wait;
        self.wait = (wait * 2).min(BACK_OFF_MAX);
        self.state = State::BackOff { until: (around.at + wait).saturating_sub(SEEN), wait };
    }

    /// Behaves otherwise from now on.
    pub(super) fn disturb(&mut self, around: &Surroundings<'_>) {
        if let State::Running(life) = &mut self.state {
            let was_ready = life.is_ready(around.at);
            let (started, began) = (life.started, life.began);
            *life = Life { started, began, ..Life::begin(around) };
            if was_ready && around.behaviour.ready_after.is_some() {
                life.ready_at = Some(around.at);
            }
        }
    }

    /// Names are resolved no longer, or again: its probe finds out if it needs them.
    pub(super) fn hear_of_names(&mut self, around: &Surroundings<'_>) {
        let State::Running(life) = &mut self.state else { return };
        let Some(probe) = around.container.readiness_probe.filter(|_| around.behaviour.needs_names) else {
            return;
        };
        if around.lacks_names {
            let failures = Duration::from_secs(probe.period_seconds * probe.failure_threshold.max(1));
            life.starved_at.get_or_insert(around.at + failures);
        } else if life.starved_at.take().is_some_and(|from| from <= around.at) {
            let again = around.at + Duration::from_secs(probe.period_seconds);
            life.ready_at = life.ready_at.map(|at| at.max(again));
        }
    }

    /// When something is due next, after `at`.
    pub(super) fn next(&self, at: Duration) -> Option<Duration> {
        let times = match &self.state {
            State::New | State::Ended { again: None, .. } => [None; 4],
            State::Pulling { until } | State::BackOff { until, .. } => [Some(*until), None, None, None],
            State::NoImage { since, wait, .. } => [Some(*since + SEEN), Some(*since + *wait), None, None],
            State::Ended { again, .. } => [*again, None, None, None],
            State::Running(life) => {
                [life.ready_at, life.hangs_at, life.starved_at, life.ends.map(|(at, _)| at)]
            }
        };
        times.into_iter().flatten().filter(|time| *time > at).min()
    }

    /// Whether the complaint about its image has become a wait.
    pub(super) fn is_backing_off(&self, at: Duration) -> bool {
        matches!(&self.state, State::NoImage { since, .. } if *since + SEEN <= at)
    }
}

impl Life {
    fn begin(around: &Surroundings<'_>) -> Self {
        let (at, behaviour, container) = (around.at, around.behaviour, around.container);
        let probed = container.readiness_probe.map_or(Duration::ZERO, |probe| {
            let asked = probe.period_seconds * (probe.success_threshold.max(1) - 1);
            Duration::from_secs(probe.initial_delay_seconds + asked).max(SEEN)
        });
        // Without a probe nobody finds that it hangs, or that it is not ready yet.
        let is_probed = container.readiness_probe.is_some();
        let hangs = behaviour.deadlocks_after.map(|after| at + after);
        let seen = |from: Duration, probe: crate::view::container::Probe| {
            from + Duration::from_secs(probe.period_seconds * probe.failure_threshold.max(1))
        };
        let killed =
            hangs.zip(container.liveness_probe).map(|(from, probe)| (seen(from, probe), Ending::Killed));
        let ends = behaviour.ends.map(|(after, ending)| (at + after, ending));
        Self {
            started: around.now,
            began: at,
            ready_at: if is_probed {
                behaviour.ready_after.map(|after| at + after + probed)
            } else {
                Some(at)
            },
            hangs_at: hangs.zip(container.readiness_probe).map(|(from, probe)| seen(from, probe)),
            starved_at: (behaviour.needs_names && around.lacks_names && is_probed).then_some(at),
            ends: match (ends, killed) {
                (Some(own), Some(killed)) => Some(if own.0 <= killed.0 { own } else { killed }),
                (own, killed) => own.or(killed),
            },
        }
    }

    /// How much of its time is over, in percent, and what its end will be; `None` without an end.
    pub(super) fn progress(&self, at: Duration) -> Option<(u64, Ending)> {
        let (until, ending) = self.ends?;
        let (passed, whole) = (at.saturating_sub(self.began), until.saturating_sub(self.began));
        let percent = passed.as_millis() * 100 / whole.as_millis().max(1);
        Some((u64::try_from(percent).unwrap_or(100).min(100), ending))
    }

    fn is_ready(&self, at: Duration) -> bool {
        let is_past = |time: Option<Duration>| time.is_some_and(|from| from <= at);
        is_past(self.ready_at) && !is_past(self.hangs_at) && !is_past(self.starved_at)
    }

    fn end(&self, around: &Surroundings<'_>) -> Option<Ending> {
        self.ends.filter(|(at, _)| *at <= around.at).map(|(_, ending)| ending)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around<'a>(at_s: u64, container: &'a Container, behaviour: &'a Behaviour) -> Surroundings<'a> {
        Surroundings {
            at: Duration::from_secs(at_s),
            now: Timestamp::from_second(at_s.cast_signed()).unwrap(),
            container,
            behaviour,
            restarts: |_| true,
            pull: Duration::ZERO,
            image: Ok(()),
            lacks_names: false,
        }
    }

    /// The seconds at which something is due, and whether the container is ready then.
    fn play(run: &mut Run, container: &Container, behaviour: &Behaviour, until_s: u64) -> Vec<(u64, bool)> {
        let mut seen = Vec::new();
        let mut at = Duration::ZERO;
        loop {
            run.step(&around(at.as_secs(), container, behaviour));
            seen.push((at.as_secs(), run.is_ready(at)));
            match run.next(at) {
                Some(next) if next.as_secs() <= until_s => at = next,
                _ => return seen,
            }
        }
    }

    #[test]
    fn waits_double_from_the_second_restart_on() {
        let (container, behaviour) = (Container::default(), "crashes-after=1s".parse().unwrap());
        let mut run = Run::new();
        let starts: Vec<u64> = play(&mut run, &container, &behaviour, 400)
            .into_iter()
            .filter(|(_, is_ready)| *is_ready)
            .map(|(at, _)| at)
            .collect();
        // Ends a second after each start; then at once, 10, 20, 40, 80, 160 seconds.
        assert_eq!(starts, [0, 2, 13, 34, 75, 156, 317]);
        assert_eq!(run.restarts, 6);
    }

    #[test]
    fn a_probe_finds_that_a_container_hangs_and_another_restarts_it() {
        let probe = Some(crate::view::container::Probe { period_seconds: 5, ..Default::default() });
        let behaviour: Behaviour = "deadlocks-after=30s".parse().unwrap();
        let probed = Container { readiness_probe: probe, ..Container::default() };
        let mut run = Run::new();
        assert_eq!(play(&mut run, &probed, &behaviour, 100), [(0, false), (1, true), (45, false)]);
        let restarted = Container { liveness_probe: probe, ..probed };
        let mut run = Run::new();
        play(&mut run, &restarted, &behaviour, 50);
        assert_eq!((run.restarts, run.last.map(|exit| exit.ending)), (1, Some(Ending::Killed)));
    }

    #[test]
    fn an_image_that_does_not_come_is_asked_for_less_and_less_often() {
        let (container, behaviour) = (Container::default(), Behaviour::default());
        let mut run = Run::new();
        let mut at = 0;
        let mut failures = Vec::new();
        while at < 100 {
            let without =
                Surroundings { image: Err("not found".into()), ..around(at, &container, &behaviour) };
            run.step(&without);
            if let State::NoImage { since, .. } = &run.state
                && since.as_secs() == at
            {
                failures.push(at);
            }
            at = run.next(Duration::from_secs(at)).unwrap().as_secs();
        }
        assert_eq!(failures, [0, 11, 32, 73]);
        run.step(&around(1000, &container, &behaviour));
        run.step(&around(1001, &container, &behaviour));
        assert!(run.is_ready(Duration::from_secs(1001)));
    }

    #[test]
    fn a_long_run_is_forgiven() {
        let (container, behaviour) = (Container::default(), "crashes-after=700s".parse().unwrap());
        let mut run = Run::new();
        play(&mut run, &container, &behaviour, 3000);
        assert_eq!(run.restarts, 4, "each restart came at once");
    }
}
