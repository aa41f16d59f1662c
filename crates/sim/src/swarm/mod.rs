//! Many seeds: on all cores, with progress, failing ones made small and written down, and a table
//! of what was covered.

mod failing;
pub mod hashes;
mod hunt;
mod progress;
mod recorded;
mod sweep;
mod table;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::run::coverage::Coverage;
use crate::run::defect::Defect;
use crate::run::level;
use crate::run::plan::Plan;
use crate::run::play::{self, play};
use crate::run::report::{Failure, Report};
use crate::trace::Keep;

pub use failing::read;
pub use hunt::{Catch, Hunt, hunt};
pub use recorded::replay as replay_recorded;
pub use sweep::{Swept, sweep};
pub use table::print;

/// What a swarm is asked to do.
#[derive(Clone, Debug)]
pub struct Options {
    /// The first seed; the others follow it.
    pub first: u64,
    /// How many seeds.
    pub seeds: u64,
    /// For how long at most.
    pub time: Option<Duration>,
    /// How many at once.
    pub threads: usize,
    /// Every so many-th seed is played twice, to see that it is the same.
    pub twice_every: u64,
    /// Every so many-th seed with faults of events is played without them, to see that it ends the
    /// same.
    pub level_every: u64,
    /// A deliberate defect.
    pub defect: Option<&'static Defect>,
    /// Whether failing runs are made smaller.
    pub shrink: bool,
    /// Whether to stop at the first that fails.
    pub until_first: bool,
    /// Where failing runs are written.
    pub folder: PathBuf,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How many seeds were played.
    pub played: u64,
    /// Of these, how many were played twice with the same trace.
    pub repeated: u64,
    /// Those that failed, made small.
    pub failures: Vec<(PathBuf, Failure)>,
    /// What was covered.
    pub coverage: Coverage,
    /// Runs that could not be played, and why.
    pub broken: Vec<(u64, String)>,
}

/// When nothing was healed in so many seeds, a fault of ours holds all healing: in most seeds
/// something is. Whoever does nothing breaks hardly any promise.
const HEALED_WITHIN: u64 = 20;

impl Outcome {
    /// Whether every promise was kept by services that did something.
    pub fn is_good(&self) -> bool {
        self.failures.is_empty() && self.broken.is_empty() && self.played > 0 && !self.is_idle()
    }

    /// Whether nothing was healed although much was broken.
    pub fn is_idle(&self) -> bool {
        self.played >= HEALED_WITHIN && self.coverage.effects.is_empty()
    }
}

/// The checker's name for a run that differs from itself.
const DETERMINISM: &str = "determinism";

/// Plays a run again that was written down, or is to be looked at, with all of its trace, and checks
/// whatever could be wrong with it: by itself, played twice, beside the same without faults of events,
/// and if that was what was wrong with it, without its crash. `keep` says how much of it can be read.
pub fn replay(
    plan: &Plan,
    written: Option<&Failure>,
    defect: Option<&'static Defect>,
    keep: Keep,
) -> Result<Report, play::Error> {
    let mut report = play(plan, keep, defect)?;
    let again = play(plan, Keep::Nothing, defect)?;
    if again.hash != report.hash {
        report.violations.push(differs(&report, &again));
    }
    report.violations.extend(level::check(&report, defect)?);
    let is_swept = |failure: &Failure| failure.violations.iter().any(|own| own.oracle == sweep::ORACLE);
    if written.is_some_and(is_swept) {
        report.violations.extend(sweep::check(&report, defect)?);
    }
    Ok(report)
}

struct Swarm<'a> {
    options: &'a Options,
    next: AtomicU64,
    stop: AtomicBool,
    outcome: Mutex<Outcome>,
    clock: progress::Clock,
}

/// Plays the seeds.
pub fn run(options: &Options) -> Outcome {
    let swarm = Swarm {
        options,
        next: AtomicU64::new(0),
        stop: AtomicBool::new(false),
        outcome: Mutex::default(),
        clock: progress::Clock::start(options.seeds),
    };
    std::thread::scope(|scope| {
        for _ in 0..options.threads {
            scope.spawn(|| swarm.work());
        }
    });
    let mut outcome = swarm.outcome.into_inner().unwrap_or_else(PoisonError::into_inner);
    swarm.clock.finish(&outcome);
    outcome.failures.sort_by_key(|(_, failure)| failure.plan.seed);
    outcome
}

impl Swarm<'_> {
    fn work(&self) {
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let is_late = self.options.time.is_some_and(|time| self.clock.passed() > time);
            if index >= self.options.seeds || is_late || self.stop.load(Ordering::Relaxed) {
                return;
            }
            self.one(index);
        }
    }

    fn one(&self, index: u64) {
        let seed = self.options.first.wrapping_add(index);
        let plan = Plan::draw(seed);
        let is_twice = self.options.twice_every > 0 && index.is_multiple_of(self.options.twice_every);
        let is_compared = self.options.level_every > 0 && index.is_multiple_of(self.options.level_every);
        let result = self.play(&plan, is_twice, is_compared);
        let failure = match &result {
            Ok(report) if !report.is_good() => Some(self.make_small(report)),
            _ => None,
        };
        let mut outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        outcome.played += 1;
        outcome.repeated += u64::from(is_twice);
        match result {
            Ok(report) => outcome.coverage.add(&report.coverage),
            Err(error) => outcome.broken.push((seed, error.to_string())),
        }
        if let Some(failure) = failure {
            let path = failing::write(&self.options.folder, &failure);
            self.clock.tell(&failing::describe(&path, &failure, true));
            outcome.failures.push((path, failure));
            self.stop.fetch_or(self.options.until_first, Ordering::Relaxed);
        }
        self.clock.show(&outcome);
    }

    fn play(&self, plan: &Plan, is_twice: bool, is_compared: bool) -> Result<Report, play::Error> {
        let mut report = play(plan, Keep::Nothing, self.options.defect)?;
        if is_twice {
            let again = play(plan, Keep::Nothing, self.options.defect)?;
            if again.hash != report.hash {
                report.violations.push(differs(&report, &again));
            }
        }
        if is_compared {
            report.violations.extend(level::check(&report, self.options.defect)?);
        }
        Ok(report)
    }

    /// The smallest plan that still breaks the same promise.
    fn make_small(&self, report: &Report) -> Failure {
        let expected = self.options.defect.map(|defect| defect.noticed_by);
        let oracle = expected.filter(|name| report.breaks(name)).unwrap_or(&report.violations[0].oracle);
        let (is_twice, is_compared) = (oracle == DETERMINISM, oracle == level::ORACLE);
        let mut last = report.clone();
        if !self.options.shrink {
            return self.failure(report.plan.clone(), last);
        }
        let (plan, _) =
            crate::run::shrink::shrink(&report.plan, |plan| match self.play(plan, is_twice, is_compared) {
                Ok(report) if report.breaks(oracle) => {
                    last = report;
                    true
                }
                _ => false,
            });
        self.failure(plan, last)
    }

    fn failure(&self, plan: Plan, report: Report) -> Failure {
        let defect = self.options.defect.map(|defect| defect.name.to_owned());
        Failure { plan, defect, hash: report.hash, violations: report.violations }
    }
}

fn differs(one: &Report, other: &Report) -> crate::oracles::Violation {
    crate::oracles::Violation {
        oracle: DETERMINISM.to_owned(),
        at_millis: 0,
        what: format!(
            "two runs of seed {} differ: {} lines, hash {}, and {} lines, hash {}",
            one.plan.seed, one.lines, one.hash, other.lines, other.hash
        ),
    }
}
