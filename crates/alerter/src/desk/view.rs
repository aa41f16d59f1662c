//! What the API shows.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Desk, Gate, Suppression};
use crate::alerts::Alert;
use crate::book::episodes::{Ending, Episode, EpisodeKey, SetState};
use crate::rules::inhibition::Sources;
use crate::rules::routing::GroupId;

/// So long after its time-out, a message may still arrive: what was sent before may be under way.
const LATE_COPIES: Duration = Duration::from_secs(5);

/// How an acknowledgement stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AckState {
    /// Whether no page can leave any more: it is kept wherever it must be, and no message is on
    /// its way.
    pub replicated: bool,
}

/// One alert of an episode, and what is done with it.
#[derive(Clone, Debug)]
pub struct EpisodeView {
    /// The episode's key.
    pub key: EpisodeKey,
    /// The alert, its end as last heard.
    pub alert: Alert,
    /// Whether it is not known to fire any more, though nobody said that it ended.
    pub source_lost: bool,
    /// What suppresses it.
    pub suppression: Suppression,
    /// Time intervals that mute it.
    pub muted_by: Vec<String>,
    /// The receivers it goes to.
    pub receivers: Vec<String>,
}

/// What is needed to say of many episodes how each stands at one moment.
#[derive(Debug)]
pub struct Moment {
    sources: Sources,
    now: Timestamp,
}

impl Moment {
    /// The moment's time.
    pub fn now(&self) -> Timestamp {
        self.now
    }
}

/// A group and its alerts.
#[derive(Clone, Debug)]
pub struct GroupView {
    /// The labels it is grouped by.
    pub id: GroupId,
    /// The receiver.
    pub receiver: String,
    /// Its alerts.
    pub alerts: Vec<EpisodeView>,
}

impl Desk {
    /// All alerts that fire.
    pub fn alerts(&self, now: Timestamp) -> Vec<EpisodeView> {
        let sources = self.sources();
        let mut views = Vec::new();
        for episode in self.book.live() {
            let suppression = self.suppression(episode, &sources, now);
            for set in episode.sets.values().filter(|set| set.is_open()) {
                let (updated_at, ends_at) = self.book.heard(episode.key, set);
                let mut receivers: Vec<String> = self
                    .settings
                    .tree
                    .matching(&set.alert.labels)
                    .iter()
                    .map(|route| self.settings.tree.route(*route).receiver.clone())
                    .collect();
                receivers.dedup();
                views.push(EpisodeView {
                    key: episode.key,
                    alert: Alert { ends_at, updated_at, ..set.alert.clone() },
                    source_lost: set.state != SetState::Firing,
                    suppression: suppression.clone(),
                    muted_by: Vec::new(),
                    receivers,
                });
            }
        }
        views.sort_by_key(|view| view.alert.fingerprint());
        views
    }

    /// All groups with alerts that fire.
    pub fn group_views(&self, now: Timestamp) -> Vec<GroupView> {
        let alerts = self.alerts(now);
        let mut views = Vec::new();
        let mut by_key: BTreeMap<EpisodeKey, Vec<&EpisodeView>> = BTreeMap::new();
        for view in &alerts {
            by_key.entry(view.key).or_default().push(view);
        }
        for id in self.groups.ids() {
            let muted_by = self.muted_by_time(id, now);
            let members = self.groups.members(id).filter_map(|key| by_key.get(&key)).flatten();
            let inside = members.filter(|view| self.settings.tree.groups(&view.alert.labels).contains(id));
            let alerts: Vec<EpisodeView> =
                inside.map(|view| EpisodeView { muted_by: muted_by.clone(), ..(*view).clone() }).collect();
            if !alerts.is_empty() {
                let receiver = self.settings.tree.route(id.route).receiver.clone();
                views.push(GroupView { id: id.clone(), receiver, alerts });
            }
        }
        views.sort_by(|left, right| {
            (&left.id.labels, &left.receiver).cmp(&(&right.id.labels, &right.receiver))
        });
        views
    }

    /// For asking about many episodes at once.
    pub fn moment(&self, now: Timestamp) -> Moment {
        Moment { sources: self.sources(), now }
    }

    /// An episode's state in one word, as the native API shows it.
    pub fn state(&self, episode: &Episode, moment: &Moment) -> &'static str {
        match episode.ended {
            Some((_, Ending::Resolved(_))) => return "resolved",
            Some((_, Ending::Expired)) => return "expired",
            None => {}
        }
        match self.full_gate(episode, &moment.sources, moment.now) {
            Gate::Acknowledged { .. } => "acknowledged",
            _ if episode.source_lost().is_some() => "source-lost",
            Gate::Held { .. } => "held",
            Gate::Suppressed(_) => "suppressed",
            Gate::Open => "firing",
        }
    }

    /// What keeps the page of an episode back.
    pub fn why_quiet(&self, episode: &Episode, moment: &Moment) -> Gate {
        self.full_gate(episode, &moment.sources, moment.now)
    }

    /// How an acknowledgement of `key` stands: with one replica it is kept once it is journaled;
    /// what is left are messages that are on their way.
    pub fn ack_state(&self, key: EpisodeKey, now: Timestamp) -> AckState {
        let integrations = self.settings.receivers.values().flat_map(|receiver| &receiver.integrations);
        let longest = integrations.map(|integration| integration.timeout).max().unwrap_or_default();
        let since = SignedDuration::try_from(longest + LATE_COPIES)
            .ok()
            .and_then(|lifetime| now.checked_sub(lifetime).ok())
            .unwrap_or(Timestamp::MIN);
        AckState { replicated: !self.book.attempts.under_way(key, since, self.listening.since()) }
    }
}
