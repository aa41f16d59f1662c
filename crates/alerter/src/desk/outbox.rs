//! Messages that are owed: at most one per integration and group, put together from what is true
//! when it leaves, tried until it is accepted, refused for good or moot.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::Desk;
use crate::book::attempts::{Begun, Delivery, Ended, IntegrationName};
use crate::configuration::{Policy, Settings};
use crate::entries::{Fact, Stamp};
use crate::notification::Notification;
use crate::receivers::{Integration, Receiver};
use crate::rules::routing::GroupId;

/// After so many failures in a row an integration is not tried by all its messages at once any
/// more, but by one at a time.
const FAILURES_IN_A_ROW: u32 = 5;

/// The longest time one integration rests after failures: when it comes back, it is noticed soon.
const REST_MAX: SignedDuration = SignedDuration::from_secs(30);

/// What a message is known by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeliveryId {
    /// Whom it is for.
    pub integration: IntegrationName,
    /// What it is about.
    pub group: GroupId,
}

/// How an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// How it goes into the journal.
    pub result: Delivery,
    /// When the receiver wants to be asked again, if it said so.
    pub retry_after: Option<Duration>,
}

#[derive(Debug)]
struct Owed {
    since: Timestamp,
    not_before: Timestamp,
    attempts: u32,
    in_flight: bool,
    /// Whether the group was looked at again while the message was on its way.
    again: bool,
}

#[derive(Debug, Default)]
struct Lane {
    in_flight: usize,
    failures: u32,
    rests_until: Option<Timestamp>,
    next_slot: Option<Timestamp>,
}

#[derive(Debug, Default)]
pub(super) struct Outbox {
    /// Whether nothing leaves any more: the process ends.
    stopped: bool,
    owed: BTreeMap<DeliveryId, Owed>,
    lanes: BTreeMap<IntegrationName, Lane>,
}

impl Outbox {
    /// Notes that a message is owed.
    pub(super) fn owe(&mut self, integration: IntegrationName, group: GroupId, now: Timestamp) {
        let fresh = Owed { since: now, not_before: now, attempts: 0, in_flight: false, again: false };
        let owed = self.owed.entry(DeliveryId { integration, group }).or_insert(fresh);
        owed.again = owed.in_flight;
    }

    /// Messages that may leave now.
    pub(super) fn runnable(&mut self, settings: &Settings, now: Timestamp) -> Vec<DeliveryId> {
        let mut runnable = Vec::new();
        if self.stopped {
            return runnable;
        }
        for (id, owed) in &mut self.owed {
            let Some(integration) = find(&settings.receivers, &id.integration) else { continue };
            let lane = self.lanes.entry(id.integration.clone()).or_default();
            let waits = owed.in_flight || owed.not_before > now;
            if waits || lane.is_full(settings.policy.concurrency) || !lane.is_open(now) {
                continue;
            }
            owed.in_flight = true;
            lane.in_flight += 1;
            lane.next_slot = (!integration.pace.is_zero()).then(|| now + integration.pace);
            runnable.push(id.clone());
        }
        runnable
    }

    pub(super) fn next(&self, concurrency: usize) -> Option<Timestamp> {
        if self.stopped {
            return None;
        }
        let waiting = self.owed.iter().filter(|(_, owed)| !owed.in_flight);
        let times = waiting.filter_map(|(id, owed)| {
            let lane = self.lanes.get(&id.integration);
            // A full lane is looked at again when a message of it has ended.
            let opens = lane.and_then(|lane| lane.rests_until.max(lane.next_slot));
            let full = lane.is_some_and(|lane| lane.is_full(concurrency));
            (!full).then(|| opens.map_or(owed.not_before, |opens| opens.max(owed.not_before)))
        });
        times.min()
    }

    pub(super) fn counts(&self) -> (usize, usize) {
        let on_their_way = self.owed.values().filter(|owed| owed.in_flight).count();
        (self.owed.len() - on_their_way, on_their_way)
    }

