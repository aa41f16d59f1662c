//! One issue: who is concerned, since when, and whether it is over.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use model::issue::Resolution;
use model::{Issue, ObjectRef, Severity};

use super::Key;
use crate::checks::{self, Finding, Proof};
use crate::now::Now;
use crate::sources::Sources;
use crate::world::{Recovery, Subject, World};

/// How soon a lineage that is not yet over its trouble is looked at again. Changes of its own
/// pods would tell, but not the absence of one that does not come.
const PROVE_AGAIN: Duration = Duration::from_secs(5);

/// How long what comes in the place of what was wrong may take to be well before that counts as a
/// trouble of its own: an image is pulled and a program starts within this time.
const REPLACED_WITHIN: Duration = Duration::from_mins(2);

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
    /// How many pods its lineage had when it opened, if it is a trouble of pods.
    had: usize,
    /// Since when, on the steady clock, it has had no members.
    recovering_since: Option<Duration>,
    /// Whether it has no members and is on its way to its end.
    subsiding: bool,
    /// The issue that explains it, at the root.
    pub(crate) cause: Option<Key>,
    /// The revision whose rollout is to blame, where one is.
    pub(crate) brought: Option<String>,
    /// How grave it was by itself when it was told last.
    pub(super) own: Option<Severity>,
    /// As it was last told.
    pub(super) told: Option<Arc<Issue>>,
}

impl Tracked {
    pub(super) fn new() -> Self {
        Self {
            members: BTreeMap::new(),
            open_since: None,
            had: 0,
            recovering_since: None,
            subsiding: false,
            cause: None,
            brought: None,
            own: None,
            told: None,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.open_since.is_some()
    }

    /// How grave it is by itself, or was while something was wrong.
    pub(super) fn severity(&self) -> Option<Severity> {
        self.members.values().map(|member| member.finding.severity).max().or(self.own)
    }

    /// Whether nothing is wrong any more, and all that is left is to wait until that has lasted, or
    /// for a replacement that may still come in good time.
    pub(crate) fn is_subsiding(&self) -> bool {
        self.subsiding
    }

    /// Whether it opens, stays or ends, now that something about it has changed or is due.
    pub(super) fn look(
        &mut self,
        key: &Key,
        world: &World,
        sources: &Sources,
        healthy_for: Duration,
        now: Now,
    ) -> Fate {
        self.subsiding = false;
        if !self.members.is_empty() {
            self.recovering_since = None;
            if self.open_since.is_none() {
                let counting = self.members.values().filter(|member| member.counts);
                self.open_since = counting.map(|member| member.finding.since).min();
                let is_of_pods = || self.members.keys().any(|member| matches!(member, Subject::Pod(_)));
                // An instance has one.
                if self.is_open() && key.lineage.instance.is_empty() && is_of_pods() {
                    self.had = world.alive(&key.lineage);
                }
            }
            return Fate::Stays(None);
        }
        let Some(open_since) = self.open_since else { return Fate::Vanishes };
        let began = *self.recovering_since.get_or_insert(now.steady);
        if sources.obstacle(checks::needs(key.code), now.steady).is_some() {
            // Nobody can see whether it came back meanwhile.
            return Fate::Stays(Some(now.steady + PROVE_AGAIN));
        }
        let recovery = match world.recovery(&key.lineage, open_since, self.had, sources) {
            Recovery::Unproven | Recovery::Well(_) if checks::proof(key.code) == Proof::None => {
                Recovery::Well(None)
            }
            recovery => recovery,
        };
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

/// What became of an issue that was looked at.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stays, and is to be looked at again at this time.
    Stays(Option<Duration>),
    /// It never counted, and does not any more.
    Vanishes,
    /// It is over.
    Ends(Resolution),
}
