//! The checks: what is wrong, one file each, all in one table.
//!
//! A check is a function of what is known about one subject, its neighbours, the thresholds and
//! the time. It keeps no state: whatever it says follows from the world as it is now.
//!
//! A new check is a code in [`model::codes`], thresholds in [`model::config::monitor`], a file here
//! with its row in [`ALL`], and a runbook in `docs/checks.md`. Tests name what is missing.

mod node_condition;
mod node_disk_pressure;
mod node_memory_pressure;
mod node_not_ready;
mod node_unreachable;
mod pod_crash_loop_back_off;
mod pod_image_pull_back_off;
mod pod_oom_killed;
mod pod_running_not_ready;
mod pod_stuck_terminating;
mod pod_unschedulable;
mod service_no_ready_endpoints;
mod workload_rollout_stuck;

#[cfg(test)]
pub(crate) mod testing;

use std::fmt::Display;

use jiff::Timestamp;
use model::config::monitor::Checks;
use model::issue::Evidence;
use model::{DurationText, Severity};

use crate::causes::Explanation;
use crate::kind::Kind;
use crate::now::Now;
use crate::world::{Container, Deployment, Node, Pod, Service, Stamp, Subject, World};

/// One check.
#[derive(Debug)]
pub(crate) struct Check {
    /// Its stable code.
    pub(crate) code: &'static str,
    /// The kinds without which it can say nothing.
    pub(crate) needs: &'static [Kind],
    /// How it is evaluated, by what it looks at.
    pub(crate) evaluate: Evaluate,
    /// What may explain its issues, the best first.
    pub(crate) explained_by: &'static [Explanation],
    /// What shows that an issue of it is over.
    pub(crate) proof: Proof,
}

/// What shows that an issue is over, once none of its members is found unhealthy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// Pods that came in the place of members are well.
    Replacement,
    /// Nothing: what was wrong was that the members were there.
    None,
}

