//! What a Deployment says of itself: counts, `Available`, and `Progressing` with its deadline.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::super::condition::{self, Condition};
use super::super::{Context, Controller};
use super::{Deployment, Revision};
use crate::registry::time;

/// Counts of all ReplicaSets together.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    all: i64,
    updated: i64,
    ready: i64,
    available: i64,
    terminating: i64,
}

/// Writes the status. Whether the rollout is complete.
pub(super) fn tell(
    cx: &mut Context<'_>,
    deployment: &Deployment,
    new: Option<&Revision>,
    old: &[Revision],
) -> bool {
    let counts = count(new, old);
    let replicas = deployment.replicas;
    let is_complete = counts.updated == replicas && counts.all == replicas && counts.available == replicas;
    let generation = deployment.value["metadata"]["generation"].clone();
    let now = cx.now;
    let mut again = None;
    cx.change_status(&deployment.address, |status| {
        let before = status.take();
        *status = counts.written(replicas);
        status["observedGeneration"] = generation;
        for kept in ["conditions", "collisionCount"] {
            if let Some(value) = before.get(kept) {
                status[kept] = value.clone();
            }
        }
        say_available(status, deployment, counts, now);
        let outlook = Outlook { deployment, new, counts, before: &before, is_complete };
        again = outlook.say_progressing(status, now);
    });
    if let Some(at) = again {
        cx.when(Controller::Deployment, &deployment.address, at);
    }
    is_complete
}

fn count(new: Option<&Revision>, old: &[Revision]) -> Counts {
    let mut counts = Counts { updated: new.map_or(0, |new| new.status("replicas")), ..Counts::default() };
    for revision in new.into_iter().chain(old) {
        counts.all += revision.status("replicas");
        counts.ready += revision.status("readyReplicas");
        counts.available += revision.status("availableReplicas");
        counts.terminating += revision.status("terminatingReplicas");
    }
    counts
}

impl Counts {
    fn written(self, replicas: i64) -> Value {
        let mut status = json!({"terminatingReplicas": self.terminating});
        for (field, count) in [
            ("replicas", self.all),
            ("updatedReplicas", self.updated),
            ("readyReplicas", self.ready),
            ("availableReplicas", self.available),
            ("unavailableReplicas", (self.all.max(replicas) - self.available).max(0)),
        ] {
            if count > 0 {
                status[field] = count.into();
            }
        }
        status
    }

    fn read(status: &Value) -> Self {
        let number = |field: &str| status[field].as_i64().unwrap_or(0);
        Self {
            all: number("replicas"),
            updated: number("updatedReplicas"),
            ready: number("readyReplicas"),
            available: number("availableReplicas"),
            terminating: number("terminatingReplicas"),
        }
    }

    /// Whether a rollout got on: more that is new, less that is old, more that is ready.
    fn is_further_than(self, before: Self) -> bool {
        self.updated > before.updated
            || self.all - self.updated < before.all - before.updated
            || self.ready > before.ready
            || self.available > before.available
    }
}

fn say_available(status: &mut Value, deployment: &Deployment, counts: Counts, now: jiff::Timestamp) {
    let least = deployment.replicas - deployment.unavailable;
    let (to, reason, message) = if counts.available >= least {
        ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    } else {
        ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    };
    let changed = condition::set(status, Condition { kind: "Available", status: to, reason, message }, now);
    stamp(status, "Available", changed, now);
}

struct Outlook<'a> {
    deployment: &'a Deployment,
    new: Option<&'a Revision>,
    counts: Counts,
    before: &'a Value,
    is_complete: bool,
}

impl Outlook<'_> {
    /// Says whether it gets on; when that is to be looked at again.
    fn say_progressing(&self, status: &mut Value, now: jiff::Timestamp) -> Option<jiff::Timestamp> {
        let reason_before = condition::find(self.before, "Progressing")["reason"].as_str();
        if self.deployment.is_paused {
            if reason_before != Some("DeploymentPaused") {
                let message = "Deployment is paused";
                say(status, ("Unknown", "DeploymentPaused", message), true, now);
            }
            return None;
        }
        let name = self.new.map_or("", |new| new.address.name.as_str());
        let is_settled =
            self.counts.all == self.counts.updated && reason_before == Some("NewReplicaSetAvailable");
        if self.new.is_some_and(|new| new.is_made_now) {
            let message = format!("Created new replica set \"{name}\"");
            say(status, ("True", "NewReplicaSetCreated", &message), true, now);
        } else if is_settled {
            // Pods that fail after a rollout was complete are not its failure.
            return None;
        } else if self.is_complete {
            let message = format!("ReplicaSet \"{name}\" has successfully progressed.");
            say(status, ("True", "NewReplicaSetAvailable", &message), true, now);
            return None;
        } else if reason_before.is_none() {
            let message = format!("Found new replica set \"{name}\"");
            say(status, ("True", "FoundNewReplicaSet", &message), true, now);
        } else if reason_before == Some("DeploymentPaused") {
            say(status, ("Unknown", "DeploymentResumed", "Deployment is resumed"), true, now);
        } else if self.counts.is_further_than(Counts::read(self.before)) {
            let message = format!("ReplicaSet \"{name}\" is progressing.");
            say(status, ("True", "ReplicaSetUpdated", &message), true, now);
        } else if matches!(reason_before, Some("NewReplicaSetAvailable" | "ProgressDeadlineExceeded")) {
            return None;
        }
        self.check_deadline(status, name, now)
    }

    fn check_deadline(
        &self,
        status: &mut Value,
        name: &str,
        now: jiff::Timestamp,
    ) -> Option<jiff::Timestamp> {
        let since = condition::read_time(&condition::find(status, "Progressing")["lastUpdateTime"])?;
        let deadline = SignedDuration::from_secs(self.deployment.progress_deadline_s);
        let until = since.checked_add(deadline).ok()?;
        if until > now {
            return Some(until);
        }
        let message = format!("ReplicaSet \"{name}\" has timed out progressing.");
        say(status, ("False", "ProgressDeadlineExceeded", &message), true, now);
        None
    }
}

fn say(status: &mut Value, what: (&str, &str, &str), is_update: bool, now: jiff::Timestamp) {
    let (to, reason, message) = what;
    let changed = condition::set(status, Condition { kind: "Progressing", status: to, reason, message }, now);
    stamp(status, "Progressing", changed || is_update, now);
}

/// `lastUpdateTime` moves with every statement, and is kept otherwise. What was said last is listed
/// last.
fn stamp(status: &mut Value, kind: &str, is_update: bool, now: jiff::Timestamp) {
    let mut one = condition::find(status, kind).clone();
    if is_update || one["lastUpdateTime"].is_null() {
        one["lastUpdateTime"] = time(now).into();
        condition::remove(status, kind);
        condition::put(status, kind, one);
    }
}