    /// Under other settings groups are made anew, and with them what is owed; what is on its way
    /// ends as it may.
    pub(super) fn reconfigure(&mut self, receivers: &BTreeMap<String, Receiver>) {
        self.owed.retain(|_, owed| owed.in_flight);
        self.owed.values_mut().for_each(|owed| owed.again = false);
        self.lanes.retain(|name, lane| lane.in_flight > 0 || find(receivers, name).is_some());
        for lane in self.lanes.values_mut() {
            (lane.failures, lane.rests_until) = (0, None);
        }
    }

    /// An integration that failed takes messages again: none waits longer because of that.
    fn wake(&mut self, integration: &IntegrationName, now: Timestamp) {
        for (_, owed) in self.owed.iter_mut().filter(|(id, _)| id.integration == *integration) {
            owed.not_before = owed.not_before.min(now);
        }
    }

    /// Forgets times that were noted by a clock which has been set back.
    pub(super) fn clock_was_set_back(&mut self, now: Timestamp) {
        for owed in self.owed.values_mut() {
            owed.since = owed.since.min(now);
            owed.not_before = owed.not_before.min(now);
        }
        for lane in self.lanes.values_mut() {
            (lane.rests_until, lane.next_slot) = (None, None);
        }
    }

    fn leave(&mut self, id: &DeliveryId) -> Option<Owed> {
        if let Some(lane) = self.lanes.get_mut(&id.integration) {
            lane.in_flight = lane.in_flight.saturating_sub(1);
        }
        self.owed.remove(id)
    }
}

impl Lane {
    fn is_full(&self, concurrency: usize) -> bool {
        let limit = if self.failures >= FAILURES_IN_A_ROW { 1 } else { concurrency };
        self.in_flight >= limit
    }

    fn is_open(&self, now: Timestamp) -> bool {
        let open = |time: Option<Timestamp>| time.is_none_or(|time| time <= now);
        open(self.rests_until) && open(self.next_slot)
    }
}

pub(super) fn find<'a>(receivers: &'a BTreeMap<String, Receiver>, name: &str) -> Option<&'a Integration> {
    let (receiver, _) = name.rsplit_once('/')?;
    receivers.get(receiver)?.integrations.iter().find(|integration| integration.name == name)
}

/// The wait after so many attempts: doubling, with up to a fifth more so that what failed
/// together is not tried together. `chance` is from 0 to 1.
fn back_off(policy: &Policy, attempts: u32, chance: f64) -> SignedDuration {
    let doubled = policy.retry_min.saturating_mul(1_i32.checked_shl(attempts.min(20)).unwrap_or(i32::MAX));
    let wait = doubled.min(policy.retry_max);
    wait.saturating_add(SignedDuration::from_secs_f64(wait.as_secs_f64() * chance.clamp(0.0, 1.0) / 5.0))
}

impl Desk {
    /// What must be journaled before a message leaves. `None`: it is moot by now, and dropped.
    pub fn begin(&mut self, id: &DeliveryId, now: Timestamp) -> Option<Fact> {
        let begun = self.begun(id, now);
        if begun.is_none() {
            self.outbox.leave(id);
        }
        begun.map(Fact::Begun)
    }

    fn begun(&self, id: &DeliveryId, now: Timestamp) -> Option<Begun> {
        let integration = self.addressee(id)?;
        let plan = self.plan(&id.group, integration, &self.sources(), now)?;
        Some(Begun {
            integration: id.integration.clone(),
            group: self.settings.tree.group_key(&id.group),
            reason: plan.reason.as_str().to_owned(),
            members: self.members(&plan),
        })
    }

    /// The integration a message is for. `None` where settings have changed since and its group does
    /// not go there: routes are known by their place in the tree, which may be another's by now.
    fn addressee(&self, id: &DeliveryId) -> Option<&Integration> {
        if id.group.route >= self.settings.tree.routes().len() {
            return None;
        }
        let integrations = &self.receiver(&id.group)?.integrations;
        integrations.iter().find(|integration| integration.name == id.integration)
    }

