//! What keeps the page of an episode back.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::Desk;
use crate::book::episodes::{Episode, IssueRef};
use crate::rules::inhibition::Sources;

/// An issue that is said to be folded under a cause which is not known here is believed for so
/// long: its cause is posted in the same round, or in the next.
const CAUSE_GRACE: SignedDuration = SignedDuration::from_secs(2 * model::alert::RESEND_INTERVAL.as_secs());

/// Causes of causes that are followed. Chains are pod, rollout, node, zone.
const CHAIN_MAX: usize = 16;

/// Whether a page may leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    /// It may.
    Open,
    /// Somebody has taken it on.
    Acknowledged {
        /// Until then; `None` until it is over.
        until: Option<Timestamp>,
    },
    /// A repair may spare it.
    Held {
        /// Until then at the latest.
        until: Timestamp,
        /// The remediation; empty while it is only waited for one.
        remediation: String,
    },
    /// It is silenced or goes without saying.
    Suppressed(Suppression),
}

/// What suppresses an alert.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suppression {
    /// Silences.
    pub silenced_by: Vec<Uuid>,
    /// Alerts, by fingerprint, or the cause it is folded under.
    pub inhibited_by: Vec<String>,
}

impl Suppression {
    /// Whether nothing does.
    pub fn is_empty(&self) -> bool {
        self.silenced_by.is_empty() && self.inhibited_by.is_empty()
    }
}

impl Gate {
    /// When it opens by itself and its page must then leave at once.
    pub(super) fn until(&self) -> Option<Timestamp> {
        match self {
            Self::Acknowledged { until } => *until,
            Self::Held { until, .. } => Some(*until),
            Self::Open | Self::Suppressed(_) => None,
        }
    }
}

impl Desk {
    /// What muting alerts there are.
    pub(super) fn sources(&self) -> Sources {
        let firing = self.book.live().flat_map(|episode| {
            let open = episode.sets.iter().filter(|(_, set)| set.is_open());
            open.map(|(fingerprint, set)| (*fingerprint, &set.alert.labels))
        });
        Sources::collect(&self.settings.inhibit_rules, &firing)
    }

    /// Whether the page of a live episode may leave, silences and inhibition aside.
    pub(super) fn gate(&self, episode: &Episode, now: Timestamp) -> Gate {
        if let Some(ack) = episode.acknowledged(now) {
            return Gate::Acknowledged { until: ack.until };
        }
        self.held(episode, now).unwrap_or(Gate::Open)
    }

    /// Whether the page of a live episode may leave.
    pub(super) fn full_gate(&self, episode: &Episode, sources: &Sources, now: Timestamp) -> Gate {
        match self.gate(episode, now) {
            Gate::Open => match self.suppression(episode, sources, now) {
                none if none.is_empty() => Gate::Open,
                some => Gate::Suppressed(some),
            },
            closed => closed,
        }
    }

    fn held(&self, episode: &Episode, now: Timestamp) -> Option<Gate> {
        let issue = episode.issue()?;
        if episode.name.is_ahead_of(now) {
            return None;
        }
        let (began, policy) = (episode.name.receipt, &self.settings.policy);
        let holds = &self.book.holds;
        if let Some(hold) = holds.in_force(&issue, began, policy.holds, self.listening.since(), now) {
            return Some(Gate::Held { until: hold.until, remediation: hold.remediation });
        }
        // Whatever the healer has said, it is no longer waited for its first word.
        let spoken = holds.was_taken(&issue, began) || self.telling_outcome(episode).is_some();
        let until = began.saturating_add(policy.pre_hold).ok()?;
        (!spoken && until > now).then_some(Gate::Held { until, remediation: String::new() })
    }

    /// What suppresses an episode's alert.
    pub(super) fn suppression(&self, episode: &Episode, sources: &Sources, now: Timestamp) -> Suppression {
        let labels = episode.labels();
        let inhibiting = sources.muting(&self.settings.inhibit_rules, labels).into_iter();
        let mut inhibited_by: Vec<String> = inhibiting.map(|by| format!("{by:016x}")).collect();
        inhibited_by.extend(self.folded_under(episode, now));
        Suppression { silenced_by: self.book.silences.muting(labels, now), inhibited_by }
    }

    /// The cause an issue is folded under, if that cause will be heard of: it, or what it is
    /// folded under itself, fires here. Issues that explain each other in a circle are folded
    /// under nothing.
    fn folded_under(&self, episode: &Episode, now: Timestamp) -> Option<String> {
        let cause = episode.cause()?;
        let mut seen: Vec<IssueRef> = episode.issue().into_iter().collect();
        let mut next = cause.clone();
        for _ in 0..CHAIN_MAX {
            if seen.contains(&next) {
                return None;
            }
            let known = self.book.of_issue(&next);
            let Some(above) = known.filter(|above| above.is_live()) else {
                let since = known.and_then(|above| above.ended).map_or(episode.name.receipt, |(at, _)| at);
                let believed = now.duration_since(since) < CAUSE_GRACE;
                return believed.then(|| format!("{} {}", cause.lineage, cause.check));
            };
            seen.push(next);
            let Some(higher) = above.cause() else {
                let direct = self.book.of_issue(&cause).unwrap_or(above);
                return Some(format!("{:016x}", direct.current));
            };
            next = higher;
        }
        None
    }

    /// When the healer last said something about an episode that a person must hear.
    pub(super) fn telling_outcome(&self, episode: &Episode) -> Option<Timestamp> {
        let issue = episode.issue()?;
        self.book.outcomes.news(&issue, episode.name.receipt)
    }
}