/// How a check is evaluated.
#[derive(Debug)]
pub(crate) enum Evaluate {
    Node(fn(&Node, &Context<'_>) -> Verdict),
    Pod(fn(&Pod, &Context<'_>) -> Verdict),
    Deployment(fn(&Deployment, &Context<'_>) -> Verdict),
    Service(fn(&Service, &Context<'_>) -> Verdict),
}

impl Check {
    /// What it says of a subject; none if it looks at others, or the subject is gone.
    pub(crate) fn judge(&self, subject: Subject, context: &Context<'_>) -> Option<Verdict> {
        let world = context.world;
        match (&self.evaluate, subject) {
            (Evaluate::Node(evaluate), Subject::Node(id)) => Some(evaluate(world.node(id)?, context)),
            (Evaluate::Pod(evaluate), Subject::Pod(id)) => Some(evaluate(world.pod(id)?, context)),
            (Evaluate::Deployment(evaluate), Subject::Deployment(id)) => {
                Some(evaluate(world.deployment(id)?, context))
            }
            (Evaluate::Service(evaluate), Subject::Service(id)) => {
                Some(evaluate(world.service(id)?, context))
            }
            _ => None,
        }
    }
}

/// All checks, causes before what they may explain: an issue is only ever folded under one of a
/// check that stands before its own, so that there are no cycles.
pub(crate) static ALL: [Check; 12] = [
    node_unreachable::CHECK,
    node_not_ready::CHECK,
    node_disk_pressure::CHECK,
    node_memory_pressure::CHECK,
    workload_rollout_stuck::CHECK,
    pod_oom_killed::CHECK,
    pod_image_pull_back_off::CHECK,
    pod_crash_loop_back_off::CHECK,
    pod_unschedulable::CHECK,
    pod_stuck_terminating::CHECK,
    pod_running_not_ready::CHECK,
    service_no_ready_endpoints::CHECK,
];

/// Where a check stands in [`ALL`].
pub(crate) fn rank(code: &str) -> usize {
    ALL.iter().position(|check| check.code == code).unwrap_or(ALL.len())
}

/// What may explain the issues of a check, the best first.
pub(crate) fn explanations(code: &str) -> &'static [Explanation] {
    ALL.get(rank(code)).map_or(&[], |check| check.explained_by)
}

/// The kinds without which a check can say nothing.
pub(crate) fn needs(code: &str) -> &'static [Kind] {
    ALL.get(rank(code)).map_or(&[], |check| check.needs)
}

/// What shows that an issue of a check is over.
pub(crate) fn proof(code: &str) -> Proof {
    ALL.get(rank(code)).map_or(Proof::Replacement, |check| check.proof)
}

/// What a check may look at besides its subject.
pub(crate) struct Context<'a> {
    pub(crate) world: &'a World,
    pub(crate) thresholds: &'a Checks,
    pub(crate) now: Now,
}

/// What a check says about its subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing is wrong.
    Healthy,
    /// Nothing is wrong, but time alone may change that: look again then.
    HealthyUntil(Timestamp),
    /// Something is wrong, but not for long enough. It will be at `at`, if nothing changes.
    Pending { at: Timestamp, finding: Box<Finding> },
    /// Something is wrong. Time alone may end it: look again at `until`.
    Unhealthy { finding: Box<Finding>, until: Option<Timestamp> },
    /// Nothing is wrong that would count, but what was found before is not over: it stays at least
    /// until `until`.
    Lingers { finding: Box<Finding>, until: Timestamp },
    /// It cannot be told; whatever was said last stands.
    Unknown { reason: String },
}

/// What is wrong with a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    /// Since when, as far as the objects say.
    pub(crate) since: Timestamp,
    /// The container concerned, where it is one.
    pub(crate) container: String,
    /// What is wrong, as it stands after the subject's name and a colon.
    pub(crate) summary: String,
    /// Facts that a person can act on. Times, not ages: they must not change by themselves.
    pub(crate) evidence: Evidence,
}

impl Finding {
    fn new(severity: Severity, since: Option<Timestamp>, now: Now, summary: impl Into<String>) -> Self {
        Self {
            severity,
            // A clock that is ahead of ours must not put a trouble into the future.
            since: since.map_or(now.wall, |since| since.min(now.wall)),
            container: String::new(),
            summary: summary.into(),
            evidence: Evidence::new(),
        }
    }

    /// Adds a fact, unless there is nothing to say.
    fn fact(mut self, name: &str, value: impl Display) -> Self {
        let value = value.to_string();
        if !value.is_empty() {
            self.evidence.insert(name.to_owned(), value);
        }
        self
    }

    /// Adds a time, if there is one.
    fn time(self, name: &str, stamp: Stamp) -> Self {
        self.fact(name, stamp.get().map(|time| time.to_string()).unwrap_or_default())
    }

    /// Names the container, its image and its restarts.
    fn of(mut self, container: &Container) -> Self {
        self.container = container.name.to_string();
        let restarts = container.restarts;
        let found = self.fact("container", &*container.name).fact("image", &*container.image);
        if restarts > 0 { found.fact("restarts", restarts) } else { found }
    }

    /// Adds how a run of the container ended.
    fn ended(self, container: &Container) -> Self {
        let Some(end) = container.latest_end() else { return self };
        self.fact("exitCode", end.exit_code)
            .fact("signal", end.signal.map(|signal| signal.to_string()).unwrap_or_default())
            .fact("exitReason", &*end.reason)
            .fact("lastWords", &*end.message)
            .time("exitedAt", end.finished)
    }

    /// The verdict when this has to last until `at` before it counts.
    fn from(self, at: Option<Timestamp>, now: Now) -> Verdict {
        match at {
            Some(at) if now.wall < at => Verdict::Pending { at, finding: Box::new(self) },
            _ => Verdict::Unhealthy { finding: Box::new(self), until: None },
        }
    }
}

/// `stamp` and then so much later.
fn after(stamp: Stamp, span: DurationText) -> Option<Timestamp> {
    stamp.plus(span.signed())
}
