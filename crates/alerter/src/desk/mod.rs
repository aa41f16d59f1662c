//! The desk: given all that is known and the configuration, what is to be done now. Pure: the
//! shell journals what it says, sends what it hands out, and wakes it when it wants to be woken.

mod gate;
mod groups;
mod ingest;
mod lapse;
mod outbox;
mod plan;
mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use model::config::alerter::Lapse as LapseMode;

use self::lapse::Listening;
use crate::book::episodes::{Episode, EpisodeKey, Lapse, Lapsed};
use crate::book::{Book, Touched};
use crate::configuration::Settings;
use crate::entries::{Entry, Fact, Stamp};
use crate::receivers::{Integration, Receiver};
use crate::rules::routing::GroupId;

pub use gate::{Gate, Suppression};
pub use ingest::{Ingest, TooMany};
pub use outbox::{DeliveryId, Failed};
pub use plan::{Plan, Reason};
pub use view::{AckState, EpisodeView, GroupView, Moment};

/// Alerts are judged for lapsing at most this often: a few seconds more or less do not matter
/// where minutes of silence are waited for.
const LAPSE_SCAN: SignedDuration = SignedDuration::from_secs(5);

/// A clock that goes back by more was set, and not slowed.
const CLOCK_STEP: SignedDuration = SignedDuration::from_secs(5);

/// What is to be done now.
#[derive(Debug, Default)]
pub struct Turn {
    /// To be journaled and applied.
    pub facts: Vec<Fact>,
    /// To be sent.
    pub send: Vec<DeliveryId>,
    /// When to ask again at the latest.
    pub wake: Option<Timestamp>,
}

/// All state of the alerter but the journal and the connections.
#[derive(Debug)]
pub struct Desk {
    settings: Arc<Settings>,
    /// When these settings came into force: what was refused for good before may be fine now.
    settings_since: Timestamp,
    book: Book,
    listening: Listening,
    groups: groups::Groups,
    outbox: outbox::Outbox,
    /// Episodes whose page waits for a time to come.
    waiting: BTreeMap<EpisodeKey, Timestamp>,
    next_scan: Timestamp,
    last_turn: Timestamp,
    /// Notifications that were not planned because of a silence and the like, for a metric.
    suppressed: BTreeMap<&'static str, u64>,
}

impl Desk {
    /// A desk that knows nothing yet.
    pub fn new(settings: Arc<Settings>, now: Timestamp) -> Self {
        Self {
            book: Book::new(settings.policy.cool_down),
            settings,
            settings_since: now,
            listening: Listening::new(now),
            groups: groups::Groups::default(),
            outbox: outbox::Outbox::default(),
            waiting: BTreeMap::new(),
            next_scan: now,
            last_turn: now,
            suppressed: BTreeMap::new(),
        }
    }

    /// Puts other settings into force. What was told stays told; groups are made anew.
    pub fn reconfigure(&mut self, settings: Arc<Settings>, now: Timestamp) {
        self.settings = settings;
        self.settings_since = now;
        self.outbox.reconfigure(&self.settings.receivers);
        self.remake_groups(now);
    }

