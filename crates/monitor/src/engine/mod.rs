//! What turns changes of the world into changes of issues.
//!
//! A change makes the subjects that it touches dirty; settling evaluates the checks of what is
//! dirty or due, opens and ends issues, folds symptoms under causes, and tells what changed.
//! Nothing is polled: when nothing changes and nothing is due, nothing runs.
//!
//! Architecture invariant: pure. The same changes at the same times give the same issues.

mod seen;
mod timers;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use model::Lineage;
use model::config::monitor::Checks;

use crate::causes::{self, Causes};
use crate::checks::{self, Check, Context, Verdict};
use crate::kind::Kind;
use crate::now::Now;
use crate::sources::{self, Sources};
use crate::tracker::{Key, Tracker, Update};
use crate::world::{Change, Settings, Subject, Touched, World};

use timers::Timers;

/// By how much the wall clock may differ from what it should show before everything that waits
/// for a time is looked at again. Clocks are slewed by less than this between two looks.
const STEP: SignedDuration = SignedDuration::from_secs(1);

/// What a watch tells, or that it cannot.
pub(crate) enum Input {
    /// What it tells.
    Change(Change),
    /// It hears nothing.
    Failed {
        kind: Kind,
        /// The verb that RBAC does not grant, where that is why.
        denied: Option<String>,
        error: String,
    },
}

/// Something that is due at some time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    /// A subject is to be evaluated.
    Subject(Subject),
    /// An issue may be over.
    Issue(Key),
}

/// A check that could not look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Blind {
    pub(crate) code: &'static str,
    pub(crate) reason: String,
}

/// The pure core of the monitor.
pub(crate) struct Engine {
    thresholds: Checks,
    world: World,
    sources: Sources,
    tracker: Tracker,
    causes: Causes,
    timers: Timers<Timer>,
    dirty: BTreeSet<Subject>,
    /// Everything is to be evaluated: instead of a set of all there is.
    all_dirty: bool,
    /// Whether every kind was listed once, and so issues may be told.
    began: bool,
    offset: Option<SignedDuration>,
    evaluated: [u64; checks::ALL.len()],
    touched: Vec<Touched>,
    /// Lineages whose pods changed, as far as some issue's cause depends on these.
    stirred: BTreeSet<Key>,
}

impl Engine {
    /// An engine that knows nothing yet.
    pub(crate) fn new(thresholds: Checks, team_label: String) -> Self {
        let clock_skew = thresholds.node_unreachable.clock_skew.signed();
        Self {
            thresholds,
            world: World::new(Settings { team_label, clock_skew }),
            sources: Sources::default(),
            tracker: Tracker::default(),
            causes: Causes::default(),
            timers: Timers::default(),
            dirty: BTreeSet::new(),
            all_dirty: false,
            began: false,
            offset: None,
            evaluated: [0; checks::ALL.len()],
            touched: Vec::new(),
            stirred: BTreeSet::new(),
        }
    }

    /// Takes in what a watch tells. Nothing is evaluated before [`Self::settle`].
    pub(crate) fn apply(&mut self, input: Input, now: Now) {
        match input {
            Input::Failed { kind, denied, error } => {
                self.sources.failed(kind, denied, error, now.steady);
            }
            Input::Change(change) => {
                // What could not be judged while nothing was heard is to be looked at again.
                self.all_dirty |= match &change {
                    Change::ListDone(kind) => self.sources.listed(*kind),
                    Change::ListStarted(kind) => {
                        self.sources.list_started(*kind);
                        false
                    }
                    other => self.sources.heard(other.kind(), now.steady),
                };
                let mut touched = std::mem::take(&mut self.touched);
                self.world.apply(change, now, &mut touched);
                touched.drain(..).for_each(|touched| self.touch(touched));
                self.touched = touched;
            }
        }
    }

