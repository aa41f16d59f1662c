//! The leader's loop: takes issues up, and carries out what the core says about each remediation,
//! one command at a time. What it remembers lives as long as its tenure.

mod carry_out;
mod doubts;
mod marks;
mod uptake;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use cluster::bookkeeping::Bookkeeper;
use cluster::effects::Effects;
use cluster::lease::{Claim, Floor};
use environment::Drained;
use model::remediation::Remediation;
use tokio::sync::{mpsc, watch};

use super::events::Events;
use super::reader::Reader;
use super::shared::Shared;
use super::{policies, retention};
use crate::governor::Admit;
use crate::inbox::Standing;
use crate::machine::{self, Memory};
use crate::queue::{self, Rank};

/// How often to look although nothing is due.
const IDLE: Duration = Duration::from_secs(5);
/// How often old remediations are looked for.
const SWEEP: Duration = Duration::from_secs(30);
/// After a failed write, before the next attempt at the same.
const RETRY: Duration = Duration::from_secs(1);

/// What the engine reads and writes with. It has no other way to the cluster.
pub(super) struct Hands {
    pub(super) bookkeeper: Bookkeeper,
    pub(super) effects: Effects<Admit>,
    pub(super) reader: Reader,
    pub(super) events: Events,
}

/// The one who acts.
pub(super) struct Engine {
    shared: Arc<Shared>,
    bookkeeper: Bookkeeper,
    effects: Effects<Admit>,
    reader: Reader,
    claim: watch::Receiver<Claim>,
    floor: Floor,
    /// What the alerter has accepted: remediation and transition.
    told: mpsc::Receiver<(String, u64)>,
    events: Events,
}

/// What is remembered during one tenure.
struct Tenure {
    epoch: u64,
    drain: Drained,
    memories: BTreeMap<String, Memory>,
    /// When each remediation is looked at next; absent for those that wait to be told.
    due: BTreeMap<String, Duration>,
    /// Intents that may be written although nobody said so.
    doubts: doubts::Doubts,
    told: BTreeMap<String, u64>,
    /// What is remembered about issues that are not taken up yet.
    waiting: uptake::Waiting,
    /// When to look for such although nothing has changed.
    uptake: Duration,
    /// When to write into policies what is to be said of them, after that has failed.
    report: Duration,
    /// Those that had their turn in this round.
    round: BTreeSet<String>,
    swept: Duration,
}

impl Engine {
    pub(super) fn new(
        shared: Arc<Shared>,
        hands: Hands,
        claim: watch::Receiver<Claim>,
        floor: Floor,
        told: mpsc::Receiver<(String, u64)>,
    ) -> Self {
        let Hands { bookkeeper, effects, reader, events } = hands;
        Self { shared, bookkeeper, effects, reader, claim, floor, told, events }
    }

    /// Leads whenever it may, until asked to stop.
    pub(super) async fn run(mut self, drain: Drained) {
        loop {
            let held = tokio::select! {
                biased;
                () = drain.requested() => return,
                held = self.claim.wait_for(|claim| claim.held) => held.map(|claim| *claim),
            };
            let Ok(claim) = held else { return };
            if self.adopt_all(claim).await {
                self.shared.metrics.leads(claim.epoch);
                {
                    let mut state = self.shared.state();
                    state.epoch = Some(claim.epoch);
                    state.dirty.everything = true;
                }
                self.lead(claim.epoch, &drain).await;
                self.shared.state().epoch = None;
                self.shared.metrics.follows();
            } else {
                tokio::time::sleep(RETRY).await;
            }
        }
    }

    /// Reads all remediations from a quorum before anything is decided. Asks for a higher epoch
    /// where one as high is stored.
    async fn adopt_all(&mut self, claim: Claim) -> bool {
        let listed = match self.bookkeeper.list::<Remediation>().await {
            Ok(listed) => listed,
            Err(error) => {
                tracing::warn!(%error, "cannot read the remediations; not leading yet");
                return false;
            }
        };
        for malformed in &listed.malformed {
            tracing::warn!(name = malformed.name, reason = malformed.reason, "a remediation makes no sense");
        }
        let status = |one: &Remediation| one.status.as_ref().map_or(0, |status| status.epoch);
        let highest = listed.items.iter().map(status).max().unwrap_or(0);
        let asked = self.floor.raise(highest);
        if !may_lead(claim.epoch, highest) {
            if asked {
                tracing::info!(
                    epoch = claim.epoch,
                    highest,
                    "that epoch was led in before; asking for a higher one"
                );
            }
            return false;
        }
        let mut state = self.shared.state();
        for one in listed.items {
            state.remediations.apply(one);
        }
        true
    }

