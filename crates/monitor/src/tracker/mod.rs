//! Issues: what checks say of subjects, gathered by lineage, with their beginnings and ends.
//!
//! An issue opens when a check finds one of its lineage's subjects unhealthy. Its members come
//! and go; it stays the same issue while any is left, and after that until the lineage has been
//! healthy for `healthyFor`. A pod that was replaced is not healthy: its replacement has to be.

mod render;
mod tracked;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use model::issue::{Cause, Resolution};
use model::{Issue, Lineage, Severity};

use crate::checks::Verdict;
use crate::now::Now;
use crate::sources::Sources;
use crate::world::{Subject, World};

use tracked::Fate;

pub(crate) use tracked::{Member, Seen, Tracked};

/// The identity of an issue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    /// Whose trouble.
    pub(crate) lineage: Lineage,
    /// The check's code.
    pub(crate) code: &'static str,
}

/// An issue that is new, changed or over.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// The issue as it is, or last was.
    pub issue: Arc<Issue>,
    /// Why it is over, if it is.
    pub resolution: Option<Resolution>,
}

/// All issues.
#[derive(Debug, Default)]
pub(crate) struct Tracker {
    issues: BTreeMap<Key, Tracked>,
    /// The issues that each subject is a member of, by the check's place in the table.
    held: BTreeMap<(Subject, usize), Key>,
    /// Issues to be looked at.
    stirred: BTreeSet<Key>,
    /// How many issues are about to open, by code.
    pending: BTreeMap<&'static str, usize>,
    /// What is folded under each issue.
    symptoms: BTreeMap<Key, BTreeSet<Key>>,
}

/// What settling found, besides what it changed in place.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// Issues that opened, changed or ended: those that depend on them are to be folded anew.
    pub(crate) changed: BTreeSet<Key>,
    /// Issues that are over.
    pub(crate) ended: Vec<Update>,
    /// When to look at issues again; none takes the time away.
    pub(crate) timers: Vec<(Key, Option<Duration>)>,
}

impl Tracker {
    /// Takes in what a check says of a subject.
    pub(crate) fn observe(
        &mut self,
        subject: Subject,
        check: usize,
        seen: impl FnOnce() -> Option<Seen>,
        verdict: Verdict,
    ) {
        let (finding, counts) = match verdict {
            Verdict::Unknown { .. } => return,
            Verdict::Lingers { finding, .. } if self.held.contains_key(&(subject, check)) => {
                (*finding, false)
            }
            Verdict::Healthy | Verdict::HealthyUntil(_) | Verdict::Lingers { .. } => {
                return self.release(subject, check);
            }
            Verdict::Pending { finding, .. } => (*finding, false),
            Verdict::Unhealthy { finding, .. } => (*finding, true),
        };
        let Some(seen) = seen() else { return };
        let key = seen.key.clone();
        if self.held.get(&(subject, check)).is_some_and(|held| *held != key) {
            // Its lineage became known, or another: the trouble moves there.
            self.release(subject, check);
        }
        self.held.insert((subject, check), key.clone());
        let tracked = self.issues.entry(key.clone()).or_insert_with(|| {
            *self.pending.entry(key.code).or_default() += 1;
            Tracked::new()
        });
        tracked.members.insert(subject, Member { seen, finding, counts });
        self.stirred.insert(key);
    }

    /// A subject is gone, or is another now.
    pub(crate) fn forget(&mut self, subject: Subject) {
        let held: Vec<usize> =
            self.held.range((subject, 0)..=(subject, usize::MAX)).map(|((_, check), _)| *check).collect();
        for check in held {
            self.release(subject, check);
        }
    }

    fn release(&mut self, subject: Subject, check: usize) {
        let Some(key) = self.held.remove(&(subject, check)) else { return };
        if let Some(tracked) = self.issues.get_mut(&key) {
            tracked.members.remove(&subject);
        }
        self.stirred.insert(key);
    }

    /// Looks at an issue again when settling.
    pub(crate) fn stir(&mut self, key: Key) {
        self.stirred.insert(key);
    }

    /// Looks at all issues of a controller again: it is gone.
    pub(crate) fn stir_lineages(&mut self, kind: &str, namespace: &str, name: &str) {
        let first = Key { lineage: Lineage::namespaced(kind, namespace, name), code: "" };
        let is_of = |key: &&Key| {
            let lineage = &key.lineage;
            lineage.kind == kind && lineage.namespace == namespace && lineage.name == name
        };
        let keys: Vec<Key> =
            self.issues.range(first..).map(|(key, _)| key).take_while(is_of).cloned().collect();
        self.stirred.extend(keys);
    }