    /// The settings in force.
    pub fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }

    /// All that is known.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// Adds what the journal held when the process started.
    pub fn restore(&mut self, entries: impl IntoIterator<Item = Entry>, now: Timestamp) {
        for entry in entries {
            self.book.apply(entry);
        }
        self.regroup_all(now);
    }

    /// Adds what was just journaled.
    pub fn apply(&mut self, entries: impl IntoIterator<Item = Entry>, now: Timestamp) {
        for entry in entries {
            if let Fact::Hold(hold) = &entry.fact {
                self.book.holds.sign(hold, now);
            }
            match self.book.apply(entry) {
                Touched::Episode(key) => self.regroup(key, now),
                Touched::Silences | Touched::Nothing => {}
            }
        }
    }

    /// What is to be done now.
    pub fn turn(&mut self, now: Timestamp) -> Turn {
        let mut turn = Turn::default();
        if self.last_turn.duration_since(now) > CLOCK_STEP {
            self.clock_was_set_back(now);
        }
        self.last_turn = now;
        self.release(now);
        self.flush_due(now);
        turn.facts = self.lapses(now);
        turn.send = self.outbox.runnable(&self.settings, now);
        turn.wake = self.next_wake();
        turn
    }

    /// What waits would wait until the clock comes there again, which may take hours.
    fn clock_was_set_back(&mut self, now: Timestamp) {
        self.settings_since = self.settings_since.min(now);
        self.outbox.clock_was_set_back(now);
        self.remake_groups(now);
    }

    fn next_wake(&self) -> Option<Timestamp> {
        let scan = (self.book.live_count() > 0).then_some(self.next_scan);
        let waiting = self.waiting.values().min().copied();
        [scan, waiting, self.groups.next(), self.outbox.next(self.settings.policy.concurrency)]
            .into_iter()
            .flatten()
            .min()
    }

    /// Lets pages go that waited for a time which has come.
    fn release(&mut self, now: Timestamp) {
        let due: Vec<EpisodeKey> =
            self.waiting.iter().filter(|(_, until)| **until <= now).map(|(key, _)| *key).collect();
        for key in due {
            self.regroup(key, now);
        }
    }

    /// Judges alerts that were not posted again. What is found must be journaled; until then it
    /// is found again at the next scan.
    fn lapses(&mut self, now: Timestamp) -> Vec<Fact> {
        if now < self.next_scan {
            return Vec::new();
        }
        let mut next = now + SignedDuration::from_hours(1);
        let mut facts = Vec::new();
        for episode in self.book.live() {
            for (fingerprint, set) in episode.sets.iter().filter(|(_, set)| set.is_open()) {
                let (heard, ends) = self.book.heard(episode.key, set);
                let lost = set.state != crate::book::episodes::SetState::Firing;
                let (due, how) = match self.settings.policy.lapse {
                    LapseMode::Resolve => {
                        (ends.max(self.listening.since() + model::alert::RESEND_INTERVAL), Lapse::Expired)
                    }
                    LapseMode::Classify => {
                        let how = self.listening.judge(&set.source, heard, ends, now);
                        (self.listening.due(heard, ends), how)
                    }
                };
                if now < due {
                    next = next.min(due);
                } else if how == Lapse::Expired || !lost {
                    let (key, fingerprint) = (episode.key, *fingerprint);
                    facts.push(Fact::Lapsed(Lapsed { key, fingerprint, how, heard }));
                }
            }
        }
        let any_lost = self.book.live().any(|episode| episode.source_lost().is_some());
        let soon = if facts.is_empty() && !any_lost { next } else { now };
        self.next_scan = soon.max(now + LAPSE_SCAN);
        self.listening.forget(now);
        facts
    }

    /// Makes all groups anew: what each was told, and whether it failed, is in the log of attempts.
    fn remake_groups(&mut self, now: Timestamp) {
        self.groups = groups::Groups::default();
        self.regroup_all(now);
    }

    fn regroup_all(&mut self, now: Timestamp) {
        let keys: Vec<EpisodeKey> = self.book.latest().map(|episode| episode.key).collect();
        for key in keys {
            self.regroup(key, now);
        }
        self.next_scan = now;
    }

    /// Puts an episode into the groups it belongs to now, and notes what its page waits for. A
    /// page that waited and waits no longer leaves at once.
    fn regroup(&mut self, key: EpisodeKey, now: Timestamp) {
        let Some(episode) = self.book.episode(key) else {
            self.groups.place(key, &[]);
            self.waiting.remove(&key);
            return;
        };
        let groups = self.belongs_to(episode);
        let began = episode.name.receipt;
        let starts = episode.alert().starts_at;
        let waits_until = if episode.is_live() { self.gate(episode, now).until() } else { None };
        let urgent = episode.is_live() && (self.waiting.contains_key(&key) || self.has_news(episode));
        for group in &groups {
            self.open_group(group, began, starts, now);
        }
        self.groups.place(key, &groups);
        if let Some(until) = waits_until {
            self.waiting.insert(key, until);
        } else {
            self.waiting.remove(&key);
            if urgent {
                self.hurry(&groups, began, now);
            }
        }
        self.next_scan = self.next_scan.min(now + LAPSE_SCAN);
    }

    /// Whether the healer has said something about it that people who know of it do not know.
    fn has_news(&self, episode: &Episode) -> bool {
        self.telling_outcome(episode).is_some_and(|at| {
            self.integrations_of(episode).any(|integration| {
                let told = self.book.attempts.told(&integration.name, episode);
                told.is_some_and(|told| told.firing && told.at < at)
            })
        })
    }

    /// Brings the next messages of groups forward: to now, but not before the first wait of the
    /// group would have been over, and not sooner after a message than that wait. When many repairs
    /// of a group are given up one after the other, that is two messages and not as many.
    fn hurry(&mut self, groups: &[GroupId], began: Timestamp, now: Timestamp) {
        for group in groups {
            let wait = self.settings.tree.route(group.route).group_wait;
            let since = self.last_begun(group).map_or(began, |last| last.max(began)).min(now);
            let ready = since.saturating_add(wait).unwrap_or(now).max(now);
            self.groups.hurry(group, ready);
        }
    }

    /// When a message about a group was last begun, for any of those it is for.
    fn last_begun(&self, group: &GroupId) -> Option<Timestamp> {
        let key = self.settings.tree.group_key(group);
        let integrations = self.receiver(group).into_iter().flat_map(|receiver| &receiver.integrations);
        integrations.filter_map(|integration| self.book.attempts.last_begun(&integration.name, &key)).max()
    }

    /// Whether the newest message about a group has come to its end with all that it is for: none is
    /// to be tried again, and none was cut short by the end of a process before this one.
    fn is_settled(&self, group: &GroupId) -> bool {
        let key = self.settings.tree.group_key(group);
        let mut integrations = self.receiver(group).into_iter().flat_map(|receiver| &receiver.integrations);
        integrations
            .all(|integration| self.book.attempts.is_settled(&integration.name, &key, self.listening.since()))
    }

    fn receiver(&self, group: &GroupId) -> Option<&Receiver> {
        self.settings.receivers.get(&self.settings.tree.route(group.route).receiver)
    }

    fn integrations_of(&self, episode: &Episode) -> impl Iterator<Item = &Integration> {
        let routes: BTreeSet<usize> = self.settings.tree.matching(episode.labels()).into_iter().collect();
        routes.into_iter().flat_map(|route| {
            let receiver = self.settings.receivers.get(&self.settings.tree.route(route).receiver);
            receiver.into_iter().flat_map(|receiver| &receiver.integrations)
        })
    }

    /// Entries that may be dropped from the journal now.
    pub fn outdated(&self, now: Timestamp) -> Vec<Stamp> {
        let before = now.saturating_sub(self.settings.policy.retention).unwrap_or(Timestamp::MIN);
        self.book.outdated(before)
    }

    /// Drops entries that are gone from the journal.
    pub fn forget(&mut self, stamps: &[Stamp], now: Timestamp) {
        self.book.forget(stamps);
        self.groups.retain(|key| self.book.episode(key).is_some());
        self.waiting.retain(|key, _| self.book.episode(*key).is_some());
        self.next_scan = now;
    }

    /// Notifications that were not planned, by what kept them back.
    pub fn suppressed(&self) -> &BTreeMap<&'static str, u64> {
        &self.suppressed
    }

    /// How many groups there are.
    pub fn group_count(&self) -> usize {
        self.groups.len()
    }

    /// Messages that are owed and not on their way yet, and those that are.
    pub fn outbox_counts(&self) -> (usize, usize) {
        self.outbox.counts()
    }
}

#[cfg(test)]
mod tests;