    fn touch(&mut self, touched: Touched) {
        match touched {
            // Before everything is listed, all of it will be evaluated at once anyway.
            _ if !self.began => {}
            Touched::Changed(subject) => drop(self.dirty.insert(subject)),
            Touched::Gone(subject) => {
                self.dirty.remove(&subject);
                self.timers.set(Timer::Subject(subject), None);
                self.tracker.forget(subject);
            }
            Touched::PodLeft(lineage) => self.pods_changed(lineage),
            Touched::ControllerGone { kind, namespace, name } => {
                self.tracker.stir_lineages(kind, &namespace, &name);
            }
        }
    }

    /// Evaluates what is dirty or due, and gives what changed. Gives nothing before every kind was
    /// listed, or denied.
    pub(crate) fn settle(&mut self, now: Now) -> Vec<Update> {
        if !self.began {
            if !self.sources.are_complete() {
                return Vec::new();
            }
            self.began = true;
            self.all_dirty = true;
        }
        if self.next_deadline().is_some_and(|due| now.steady.saturating_sub(due) >= sources::STALE_AFTER) {
            // Woken so late, this process stood still: what has come meanwhile is not read yet.
            self.sources.catch_up(now.steady);
        }
        self.all_dirty |= self.sources.caught_up(now.steady);
        self.collect_due(now);
        self.evaluate_dirty(now);
        let settled = self.tracker.settle(
            &self.world,
            &self.sources,
            |code| self.thresholds.get(code).map(|common| common.healthy_for.0).unwrap_or_default(),
            now,
        );
        for (key, at) in settled.timers {
            self.timers.set(Timer::Issue(key), at);
        }
        self.tell(settled.changed, settled.ended)
    }

