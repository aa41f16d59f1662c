//! Issues: what checks say of subjects, gathered by lineage, with their beginnings and ends.
//!
//! An issue opens when a check finds one of its lineage's subjects unhealthy. Its members come
//! and go; it stays the same issue while any is left, and after that until the lineage has been
//! healthy for `healthyFor`. A pod that was replaced is not healthy: its replacement has to be.

mod render;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use model::issue::{Cause, Resolution};
use model::{Issue, Lineage, ObjectRef};

use crate::checks::{Finding, Verdict};
use crate::now::Now;
use crate::sources::Sources;
use crate::world::{Recovery, Subject, World};

/// How soon a lineage that is not yet over its trouble is looked at again. Changes of its own
/// pods would tell, but not the absence of one that does not come.
const PROVE_AGAIN: Duration = Duration::from_secs(5);

/// How long what comes in the place of what was wrong may take to be well before that counts as a
/// trouble of its own: an image is pulled and a program starts within this time.
const REPLACED_WITHIN: Duration = Duration::from_mins(2);

/// The identity of an issue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    /// Whose trouble.
    pub(crate) lineage: Lineage,
    /// The check's code.
    pub(crate) code: &'static str,
}

/// What an evaluation is about, besides its verdict.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// The issue it would belong to.
    pub(crate) key: Key,
    /// The object that was looked at.
    pub(crate) object: ObjectRef,
    /// The node it is on.
    pub(crate) node: String,
    /// The controller directly above it: for a Deployment's pod, its revision.
    pub(crate) owner: String,
    /// Who owns it, by its own label.
    pub(crate) team: String,
}

/// One subject of an issue.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) seen: Seen,
    pub(crate) finding: Finding,
    /// Whether it has been wrong for long enough to count; else it keeps an open issue open.
    pub(crate) counts: bool,
}

/// An issue, open or about to be.
#[derive(Debug)]
pub(crate) struct Tracked {
    pub(crate) members: BTreeMap<Subject, Member>,
    /// Since when it is open; none while nothing counts yet.
    pub(crate) open_since: Option<Timestamp>,
    /// Since when, on the steady clock, it has had no members.
    recovering_since: Option<Duration>,
    /// Whether it has no members and is on its way to its end.
    subsiding: bool,
    /// The issue that explains it, at the root.
    pub(crate) cause: Option<Key>,
    /// The revision whose rollout is to blame, where one is.
    pub(crate) brought: Option<String>,
    /// As it was last told.
    told: Option<Arc<Issue>>,
}

impl Tracked {
    fn new() -> Self {
        Self {
            members: BTreeMap::new(),
            open_since: None,
            recovering_since: None,
            subsiding: false,
            cause: None,
            brought: None,
            told: None,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.open_since.is_some()
    }

    /// Whether nothing is wrong any more, and all that is left is to wait until that has lasted, or
    /// for a replacement that may still come in good time.
    pub(crate) fn is_subsiding(&self) -> bool {
        self.subsiding
    }
}

/// An issue that is new, changed or over.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// The issue as it is, or last was.
    pub issue: Arc<Issue>,
    /// Why it is over, if it is.
    pub resolution: Option<Resolution>,
}

/// What became of an issue that was looked at.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    /// It stays, and is to be looked at again at this time.
    Stays(Option<Duration>),
    /// It never counted, and does not any more.
    Vanishes,
    /// It is over.
    Ends(Resolution),
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
            Verdict::Healthy | Verdict::HealthyUntil(_) => return self.release(subject, check),
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
                    self.issues.remove(&key);
                    settled.timers.push((key.clone(), None));
                }
                Fate::Ends(resolution) => {
                    settled.ended.extend(self.end(&key, resolution));
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
            settled.ended.extend(self.end(&key, Resolution::CheckDisabled));
            settled.timers.push((key.clone(), None));
            settled.changed.insert(key);
        }
        settled
    }

    /// What was never told needs no end either.
    fn end(&mut self, key: &Key, resolution: Resolution) -> Option<Update> {
        let issue = self.issues.remove(key)?.told?;
        Some(Update { issue, resolution: Some(resolution) })
    }

    /// How an issue is to be told, if it is open and not as it was told last.
    pub(crate) fn tell(&mut self, key: &Key, world: &World) -> Option<Update> {
        let cause = self.issues.get(key)?.cause.clone();
        let cause = cause.map(shown);
        let tracked = self.issues.get_mut(key)?;
        if tracked.members.is_empty() {
            // Nothing is left to say of it but how it ends; only its cause may change.
            let told = tracked.told.as_ref()?;
            if told.cause == cause {
                return None;
            }
            let issue = Arc::new(Issue { cause, ..Issue::clone(told) });
            tracked.told = Some(Arc::clone(&issue));
            return Some(Update { issue, resolution: None });
        }
        let issue = render::issue(key, tracked, cause, world)?;
        if tracked.told.as_deref() == Some(&issue) {
            return None;
        }
        let issue = Arc::new(issue);
        tracked.told = Some(Arc::clone(&issue));
        Some(Update { issue, resolution: None })
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
        let is_news = tracked.cause != cause;
        (tracked.cause, tracked.brought) = (cause, brought);
        is_news
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

impl Tracked {
    fn look(&mut self, key: &Key, world: &World, sources: &Sources, healthy_for: Duration, now: Now) -> Fate {
        self.subsiding = false;
        if !self.members.is_empty() {
            self.recovering_since = None;
            if self.open_since.is_none() {
                let counting = self.members.values().filter(|member| member.counts);
                self.open_since = counting.map(|member| member.finding.since).min();
            }
            return Fate::Stays(None);
        }
        let Some(open_since) = self.open_since else { return Fate::Vanishes };
        let began = *self.recovering_since.get_or_insert(now.steady);
        let recovery = world.recovery(&key.lineage, open_since, sources);
        self.subsiding = recovery != Recovery::Unproven || now.steady < began + REPLACED_WITHIN;
        let due = match recovery {
            Recovery::Gone => return Fate::Ends(Resolution::SubjectGone),
            Recovery::Unproven => return Fate::Stays(Some(now.steady + PROVE_AGAIN)),
            Recovery::Well(None) => began + healthy_for,
            Recovery::Well(Some(since)) => {
                let proven = since.saturating_add(healthy_for).unwrap_or(now.wall);
                (began + healthy_for).max(now.steady_at(proven))
            }
        };
        if due <= now.steady { Fate::Ends(Resolution::Healthy) } else { Fate::Stays(Some(due)) }
    }
}
