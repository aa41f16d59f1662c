//! Episodes: one continuous trouble each, from its first firing until it is over.

mod history;
mod key;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use model::issue::Resolution;
use model::labels::{self, LabelSet, annotation};
use serde::{Deserialize, Serialize};

use crate::alerts::{Alert, Fingerprint};
use crate::entries::Stamp;

pub use history::{History, KeyFact};
pub use key::{EpisodeKey, IssueRef, NotAKey};

/// Somebody took an episode on, or gave it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ack {
    /// The episode's key.
    pub key: EpisodeKey,
    /// The episode's name (or an alias) when it was acknowledged.
    pub episode: Stamp,
    /// Who.
    pub by: String,
    /// What they had to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Until when; `None` until it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Whether this takes earlier acknowledgements back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withdrawn: bool,
}

/// An alert was not posted again before its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lapsed {
    /// The episode's key.
    pub key: EpisodeKey,
    /// Which of its label sets.
    pub fingerprint: Fingerprint,
    /// What it means.
    pub how: Lapse,
    /// When it had last been heard of.
    pub heard: Timestamp,
}

/// What it means that an alert was not posted again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lapse {
    /// Its source went on posting others: over, though nobody said so.
    Expired,
    /// Its source fell silent too, or was not listened to long enough: nobody knows.
    SourceLost,
}

/// One set of labels under which an episode was posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// The alert as last told, merged.
    pub alert: Alert,
    /// Who posts it.
    pub source: String,
    /// Whether it fires.
    pub state: SetState,
}

/// Whether a set of labels fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetState {
    /// It does, as far as is known.
    Firing,
    /// It did when its source was last heard.
    SourceLost {
        /// When that was noticed.
        since: Timestamp,
    },
    /// It does not.
    Ended,
}

impl Set {
    /// Whether it still counts as trouble.
    pub fn is_open(&self) -> bool {
        self.state != SetState::Ended
    }
}

/// How an episode ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Its source said so; our monitor also says why.
    Resolved(Option<Resolution>),
    /// It was not posted again while its source went on posting.
    Expired,
}

/// An acknowledgement in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What they had to say.
    pub note: String,
    /// Until when; `None` until it is over.
    pub until: Option<Timestamp>,
}

/// One continuous trouble.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Episode {
    /// Its key.
    pub key: EpisodeKey,
    /// Its name: the stamp of its earliest firing.
    pub name: Stamp,
    /// All names it may have been known by; what was written under any of them counts.
    pub names: BTreeSet<Stamp>,
    /// The label sets it was posted under.
    pub sets: BTreeMap<Fingerprint, Set>,
    /// The one that was last heard firing.
    pub current: Fingerprint,
    /// When and how it ended; `None` while it lasts.
    pub ended: Option<(Timestamp, Ending)>,
    /// Who has taken it on.
    pub ack: Option<Acknowledged>,
}

impl Episode {
    /// The alert that stands for it.
    pub fn alert(&self) -> &Alert {
        &self.sets[&self.current].alert
    }

    /// The labels that stand for it.
    pub fn labels(&self) -> &LabelSet {
        &self.alert().labels
    }

    /// Whether it lasts.
    pub fn is_live(&self) -> bool {
        self.ended.is_none()
    }

    /// When its source was lost, if no set of it is known to fire.
    pub fn source_lost(&self) -> Option<Timestamp> {
        let open = self.sets.values().filter(|set| set.is_open());
        let since = open.map(|set| match set.state {
            SetState::SourceLost { since } => Some(since),
            SetState::Firing | SetState::Ended => None,
        });
        since.collect::<Option<Vec<_>>>()?.into_iter().max()
    }

    /// The acknowledgement in force at `now`.
    pub fn acknowledged(&self, now: Timestamp) -> Option<&Acknowledged> {
        let ack = self.ack.as_ref()?;
        let lasts = ack.until.is_none_or(|until| until > now);
        (self.is_live() && lasts).then_some(ack)
    }

    /// How bad it is, as its label says.
    pub fn severity(&self) -> &str {
        self.labels().get(labels::SEVERITY).map_or("", String::as_str)
    }

    /// The issue it is about, if it is one of ours.
    pub fn issue(&self) -> Option<IssueRef> {
        if self.key.is_issue() { IssueRef::of(self.labels()) } else { None }
    }

    /// The issue that explains this one, if its monitor found one.
    pub fn cause(&self) -> Option<IssueRef> {
        if !self.key.is_issue() {
            return None;
        }
        let text = self.alert().annotations.get(annotation::CAUSE)?;
        let cause: model::issue::Cause = serde_json::from_str(text).ok()?;
        let cluster = self.labels().get(labels::CLUSTER)?.clone();
        Some(IssueRef { cluster, lineage: cause.lineage, check: cause.code })
    }
}
