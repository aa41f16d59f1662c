//! Each deliberate defect is looked for in fresh seeds, until the checker that has to notice it does.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{failing, progress};
use crate::run::defect::{Defect, TABLE};
use crate::run::level;
use crate::run::plan::Plan;
use crate::run::play::play;
use crate::run::report::{Failure, Report};
use crate::run::shrink::shrink;
use crate::trace::Keep;

/// So many seeds a defect may go unnoticed.
const SEEDS_MAX: u64 = 500;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Hunt {
    /// The first seed; the others follow it.
    pub first: u64,
    /// For how long at most.
    pub time: Option<Duration>,
    /// How many defects at once.
    pub threads: usize,
    /// The one defect that is looked for; all without it.
    pub only: Option<&'static Defect>,
    /// Where the runs that show a defect are written, made small; nowhere without it.
    pub folder: Option<PathBuf>,
}

/// What became of one defect.
#[derive(Debug)]
pub struct Catch {
    /// The defect.
    pub defect: &'static Defect,
    /// How many seeds were played until it was noticed, or until there was no time for more.
    pub played: u64,
    /// The seed in which it was noticed, if it was.
    pub seed: Option<u64>,
}

/// Looks for them, in the order of the table.
pub fn hunt(hunt: &Hunt) -> Vec<Catch> {
    let wanted: Vec<&'static Defect> = match hunt.only {
        Some(defect) => vec![defect],
        None => TABLE.iter().collect(),
    };
    let (next, clock) = (AtomicUsize::new(0), progress::Clock::start(SEEDS_MAX));
    let caught = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..hunt.threads {
            scope.spawn(|| {
                while let Some(defect) = wanted.get(next.fetch_add(1, Ordering::Relaxed)).copied() {
                    let catch = one(hunt, defect, &clock);
                    clock.tell(&catch.line());
                    caught.lock().unwrap_or_else(PoisonError::into_inner).push(catch);
                }
            });
        }
    });
    let mut caught = caught.into_inner().unwrap_or_else(PoisonError::into_inner);
    let place = |catch: &Catch| wanted.iter().position(|defect| defect.name == catch.defect.name);
    caught.sort_by_key(place);
    caught
}

fn one(hunt: &Hunt, defect: &'static Defect, clock: &progress::Clock) -> Catch {
    for played in 0..SEEDS_MAX {
        if hunt.time.is_some_and(|time| clock.passed() > time) {
            return Catch { defect, played, seed: None };
        }
        let seed = hunt.first.wrapping_add(played);
        let plan = Plan::draw(seed);
        if shows(&plan, defect).is_some() {
            if let Some(folder) = &hunt.folder {
                keep(folder, &plan, defect);
            }
            return Catch { defect, played: played + 1, seed: Some(seed) };
        }
    }
    Catch { defect, played: SEEDS_MAX, seed: None }
}

/// The run of a plan in which the right checker notices a defect, and which keeps every promise
/// without it.
fn shows(plan: &Plan, defect: &'static Defect) -> Option<Report> {
    let is_compared = defect.noticed_by == level::ORACLE;
    if is_compared {
        // There would be nothing to compare with.
        level::undisturbed(plan)?;
    }
    let played = |defect| {
        if is_compared { level::play_compared(plan, defect) } else { play(plan, Keep::Nothing, defect) }
    };
    let report = played(Some(defect)).ok()?;
    let is_its_doing = || played(None).is_ok_and(|honest| honest.is_good());
    (report.breaks(defect.noticed_by) && is_its_doing()).then_some(report)
}

fn keep(folder: &Path, plan: &Plan, defect: &'static Defect) {
    let (small, _) = shrink(plan, |smaller| shows(smaller, defect).is_some());
    let Some(report) = shows(&small, defect) else { return };
    let failure = Failure {
        plan: small,
        defect: Some(defect.name.to_owned()),
        hash: report.hash,
        violations: report.violations,
    };
    failing::write(folder, &failure);
}

impl Catch {
    /// One line.
    pub fn line(&self) -> String {
        let Self { defect, played, seed } = self;
        match seed {
            Some(seed) => {
                format!(
                    "{}: noticed by {} in seed {seed}, the {played}. played",
                    defect.name, defect.noticed_by
                )
            }
            None => format!("{}: NOT NOTICED by {} in {played} seeds", defect.name, defect.noticed_by),
        }
    }
}
