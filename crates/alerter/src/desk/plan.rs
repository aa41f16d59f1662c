//! What a message to one integration about one group must say now, if one is owed.

use jiff::Timestamp;
use model::Severity;

use super::{Desk, Gate};
use crate::book::attempts::Member;
use crate::book::episodes::{Episode, EpisodeKey};
use crate::book::outcomes;
use crate::notification::{MessageAlert, NO_TIME, Notification, Status, common};
use crate::receivers::Integration;
use crate::rules::inhibition::Sources;
use crate::rules::routing::GroupId;

/// Why a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Nobody was told of the group's trouble yet.
    First,
    /// There is more of it.
    New,
    /// It has become worse.
    Worse,
    /// The healer says that a person is needed.
    Outcome,
    /// Some of it is over.
    SomeResolved,
    /// All of it is over.
    AllResolved,
    /// It was repaired before anybody was paged.
    Healed,
    /// It lasts.
    Repeat,
}

impl Reason {
    /// The text in the journal and in templates.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::First => "first notification",
            Self::New => "new alerts in group",
            Self::Worse => "higher severity",
            Self::Outcome => "outcome of a remediation",
            Self::SomeResolved => "new resolved alerts",
            Self::AllResolved => "all alerts resolved",
            Self::Healed => "healed before anybody was notified",
            Self::Repeat => "repeat interval elapsed",
        }
    }
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Why.
    pub reason: Reason,
    /// Episodes that fire.
    pub firing: Vec<EpisodeKey>,
    /// Episodes that are over.
    pub resolved: Vec<EpisodeKey>,
}

impl Desk {
    /// What is owed to an integration about a group; `None` if nothing is.
    pub(super) fn plan(
        &self,
        id: &GroupId,
        integration: &Integration,
        sources: &Sources,
        now: Timestamp,
    ) -> Option<Plan> {
        if !self.muted_by_time(id, now).is_empty() {
            return None;
        }
        let repeat = self.settings.tree.route(id.route).repeat_interval;
        let repeat_before = now.saturating_sub(repeat).unwrap_or(Timestamp::MIN);
        let mut plan = Plan { reason: Reason::Repeat, firing: Vec::new(), resolved: Vec::new() };
        let mut reasons = Vec::new();
        let mut known = false;
        for key in self.groups.members(id) {
            let Some(episode) = self.book.episode(key) else { continue };
            if !episode.is_live() {
                if self.owes_end(integration, episode) {
                    let told = self.book.attempts.may_believe_firing(&integration.name, episode);
                    reasons.push(if told { Reason::SomeResolved } else { Reason::Healed });
                    plan.resolved.push(key);
                }
                continue;
            }
            if self.full_gate(episode, sources, now) != Gate::Open {
                continue;
            }
            plan.firing.push(key);
            let told = self.book.attempts.told(&integration.name, episode);
            known |= told.as_ref().is_some_and(|told| told.firing);
            reasons.extend(self.why(integration, episode, repeat_before));
        }
        plan.reason = reasons.into_iter().min()?;
        if plan.reason == Reason::First && known {
            plan.reason = Reason::New;
        }
        if plan.reason == Reason::SomeResolved && plan.firing.is_empty() {
            plan.reason = Reason::AllResolved;
        }
        Some(plan)
    }

    /// Why an integration must hear of an episode that fires; `None` if it need not.
    fn why(&self, integration: &Integration, episode: &Episode, repeat_before: Timestamp) -> Option<Reason> {
        let attempts = &self.book.attempts;
        let outcome = self.telling_outcome(episode);
        if let Some(refused) = attempts.refused_for_good(&integration.name, episode, true) {
            // It would be refused again, until something changes.
            let changed = self.settings_since > refused || outcome.is_some_and(|at| at > refused);
            return (changed || refused <= repeat_before).then_some(Reason::First);
        }
        let Some(told) = attempts.told(&integration.name, episode).filter(|told| told.firing) else {
            return Some(Reason::First);
        };
        if rank(episode.severity()) > rank(&told.severity) {
            Some(Reason::Worse)
        } else if outcome.is_some_and(|at| at > told.at) {
            Some(Reason::Outcome)
        } else if told.at <= repeat_before {
            Some(Reason::Repeat)
        } else {
            None
        }
    }