    async fn lead(&mut self, epoch: u64, drain: &Drained) {
        tracing::info!(epoch, "leading");
        self.reader.forget();
        let mut tenure = Tenure {
            epoch,
            drain: drain.clone(),
            memories: BTreeMap::new(),
            due: BTreeMap::new(),
            doubts: doubts::Doubts::default(),
            told: BTreeMap::new(),
            waiting: uptake::Waiting::default(),
            uptake: Duration::ZERO,
            report: Duration::ZERO,
            round: BTreeSet::new(),
            swept: self.shared.environment.monotonic(),
        };
        while self.leads(epoch) && !drain.is_requested() {
            if self.turn(&mut tenure).await {
                continue;
            }
            let now = self.shared.environment.monotonic();
            let due = tenure.due.values().min().copied().unwrap_or(now + IDLE);
            let next = due.min(tenure.uptake).min(now + IDLE);
            tokio::select! {
                biased;
                () = drain.requested() => {}
                _ = self.claim.wait_for(|claim| !claim.held || claim.epoch != epoch) => {}
                Some((name, transition)) = self.told.recv() => {
                    tenure.told.insert(name.clone(), transition);
                    tenure.due.insert(name, now);
                }
                () = self.shared.changed.notified() => {}
                () = tokio::time::sleep(next.saturating_sub(now)) => {}
            }
        }
        tracing::info!(epoch, "not leading any more");
    }

    fn leads(&self, epoch: u64) -> bool {
        let claim = *self.claim.borrow();
        claim.epoch == epoch && claim.is_valid(&self.shared.environment)
    }

    /// Takes in what is new and works on the one remediation that is due first, so that a graver
    /// one that comes while another is worked on has its turn next. Returns whether more are due.
    async fn turn(&mut self, tenure: &mut Tenure) -> bool {
        policies::refresh(&self.shared);
        self.shared.take_stock();
        let is_changed = self.note_changes(tenure);
        let now = self.shared.environment.monotonic();
        if is_changed || now >= tenure.uptake {
            let has_more = self.take_up_new(tenure).await;
            tenure.uptake = if has_more { now } else { now + IDLE };
        }
        if now >= tenure.report && !policies::report(&self.shared, &self.bookkeeper).await {
            tenure.report = self.shared.environment.monotonic() + SWEEP;
        }
        let now = self.shared.environment.monotonic();
        let mut due = queue::due(self.ranked(tenure), now);
        // One round: what is due again at once does not come before what has not had its turn.
        due.retain(|name| !tenure.round.contains(name));
        if let Some(name) = due.first().filter(|_| self.leads(tenure.epoch)) {
            tenure.round.insert(name.clone());
            self.work(tenure, name).await;
            return true;
        }
        tenure.round.clear();
        if now.saturating_sub(tenure.swept) >= SWEEP {
            tenure.swept = now;
            retention::sweep(&self.shared, &self.bookkeeper).await;
            self.take_in_marks(tenure).await;
        }
        let (queued, next) = (tenure.due.len(), tenure.due.values().min().copied());
        let Shared { metrics, .. } = &*self.shared;
        metrics.settled(&self.shared.state(), &self.shared.config(), queued, next, self.shared.now());
        false
    }

    /// What changed is looked at now, whenever it was due. Returns whether anything did.
    fn note_changes(&self, tenure: &mut Tenure) -> bool {
        let now = self.shared.environment.monotonic();
        let mut state = self.shared.state();
        let dirty = std::mem::take(&mut state.dirty);
        state.dirty.policies = dirty.policies;
        if !dirty.everything && dirty.remediations.is_empty() && dirty.keys.is_empty() {
            return false;
        }
        for (name, one) in &state.remediations.objects {
            let is_touched =
                dirty.everything || dirty.remediations.contains(name) || dirty.keys.contains(&one.spec.key());
            let concerns = one.status.as_ref().is_none_or(machine::concerns);
            if is_touched && concerns {
                tenure.due.insert(name.clone(), now);
            }
        }
        tenure.due.retain(|name, _| state.remediations.objects.contains_key(name));
        tenure.memories.retain(|name, _| state.remediations.objects.contains_key(name));
        tenure.told.retain(|name, _| state.remediations.objects.contains_key(name));
        true
    }

    fn ranked(&self, tenure: &Tenure) -> Vec<(Rank, Option<Duration>)> {
        let now = self.shared.now();
        let state = self.shared.state();
        let rank = |(name, due): (&String, &Duration)| {
            let one = state.remediations.objects.get(name)?;
            let (severity, members) = match state.inbox.standing(&one.spec.key(), now) {
                Standing::Firing(issue) | Standing::Folded(issue) => {
                    (issue.severity, issue.members.len() + issue.members_omitted)
                }
                Standing::Ended(..) | Standing::Silent | Standing::Unheard => (one.spec.severity, 0),
            };
            Some((Rank::new(severity, members, one.spec.since, name), Some(*due)))
        };
        tenure.due.iter().filter_map(rank).collect()
    }
}

/// Whether a tenure of this epoch may begin where `highest` is stored. Not under the same one
/// either: after a lease was deleted, its former holder may still believe in that number.
fn may_lead(epoch: u64, highest: u64) -> bool {
    epoch > highest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenure_begins_above_every_epoch_that_is_stored() {
        assert!(may_lead(1, 0));
        assert!(may_lead(8, 7));
        assert!(!may_lead(7, 7), "who wrote it may not have noticed yet");
        assert!(!may_lead(1, 7));
    }
}