    /// When to settle next, on the steady clock, if nothing changes before.
    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        let caught_up = self.sources.next_caught_up();
        self.timers.next().into_iter().chain(caught_up).min()
    }

    /// Takes other thresholds. Issues of checks that are switched off end.
    pub(crate) fn reconfigure(&mut self, thresholds: Checks) -> Vec<Update> {
        let was_on = |code: &str| self.thresholds.get(code).is_some_and(|common| common.enabled);
        let is_off = |code: &str| !thresholds.get(code).is_some_and(|common| common.enabled);
        let switched_off: Vec<&str> =
            checks::ALL.iter().map(|check| check.code).filter(|code| was_on(code) && is_off(code)).collect();
        self.world.set_clock_skew(thresholds.node_unreachable.clock_skew.signed());
        self.thresholds = thresholds;
        self.all_dirty = true;
        let (mut changed, mut ended) = (BTreeSet::new(), Vec::new());
        for code in switched_off {
            let settled = self.tracker.end_all_of(code);
            changed.extend(settled.changed);
            ended.extend(settled.ended);
            for (key, at) in settled.timers {
                self.timers.set(Timer::Issue(key), at);
            }
        }
        self.tell(changed, ended)
    }

    fn collect_due(&mut self, now: Now) {
        let offset = now.offset();
        let was_set = self.offset.replace(offset).is_some_and(|old| (offset - old).abs() > STEP);
        let mut due = if was_set { self.timers.take_all() } else { Vec::new() };
        due.extend(std::iter::from_fn(|| self.timers.pop_due(now.steady)));
        for timer in due {
            match timer {
                Timer::Subject(subject) => drop(self.dirty.insert(subject)),
                Timer::Issue(key) => self.tracker.stir(key),
            }
        }
    }

    fn evaluate_dirty(&mut self, now: Now) {
        let dirty = std::mem::take(&mut self.dirty);
        let lenses = self.lenses(now);
        let all: Vec<Subject> = if std::mem::take(&mut self.all_dirty) {
            self.world.subjects().collect()
        } else {
            dirty.into_iter().collect()
        };
        for subject in all {
            self.evaluate(subject, &lenses, now);
            if let Subject::Pod(id) = subject
                && self.causes.depend_on_pods()
                && let Some(pod) = self.world.pod(id)
            {
                self.pods_changed(self.world.lineage_of_pod(pod));
            }
        }
    }

    fn pods_changed(&mut self, lineage: Lineage) {
        if self.causes.depend_on_pods() {
            self.stirred.insert(causes::pods_of(lineage));
        }
    }

    /// The enabled checks, with their places, and whether they can look.
    fn lenses(&self, now: Now) -> Vec<(usize, &'static Check, Option<String>)> {
        let enabled = checks::ALL
            .iter()
            .enumerate()
            .filter(|(_, check)| self.thresholds.get(check.code).is_some_and(|common| common.enabled));
        enabled.map(|(at, check)| (at, check, self.sources.obstacle(check.needs, now.steady))).collect()
    }

    fn evaluate(&mut self, subject: Subject, lenses: &[(usize, &'static Check, Option<String>)], now: Now) {
        let world = &self.world;
        let context = Context { world, thresholds: &self.thresholds, now };
        let mut next: Option<Timestamp> = None;
        for (at, check, obstacle) in lenses {
            // Who cannot look says nothing: what was said last stands, and when it can look
            // again, everything is evaluated.
            if obstacle.is_some() {
                continue;
            }
            let Some(verdict) = check.judge(subject, &context) else { continue };
            self.evaluated[*at] += 1;
            next = earliest(next, look_again(&verdict));
            self.tracker.observe(subject, *at, || seen::of(subject, check.code, world), verdict);
        }
        self.timers.set(Timer::Subject(subject), next.map(|at| now.steady_at(at)));
    }

    /// Folds what changed and tells what is to be seen of it.
    fn tell(&mut self, mut changed: BTreeSet<Key>, ended: Vec<Update>) -> Vec<Update> {
        changed.append(&mut self.stirred);
        changed.extend(self.causes.fold(&changed, &mut self.tracker, &self.world));
        let mut updates = ended;
        updates.extend(changed.iter().filter_map(|key| self.tracker.tell(key, &self.world)));
        updates
    }

    /// Goes on without a kind that cannot be listed.
    pub(crate) fn give_up(&mut self, kind: Kind, reason: String) {
        self.sources.give_up(kind, reason);
    }

    /// How many checks are enabled.
    pub(crate) fn enabled(&self) -> usize {
        let is_on = |check: &&Check| self.thresholds.get(check.code).is_some_and(|common| common.enabled);
        checks::ALL.iter().filter(is_on).count()
    }

    /// Whether every kind was listed, or denied.
    pub(crate) fn has_begun(&self) -> bool {
        self.began
    }

    /// The kinds that are still to be listed.
    pub(crate) fn awaited(&self) -> Vec<Kind> {
        self.sources.awaited()
    }

    /// The checks that cannot look, and why.
    pub(crate) fn blind(&self, now: Now) -> Vec<Blind> {
        let blind = self.lenses(now).into_iter();
        blind.filter_map(|(_, check, reason)| Some(Blind { code: check.code, reason: reason? })).collect()
    }

    /// How many issues are about to open, by code.
    pub(crate) fn pending(&self) -> &BTreeMap<&'static str, usize> {
        self.tracker.pending()
    }

    /// How often each check was evaluated.
    pub(crate) fn evaluated(&self) -> impl Iterator<Item = (&'static str, u64)> {
        checks::ALL.iter().map(|check| check.code).zip(self.evaluated)
    }

    /// How many records of a kind there are.
    pub(crate) fn count(&self, kind: Kind) -> usize {
        self.world.count(kind)
    }

    /// How many different texts the records share.
    pub(crate) fn texts(&self) -> usize {
        self.world.texts()
    }

    /// How many times are waited for.
    pub(crate) fn timers(&self) -> usize {
        self.timers.len()
    }
}

/// When time alone may change a verdict.
fn look_again(verdict: &Verdict) -> Option<Timestamp> {
    match verdict {
        Verdict::Healthy | Verdict::Unknown { .. } => None,
        Verdict::HealthyUntil(at) | Verdict::Pending { at, .. } | Verdict::Lingers { until: at, .. } => {
            Some(*at)
        }
        Verdict::Unhealthy { until, .. } => *until,
    }
}

fn earliest(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
