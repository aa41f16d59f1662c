//! The notification log: which receiver was told what, per episode. It follows from the attempts
//! that were begun and how they ended.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::episodes::{Episode, EpisodeKey};
use crate::alerts::Fingerprint;
use crate::entries::Stamp;

/// One integration of one receiver: `team-a/slack[0]`.
pub type IntegrationName = String;

/// An attempt to send a message began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Begun {
    /// Whom it is for.
    pub integration: IntegrationName,
    /// The group it is about.
    pub group: String,
    /// Why it is sent.
    pub reason: String,
    /// What it tells.
    pub members: Vec<Member>,
}

/// What a message tells of one episode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// The episode's key.
    pub key: EpisodeKey,
    /// The episode's name at the time.
    pub episode: Stamp,
    /// The label set that stood for it.
    pub fingerprint: Fingerprint,
    /// Whether it fires.
    pub firing: bool,
    /// How bad it was.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub severity: String,
}

/// An attempt ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ended {
    /// The attempt.
    pub begun: Stamp,
    /// How.
    pub result: Delivery,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum Delivery {
    /// The receiver has it.
    Delivered,
    /// The receiver certainly does not have it; another attempt follows.
    Refused {
        /// What it said.
        reason: String,
    },
    /// The receiver does not take it and will not: a dead letter.
    Dead {
        /// What it said.
        reason: String,
    },
    /// Nobody knows whether the receiver has it; another attempt follows.
    Unknown {
        /// What happened.
        reason: String,
    },
}

/// What a receiver was last told of an episode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Whether that it fires, or that it is over.
    pub firing: bool,
    /// When the telling attempt began.
    pub at: Timestamp,
    /// How bad it was then.
    pub severity: String,
}

/// A message that was given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetter {
    /// The attempt.
    pub attempt: Stamp,
    /// Whom it was for.
    pub integration: IntegrationName,
    /// The group it was about.
    pub group: String,
    /// What the receiver said.
    pub reason: String,
    /// The episodes it told of.
    pub episodes: Vec<EpisodeKey>,
}

/// All attempts that are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    begun: BTreeMap<Stamp, Begun>,
    /// By the attempt's stamp; the earliest end counts.
    ended: BTreeMap<Stamp, BTreeMap<Stamp, Delivery>>,
    by_key: BTreeMap<EpisodeKey, BTreeSet<Stamp>>,
    by_group: BTreeMap<(IntegrationName, String), BTreeSet<Stamp>>,
}

impl Attempts {
    /// Adds the beginning of an attempt.
    pub fn begin(&mut self, stamp: Stamp, begun: Begun) {
        for member in &begun.members {
            self.by_key.entry(member.key).or_default().insert(stamp);
        }
        let group = (begun.integration.clone(), begun.group.clone());
        self.by_group.entry(group).or_default().insert(stamp);
        self.begun.insert(stamp, begun);
    }

    /// Adds the end of an attempt.
    pub fn end(&mut self, stamp: Stamp, ended: Ended) {
        self.ended.entry(ended.begun).or_default().insert(stamp, ended.result);
    }

    /// How an attempt ended; `None` while it is open, or was when its process died.
    pub fn result(&self, attempt: &Stamp) -> Option<&Delivery> {
        self.ended.get(attempt)?.values().next()
    }

    /// When a message about a group was last begun for an integration.
    pub fn last_begun(&self, integration: &str, group: &str) -> Option<Timestamp> {
        let attempts = self.by_group.get(&(integration.to_owned(), group.to_owned()))?;
        attempts.last().map(|stamp| stamp.receipt)
    }

    /// Whether the newest message about a group to an integration has come to its end: delivered,
    /// given up, or on its way since this process `runs`. False where there was none.
    pub fn is_settled(&self, integration: &str, group: &str, runs: Timestamp) -> bool {
        let attempts = self.by_group.get(&(integration.to_owned(), group.to_owned()));
        let newest = attempts.and_then(BTreeSet::last);
        newest.is_some_and(|stamp| match self.result(stamp) {
            Some(Delivery::Delivered | Delivery::Dead { .. }) => true,
            Some(Delivery::Refused { .. } | Delivery::Unknown { .. }) => false,
            None => stamp.receipt >= runs,
        })
    }

    /// What the receiver certainly heard last of the episode.
    pub fn told(&self, integration: &str, episode: &Episode) -> Option<Told> {
        self.about(integration, episode).find_map(|(stamp, member)| {
            matches!(self.result(stamp), Some(Delivery::Delivered)).then(|| Told {
                firing: member.firing,
                at: stamp.receipt,
                severity: member.severity.clone(),
            })
        })
    }

    /// Whether the receiver may believe that the episode fires: a message that said so may have
    /// arrived, and none certainly arrived since that said it is over.
    pub fn may_believe_firing(&self, integration: &str, episode: &Episode) -> bool {
        for (stamp, member) in self.about(integration, episode) {
            match (self.result(stamp), member.firing) {
                (Some(Delivery::Refused { .. } | Delivery::Dead { .. }), _)
                | (Some(Delivery::Unknown { .. }) | None, false) => {}
                (_, true) => return true,
                (Some(Delivery::Delivered), false) => return false,
            }
        }
        false
    }

