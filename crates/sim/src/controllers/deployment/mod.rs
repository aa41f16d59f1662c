//! Deployment: replaces the pods of one template by those of another, a few at a time.

mod conditions;
mod revisions;
mod rollout;

use serde_json::Value;

use super::amount::{self, Round};
use super::{Context, Note};
use crate::storage::Address;

/// A Deployment as it was read, and what follows from its spec.
pub(super) struct Deployment {
    address: Address,
    value: Value,
    replicas: i64,
    /// How many pods more than `replicas` there may be.
    surge: i64,
    /// How many of `replicas` may be unavailable.
    unavailable: i64,
    is_paused: bool,
    recreates: bool,
    progress_deadline_s: i64,
    min_ready_s: i64,
}

/// One of its ReplicaSets.
pub(super) struct Revision {
    address: Address,
    value: Value,
    /// How many pods it is to have.
    replicas: i64,
    /// Whether this look created it.
    is_made_now: bool,
}

/// Takes a Deployment one step on.
pub(super) fn work(cx: &mut Context<'_>, address: &Address) {
    let Some(value) = cx.read(address) else { return };
    let deployment = Deployment::new(address, value);
    if !deployment.value["metadata"]["deletionTimestamp"].is_null() {
        return;
    }
    let (mut new, mut old) = revisions::find(cx, &deployment);
    if new.is_none() && !deployment.is_paused {
        new = revisions::create(cx, &deployment, &old);
    }
    if let Some(new) = &new {
        revisions::keep_current(cx, &deployment, new, &old);
    }
    rollout::step(cx, &deployment, new.as_mut(), &mut old);
    let is_complete = conditions::tell(cx, &deployment, new.as_ref(), &old);
    if is_complete && !deployment.is_paused {
        revisions::forget_old(cx, &deployment, &old);
    }
}

impl Deployment {
    fn new(address: &Address, value: Value) -> Self {
        let spec = &value["spec"];
        let number = |field: &str, default| spec[field].as_i64().unwrap_or(default);
        let replicas = number("replicas", 1);
        let recreates = spec["strategy"]["type"] == "Recreate";
        let rolling = &spec["strategy"]["rollingUpdate"];
        let share = |field: &str, round| amount::of(&rolling[field], replicas, round);
        let quarter = |round| amount::of(&"25%".into(), replicas, round).unwrap_or(0);
        let surge = share("maxSurge", Round::Up).unwrap_or_else(|| quarter(Round::Up));
        let mut unavailable = share("maxUnavailable", Round::Down).unwrap_or_else(|| quarter(Round::Down));
        if surge == 0 && unavailable == 0 {
            // Both rounded to nothing: something must be able to move.
            unavailable = 1;
        }
        Self {
            address: address.clone(),
            replicas,
            surge: if recreates { 0 } else { surge },
            unavailable: if recreates { 0 } else { unavailable.min(replicas) },
            is_paused: spec["paused"] == true,
            recreates,
            progress_deadline_s: number("progressDeadlineSeconds", 600),
            min_ready_s: number("minReadySeconds", 0),
            value,
        }
    }

    /// Writes an Event of a change of size.
    fn tell(&self, cx: &Context<'_>, message: &str) {
        let (about, by, reason) = (&self.address, "deployment-controller", "ScalingReplicaSet");
        cx.tell(Note { about, uid: self.uid(), reason, message, by });
    }

    fn uid(&self) -> &str {
        self.value["metadata"]["uid"].as_str().unwrap_or_default()
    }
}

impl Revision {
    fn new(address: Address, value: Value) -> Self {
        let replicas = value["spec"]["replicas"].as_i64().unwrap_or(1);
        Self { address, value, replicas, is_made_now: false }
    }

    fn status(&self, field: &str) -> i64 {
        self.value["status"][field].as_i64().unwrap_or(0)
    }

    fn scale(&mut self, cx: &Context<'_>, deployment: &Deployment, replicas: i64) {
        if self.replicas != replicas {
            let (way, from, name) =
                (if replicas > self.replicas { "up" } else { "down" }, self.replicas, &self.address.name);
            deployment.tell(cx, &format!("Scaled {way} replica set {name} from {from} to {replicas}"));
            self.replicas = replicas;
            cx.change(&self.address, |set| {
                set["spec"]["replicas"] = replicas.into();
                revisions::annotate_size(set, deployment);
            });
        }
    }
}