    /// The message whose beginning was journaled as `attempt`. Everything is looked at once more:
    /// `None` if it would not be sent like this any more, for example because somebody
    /// acknowledged it in between.
    pub fn compose(
        &self,
        id: &DeliveryId,
        attempt: Stamp,
        begun: &Begun,
        now: Timestamp,
    ) -> Option<(Notification, Integration)> {
        let integration = self.addressee(id)?;
        let plan = self.plan(&id.group, integration, &self.sources(), now)?;
        let same_group = self.settings.tree.group_key(&id.group) == begun.group;
        let unchanged = same_group && self.members(&plan) == begun.members;
        let attempt = attempt.to_string();
        unchanged.then(|| (self.notification(&id.group, &plan, &attempt, now), integration.clone()))
    }

    /// What must be journaled after an attempt. A message that failed for too long is given up.
    pub fn concluded(&self, id: &DeliveryId, attempt: Stamp, result: Delivery, now: Timestamp) -> Ended {
        let since = self.outbox.owed.get(id).map(|owed| owed.since);
        let too_long =
            since.is_some_and(|since| now.duration_since(since) >= self.settings.policy.give_up_after);
        let result = match result {
            Delivery::Refused { reason } | Delivery::Unknown { reason } if too_long => {
                Delivery::Dead { reason }
            }
            other => other,
        };
        Ended { begun: attempt, result }
    }

    /// Takes note of how an attempt ended, after that was applied. `chance` is from 0 to 1.
    pub fn ended(&mut self, id: &DeliveryId, failed: Option<&Failed>, chance: f64, now: Timestamp) {
        let Some(owed) = self.outbox.leave(id) else { return };
        if self.is_of_former_settings(&owed) && failed.is_some() {
            self.remake_groups(now);
            return;
        }
        let policy = &self.settings.policy;
        let lane = self.outbox.lanes.entry(id.integration.clone()).or_default();
        let Some(failed) = failed else {
            let is_back = lane.failures >= FAILURES_IN_A_ROW;
            (lane.failures, lane.rests_until) = (0, None);
            if is_back {
                self.outbox.wake(&id.integration, now);
            }
            self.after(id, owed.again, now);
            return;
        };
        if matches!(failed.result, Delivery::Dead { .. }) {
            self.after(id, owed.again, now);
            return;
        }
        lane.failures = lane.failures.saturating_add(1);
        let wait = back_off(policy, owed.attempts, chance);
        let asked = failed.retry_after.and_then(|wait| SignedDuration::try_from(wait).ok());
        if let Some(asked) = asked {
            // It speaks for all messages to it.
            lane.rests_until = Some(now + asked);
        } else if lane.failures >= FAILURES_IN_A_ROW {
            lane.rests_until = Some(now + wait.min(REST_MAX));
        }
        let not_before = now + asked.unwrap_or(SignedDuration::ZERO).max(wait);
        let again = Owed { not_before, attempts: owed.attempts + 1, in_flight: false, again: false, ..owed };
        self.outbox.owed.insert(id.clone(), again);
    }

    /// From now on no message leaves; what is on its way ends as it may.
    pub fn stop_sending(&mut self) {
        self.outbox.stopped = true;
    }

    /// Puts back a message that changed while its beginning was journaled; it leaves at once.
    pub fn overtaken(&mut self, id: &DeliveryId, now: Timestamp) {
        let Some(owed) = self.outbox.leave(id) else { return };
        if self.is_of_former_settings(&owed) {
            self.remake_groups(now);
        } else {
            let again = Owed { not_before: now, in_flight: false, again: false, ..owed };
            self.outbox.owed.insert(id.clone(), again);
        }
    }

    /// Whether a message was owed before the settings in force came. Such a one is not tried again
    /// as it was: groups as they are now find in the log of attempts what is still owed.
    fn is_of_former_settings(&self, owed: &Owed) -> bool {
        owed.since < self.settings_since
    }

    /// Once a message is out: what became owed on its way, and members that are done with.
    fn after(&mut self, id: &DeliveryId, again: bool, now: Timestamp) {
        if again {
            self.outbox.owe(id.integration.clone(), id.group.clone(), now);
        }
        let members: Vec<_> = self.groups.members(&id.group).collect();
        for key in members {
            let Some(episode) = self.book.episode(key) else { continue };
            if !episode.is_live() {
                let groups = self.belongs_to(episode);
                self.groups.place(key, &groups);
            }
        }
    }
}