    /// When the receiver last refused, for good, a message that told `firing` of the episode, if
    /// nothing was delivered since.
    pub fn refused_for_good(&self, integration: &str, episode: &Episode, firing: bool) -> Option<Timestamp> {
        let (stamp, member) = self.about(integration, episode).next()?;
        let dead = matches!(self.result(stamp), Some(Delivery::Dead { .. }));
        (dead && member.firing == firing).then_some(stamp.receipt)
    }

    /// Attempts for an integration that told of an episode, newest first.
    fn about<'a>(
        &'a self,
        integration: &'a str,
        episode: &'a Episode,
    ) -> impl Iterator<Item = (&'a Stamp, &'a Member)> {
        self.by_key.get(&episode.key).into_iter().flatten().rev().filter_map(move |stamp| {
            let begun = self.begun.get(stamp).filter(|begun| begun.integration == integration)?;
            let member = begun
                .members
                .iter()
                .find(|member| member.key == episode.key && episode.names.contains(&member.episode))?;
            Some((stamp, member))
        })
    }

    /// Whether a message that tells of `key` may still arrive: one that this process began (it `runs`
    /// since then) and that has not ended, or one begun after `since` whose end nobody knows.
    pub fn under_way(&self, key: EpisodeKey, since: Timestamp, runs: Timestamp) -> bool {
        self.by_key.get(&key).into_iter().flatten().any(|stamp| match self.result(stamp) {
            None => stamp.receipt >= runs.min(since),
            Some(Delivery::Unknown { .. }) => stamp.receipt >= since,
            Some(Delivery::Delivered | Delivery::Refused { .. } | Delivery::Dead { .. }) => false,
        })
    }

    /// Messages that were given up, newest first, leaving out those whose group got a message to
    /// the same integration later.
    pub fn dead_letters(&self) -> impl Iterator<Item = DeadLetter> {
        self.begun.iter().rev().filter_map(|(stamp, begun)| {
            let Some(Delivery::Dead { reason }) = self.result(stamp) else { return None };
            let group = self.by_group.get(&(begun.integration.clone(), begun.group.clone()))?;
            let made_up = group.range(stamp..).any(|later| self.result(later) == Some(&Delivery::Delivered));
            (!made_up).then(|| DeadLetter {
                attempt: *stamp,
                integration: begun.integration.clone(),
                group: begun.group.clone(),
                reason: reason.clone(),
                episodes: begun.members.iter().map(|member| member.key).collect(),
            })
        })
    }

    /// Attempts before `before` that decide nothing any more: another attempt to the same
    /// integration about the same group came later. With their ends.
    pub fn superseded(&self, before: Timestamp) -> Vec<Stamp> {
        let mut gone = Vec::new();
        for attempts in self.by_group.values() {
            let keys_later = |stamp: &Stamp| -> BTreeSet<EpisodeKey> {
                let later = attempts.range(stamp..).filter(|later| *later != stamp);
                let later = later.filter(|later| self.result(later) == Some(&Delivery::Delivered));
                later.flat_map(|later| self.begun[later].members.iter().map(|member| member.key)).collect()
            };
            for stamp in attempts.iter().filter(|stamp| stamp.receipt < before) {
                let covered = keys_later(stamp);
                if self.begun[stamp].members.iter().all(|member| covered.contains(&member.key)) {
                    gone.extend(self.with_ends(stamp));
                }
            }
        }
        gone
    }

    /// Attempts that told of nothing but `keys`, with their ends.
    pub fn only_about(&self, keys: &BTreeSet<EpisodeKey>) -> Vec<Stamp> {
        let only = |begun: &Begun| begun.members.iter().all(|member| keys.contains(&member.key));
        self.begun
            .iter()
            .filter(|(_, begun)| only(begun))
            .flat_map(|(stamp, _)| self.with_ends(stamp))
            .collect()
    }

    fn with_ends(&self, stamp: &Stamp) -> Vec<Stamp> {
        let ends = self.ended.get(stamp).into_iter().flat_map(BTreeMap::keys);
        std::iter::once(stamp).chain(ends).copied().collect()
    }

    /// Drops an entry.
    pub fn remove(&mut self, stamp: &Stamp) {
        if let Some(begun) = self.begun.remove(stamp) {
            for member in &begun.members {
                if let Some(stamps) = self.by_key.get_mut(&member.key) {
                    stamps.remove(stamp);
                }
            }
            let group = (begun.integration, begun.group);
            if let Some(stamps) = self.by_group.get_mut(&group) {
                stamps.remove(stamp);
            }
            self.ended.remove(stamp);
            self.by_key.retain(|_, stamps| !stamps.is_empty());
            self.by_group.retain(|_, stamps| !stamps.is_empty());
        }
    }
}