    /// Whether an integration must hear that an episode is over: it may believe that it fires;
    /// or it was repaired while its page was held, and nobody heard of it at all.
    pub(super) fn owes_end(&self, integration: &Integration, episode: &Episode) -> bool {
        if !integration.send_resolved || episode.is_live() {
            return false;
        }
        let attempts = &self.book.attempts;
        // A refusal of the end is final as long as the settings stay: it is not repeated.
        let refused = attempts.refused_for_good(&integration.name, episode, false);
        if refused.is_some_and(|at| at >= self.settings_since) {
            return false;
        }
        if attempts.may_believe_firing(&integration.name, episode) {
            return true;
        }
        let told = attempts.told(&integration.name, episode).is_some();
        !told && self.settings.policy.announce_healed && self.was_healed(episode)
    }

    fn was_healed(&self, episode: &Episode) -> bool {
        episode.issue().is_some_and(|issue| {
            let began = episode.name.receipt;
            let mut outcomes = self.book.outcomes.of(&issue, began);
            self.book.holds.was_taken(&issue, began)
                && outcomes.any(|(_, outcome)| outcomes::is_success(outcome))
        })
    }

    /// The time intervals that mute a group now.
    pub(super) fn muted_by_time(&self, id: &GroupId, now: Timestamp) -> Vec<String> {
        let route = self.settings.tree.route(id.route);
        let inside = |name: &&String| {
            let intervals = self.settings.intervals.get(*name);
            intervals.is_some_and(|intervals| intervals.iter().any(|interval| interval.contains(now)))
        };
        let mut muted: Vec<String> = route.mute_time_intervals.iter().filter(inside).cloned().collect();
        let active = &route.active_time_intervals;
        if !active.is_empty() && !active.iter().any(|name| inside(&name)) {
            muted.extend(active.iter().cloned());
        }
        muted
    }

    /// The members of a plan as the journal keeps them.
    pub(super) fn members(&self, plan: &Plan) -> Vec<Member> {
        let member = |key: &EpisodeKey, firing: bool| {
            let episode = self.book.episode(*key)?;
            Some(Member {
                key: *key,
                episode: episode.name,
                fingerprint: episode.current,
                firing,
                severity: episode.severity().to_owned(),
            })
        };
        let firing = plan.firing.iter().filter_map(|key| member(key, true));
        firing.chain(plan.resolved.iter().filter_map(|key| member(key, false))).collect()
    }

    /// The message a plan makes.
    pub(super) fn notification(
        &self,
        id: &GroupId,
        plan: &Plan,
        attempt: &str,
        now: Timestamp,
    ) -> Notification {
        let alert = |key: &EpisodeKey, status| {
            self.book.episode(*key).map(|episode| self.message_alert(episode, status))
        };
        let firing = plan.firing.iter().filter_map(|key| alert(key, Status::Firing));
        let resolved = plan.resolved.iter().filter_map(|key| alert(key, Status::Resolved));
        let mut alerts: Vec<MessageAlert> = firing.chain(resolved).collect();
        alerts.sort_by(|left, right| crate::alerts::order(&left.labels, &right.labels));
        Notification {
            receiver: self.settings.tree.route(id.route).receiver.clone(),
            status: if plan.firing.is_empty() { Status::Resolved } else { Status::Firing },
            group_labels: id.labels.clone(),
            common_labels: common(alerts.iter().map(|alert| &alert.labels)),
            common_annotations: common(alerts.iter().map(|alert| &alert.annotations)),
            alerts,
            external_url: self.settings.external_url.clone(),
            group_key: self.settings.tree.group_key(id),
            reason: plan.reason.as_str().to_owned(),
            at: now,
            id: attempt.to_owned(),
        }
    }

    fn message_alert(&self, episode: &Episode, status: Status) -> MessageAlert {
        let alert = episode.alert();
        let mut annotations = alert.annotations.clone();
        if let Some(issue) = episode.issue()
            && let Some((_, outcome)) = self.book.outcomes.of(&issue, episode.name.receipt).next_back()
        {
            // That it is over came before the healer's word on it: what stood in the way stands no more.
            if status == Status::Firing || outcomes::is_success(outcome) {
                annotations.insert("healing".to_owned(), outcomes::sentence(outcome));
            }
            annotations.insert("remediation".to_owned(), outcome.remediation.clone());
        }
        if episode.source_lost().is_some() {
            annotations
                .insert("source".to_owned(), "lost: nobody has heard whether it still fires".to_owned());
        }
        MessageAlert {
            status,
            fingerprint: format!("{:016x}", episode.current),
            labels: alert.labels.clone(),
            annotations,
            starts_at: alert.starts_at,
            ends_at: match status {
                Status::Firing => NO_TIME,
                Status::Resolved => alert.ends_at,
            },
            generator_url: alert.generator_url.clone(),
        }
    }
}

/// Severities in order; what is none of ours ranks lowest.
fn rank(severity: &str) -> Option<Severity> {
    severity.parse().ok()
}
