//! Groups of alerts and when each is looked at next.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::Desk;
use crate::book::episodes::{Episode, EpisodeKey, Set};
use crate::rules::routing::GroupId;

/// All groups.
#[derive(Debug, Default)]
pub(super) struct Groups {
    open: BTreeMap<GroupId, Group>,
    by_key: BTreeMap<EpisodeKey, Vec<GroupId>>,
    /// One queue for all timers.
    timers: BTreeSet<(Timestamp, GroupId)>,
}

#[derive(Debug)]
struct Group {
    members: BTreeSet<EpisodeKey>,
    next: Timestamp,
}

impl Groups {
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &GroupId> {
        self.open.keys()
    }

    pub(super) fn members(&self, id: &GroupId) -> impl Iterator<Item = EpisodeKey> {
        self.open.get(id).into_iter().flat_map(|group| group.members.iter().copied())
    }

    pub(super) fn next(&self) -> Option<Timestamp> {
        self.timers.first().map(|(next, _)| *next)
    }

    pub(super) fn contains(&self, id: &GroupId) -> bool {
        self.open.contains_key(id)
    }

    fn begin(&mut self, id: GroupId, next: Timestamp) {
        self.timers.insert((next, id.clone()));
        self.open.insert(id, Group { members: BTreeSet::new(), next });
    }

    /// Makes these the groups of `key`. A group that loses its last member stays until it is
    /// looked at next, so that trouble which flaps does not begin a new wait each time.
    pub(super) fn place(&mut self, key: EpisodeKey, groups: &[GroupId]) {
        for id in self.by_key.remove(&key).into_iter().flatten() {
            if let Some(group) = self.open.get_mut(&id) {
                group.members.remove(&key);
            }
        }
        for id in groups {
            if let Some(group) = self.open.get_mut(id) {
                group.members.insert(key);
            }
        }
        if !groups.is_empty() {
            self.by_key.insert(key, groups.to_vec());
        }
    }

    /// Brings a group's next look forward to `at`, if that is sooner.
    pub(super) fn hurry(&mut self, id: &GroupId, at: Timestamp) {
        self.reschedule(id, |next| next.min(at));
    }

    pub(super) fn schedule(&mut self, id: &GroupId, at: Timestamp) {
        self.reschedule(id, |_| at);
    }

    fn reschedule(&mut self, id: &GroupId, when: impl Fn(Timestamp) -> Timestamp) {
        let Some(group) = self.open.get_mut(id) else { return };
        let next = when(group.next);
        if next != group.next {
            self.timers.remove(&(group.next, id.clone()));
            self.timers.insert((next, id.clone()));
            group.next = next;
        }
    }

    /// Groups whose time has come.
    fn due(&self, now: Timestamp) -> Vec<GroupId> {
        self.timers.iter().take_while(|(next, _)| *next <= now).map(|(_, id)| id.clone()).collect()
    }

    /// Drops a group that has no members. True if it is gone.
    fn close_if_empty(&mut self, id: &GroupId) -> bool {
        let empty = self.open.get(id).is_some_and(|group| group.members.is_empty());
        if empty && let Some(group) = self.open.remove(id) {
            self.timers.remove(&(group.next, id.clone()));
        }
        empty
    }

    /// Drops members that are not known any more.
    pub(super) fn retain(&mut self, known: impl Fn(EpisodeKey) -> bool) {
        let gone: Vec<EpisodeKey> = self.by_key.keys().filter(|key| !known(**key)).copied().collect();
        for key in gone {
            self.place(key, &[]);
        }
    }
}

impl Desk {
    /// The groups an episode belongs to: while it lasts, those of the labels that stand for it;
    /// once it is over, all in which somebody is still owed that it is.
    pub(super) fn belongs_to(&self, episode: &Episode) -> Vec<GroupId> {
        if episode.is_live() {
            return self.settings.tree.groups(episode.labels());
        }
        let sets = episode.sets.values().map(|set: &Set| &set.alert.labels);
        let mut groups: Vec<GroupId> = sets.flat_map(|labels| self.settings.tree.groups(labels)).collect();
        groups.sort_unstable();
        groups.dedup();
        groups.retain(|group| {
            let integrations = self.receiver(group).into_iter().flat_map(|receiver| &receiver.integrations);
            integrations.into_iter().any(|integration| self.owes_end(integration, episode))
        });
        groups
    }

    /// Opens a group for an episode that began at `began`, if it is not open.
    pub(super) fn open_group(&mut self, id: &GroupId, began: Timestamp, starts: Timestamp, now: Timestamp) {
        if self.groups.contains(id) {
            return;
        }
        let route = self.settings.tree.route(id.route);
        // What lies ahead is from before the clock was set back.
        let next = match self.last_begun(id) {
            // It was open before the last restart or change of settings, and nothing is overdue.
            Some(last) if last >= began && self.is_settled(id) => {
                last.min(now).saturating_add(route.group_interval)
            }
            // Trouble that is older than the wait has waited enough.
            _ if starts.saturating_add(route.group_wait).is_ok_and(|waited| waited < now) => Ok(now),
            _ => began.min(now).saturating_add(route.group_wait),
        };
        self.groups.begin(id.clone(), next.unwrap_or(now));
    }

    /// Looks at the groups whose time has come and notes what is owed.
    pub(super) fn flush_due(&mut self, now: Timestamp) {
        let due = self.groups.due(now);
        if due.is_empty() {
            return;
        }
        let sources = self.sources();
        for id in due {
            // Those whose end everybody has heard leave here.
            let members: Vec<EpisodeKey> = self.groups.members(&id).collect();
            for key in members {
                let over = self.book.episode(key).is_none_or(|episode| !episode.is_live());
                if over {
                    let groups =
                        self.book.episode(key).map(|episode| self.belongs_to(episode)).unwrap_or_default();
                    self.groups.place(key, &groups);
                }
            }
            if self.groups.close_if_empty(&id) {
                continue;
            }
            self.note_suppressed(&id, &sources, now);
            self.owe(&id, &sources, now);
            let interval = self.settings.tree.route(id.route).group_interval;
            self.groups.schedule(&id, now.saturating_add(interval).unwrap_or(Timestamp::MAX));
        }
    }

    /// Notes what a group owes to each integration of its receiver.
    fn owe(&mut self, id: &GroupId, sources: &crate::rules::inhibition::Sources, now: Timestamp) {
        let Some(receiver) = self.receiver(id) else { return };
        let owed: Vec<String> = receiver
            .integrations
            .iter()
            .filter(|integration| self.plan(id, integration, sources, now).is_some())
            .map(|integration| integration.name.clone())
            .collect();
        for integration in owed {
            self.outbox.owe(integration, id.clone(), now);
        }
    }

    fn note_suppressed(&mut self, id: &GroupId, sources: &crate::rules::inhibition::Sources, now: Timestamp) {
        let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
        let muted = self.muted_by_time(id, now);
        for key in self.groups.members(id) {
            let Some(episode) = self.book.episode(key).filter(|episode| episode.is_live()) else { continue };
            let reason = match self.full_gate(episode, sources, now) {
                super::Gate::Open if muted.is_empty() => continue,
                super::Gate::Open => "mute_time_interval",
                super::Gate::Acknowledged { .. } => "acknowledged",
                super::Gate::Held { .. } => "held",
                super::Gate::Suppressed(by) if !by.silenced_by.is_empty() => "silence",
                super::Gate::Suppressed(_) => "inhibition",
            };
            *counts.entry(reason).or_default() += 1;
        }
        for (reason, count) in counts {
            *self.suppressed.entry(reason).or_default() += count;
        }
    }
}
