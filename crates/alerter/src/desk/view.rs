//! What the API shows.

use jiff::Timestamp;
use uuid::Uuid;

use super::{Desk, Gate, Suppression};
use crate::alerts::Alert;
use crate::episodes::{Ending, Episode, EpisodeKey, SetState};
use crate::routing::GroupId;

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
    /// Whether its page was looked at.
    pub processed: bool,
    /// The receivers it goes to.
    pub receivers: Vec<String>,
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
                    processed: true,
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
        for id in self.groups.ids() {
            let muted_by = self.muted_by_time(id, now);
            let members: Vec<EpisodeKey> = self.groups.members(id).collect();
            let inside = alerts.iter().filter(|view| {
                let grouped = || self.settings.tree.groups(&view.alert.labels).contains(id);
                members.contains(&view.key) && grouped()
            });
            let alerts: Vec<EpisodeView> =
                inside.map(|view| EpisodeView { muted_by: muted_by.clone(), ..view.clone() }).collect();
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

    /// An episode's state in one word, as the native API shows it.
    pub fn state(&self, episode: &Episode, now: Timestamp) -> &'static str {
        match episode.ended {
            Some((_, Ending::Resolved(_))) => return "resolved",
            Some((_, Ending::Expired)) => return "expired",
            None => {}
        }
        let gate = self.full_gate(episode, &self.sources(), now);
        match gate {
            Gate::Acknowledged { .. } => "acknowledged",
            _ if episode.source_lost().is_some() => "source-lost",
            Gate::Held { .. } => "held",
            Gate::Suppressed(_) => "suppressed",
            Gate::Open => "firing",
        }
    }

    /// What keeps the page of an episode back.
    pub fn why_quiet(&self, episode: &Episode, now: Timestamp) -> Gate {
        self.full_gate(episode, &self.sources(), now)
    }

    /// How an acknowledgement of `key` stands: with one replica it is kept once it is journaled;
    /// what is left are messages that are on their way.
    pub fn ack_state(&self, key: EpisodeKey, lifetime: jiff::SignedDuration, now: Timestamp) -> AckState {
        let since = now.saturating_sub(lifetime).unwrap_or(Timestamp::MIN);
        AckState { replicated: !self.book.attempts.under_way(key, since) }
    }

    /// The silences that mute a set of labels now.
    pub fn silences_for(&self, episode: &Episode, now: Timestamp) -> Vec<Uuid> {
        self.book.silences.muting(episode.labels(), now)
    }
}