    /// Opens and ends issues. `healthy_for` says for how long a check's issues must be healthy.
    pub(crate) fn settle(
        &mut self,
        world: &World,
        sources: &Sources,
        healthy_for: impl Fn(&str) -> Duration,
        now: Now,
    ) -> Settled {
        let mut settled = Settled::default();
        for key in std::mem::take(&mut self.stirred) {
            let Some(tracked) = self.issues.get_mut(&key) else { continue };
            let was_open = tracked.is_open();
            let fate = tracked.look(&key, world, sources, healthy_for(key.code), now);
            if !was_open && (tracked.is_open() || fate == Fate::Vanishes) {
                no_more(&mut self.pending, key.code);
            }
            match fate {
                Fate::Stays(look_again) => settled.timers.push((key.clone(), look_again)),
                Fate::Vanishes => {
                    self.remove(&key, &mut settled.changed);
                    settled.timers.push((key.clone(), None));
                }
                Fate::Ends(resolution) => {
                    settled.ended.extend(self.end(&key, resolution, &mut settled.changed));
                    settled.timers.push((key.clone(), None));
                }
            }
            settled.changed.insert(key);
        }
        settled
    }

    /// Ends all issues of a check that was switched off.
    pub(crate) fn end_all_of(&mut self, code: &str) -> Settled {
        let keys: Vec<Key> = self.issues.keys().filter(|key| key.code == code).cloned().collect();
        let mut settled = Settled::default();
        self.held.retain(|_, key| key.code != code);
        self.pending.remove(code);
        for key in keys {
            settled.ended.extend(self.end(&key, Resolution::CheckDisabled, &mut settled.changed));
            settled.timers.push((key.clone(), None));
            settled.changed.insert(key);
        }
        settled
    }

    /// What was never told needs no end either.
    fn end(&mut self, key: &Key, resolution: Resolution, changed: &mut BTreeSet<Key>) -> Option<Update> {
        let issue = self.remove(key, changed)?.told?;
        Some(Update { issue, resolution: Some(resolution) })
    }

    /// An issue is no more. Its cause may have been as grave as it.
    fn remove(&mut self, key: &Key, changed: &mut BTreeSet<Key>) -> Option<Tracked> {
        let tracked = self.issues.remove(key)?;
        if let Some(cause) = &tracked.cause {
            self.unfold(key, cause);
            changed.insert(cause.clone());
        }
        Some(tracked)
    }

    fn unfold(&mut self, key: &Key, cause: &Key) {
        if let Some(symptoms) = self.symptoms.get_mut(cause) {
            symptoms.remove(key);
            if symptoms.is_empty() {
                self.symptoms.remove(cause);
            }
        }
    }

    /// How an issue is to be told, if it is open and not as it was told last.
    pub(crate) fn tell(&mut self, key: &Key, world: &World) -> Option<Update> {
        let tracked = self.issues.get(key)?;
        let cause = tracked.cause.clone().map(shown);
        let mut issue = if tracked.members.is_empty() {
            render::past(tracked, cause)?
        } else {
            render::issue(key, tracked, cause, world)?
        };
        let own = issue.severity;
        if let Some((severity, symptom)) = self.gravest_symptom(key).filter(|(severity, _)| *severity > own) {
            render::make_grave(&mut issue, severity, symptom);
        }
        let tracked = self.issues.get_mut(key)?;
        tracked.own = Some(own);
        if tracked.told.as_deref() == Some(&issue) {
            return None;
        }
        let issue = Arc::new(issue);
        tracked.told = Some(Arc::clone(&issue));
        Some(Update { issue, resolution: None })
    }

    /// Nobody is told of what is folded: its cause is told as gravely as the gravest of that.
    fn gravest_symptom(&self, key: &Key) -> Option<(Severity, &Key)> {
        let symptoms = self.symptoms.get(key)?.iter();
        let graded = symptoms.filter_map(|symptom| Some((self.issues.get(symptom)?.severity()?, symptom)));
        graded.min_by_key(|(severity, symptom)| (Reverse(*severity), *symptom))
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&Tracked> {
        self.issues.get(key)
    }

    pub(crate) fn is_open(&self, key: &Key) -> bool {
        self.issues.get(key).is_some_and(Tracked::is_open)
    }

    /// Sets what explains an issue, and the revision that is to blame; whether the former is news.
    pub(crate) fn explain(&mut self, key: &Key, cause: Option<Key>, brought: Option<String>) -> bool {
        let Some(tracked) = self.issues.get_mut(key) else { return false };
        tracked.brought = brought;
        if tracked.cause == cause {
            return false;
        }
        let before = std::mem::replace(&mut tracked.cause, cause.clone());
        if let Some(before) = before {
            self.unfold(key, &before);
        }
        if let Some(cause) = cause {
            self.symptoms.entry(cause).or_default().insert(key.clone());
        }
        true
    }

    /// How many issues are about to open, by code.
    pub(crate) fn pending(&self) -> &BTreeMap<&'static str, usize> {
        &self.pending
    }
}

/// One less is about to open.
fn no_more(pending: &mut BTreeMap<&'static str, usize>, code: &'static str) {
    if let Some(count) = pending.get_mut(code) {
        *count -= 1;
        if *count == 0 {
            pending.remove(code);
        }
    }
}

/// A cause as issues show it: by the lineage's own object.
fn shown(Key { lineage, code }: Key) -> Cause {
    let Lineage { kind, namespace, name, .. } = lineage.clone();
    Cause { kind, namespace, name, code: code.to_owned(), lineage }
}
