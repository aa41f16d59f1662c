//! What can be done, one file for each action, all in one table. An action is four questions and
//! their answers, none of which touches the cluster: what to act on, what to send, whether it
//! happened, and what takes it back. Whether it may be done is the governor's to say.

mod collect_evidence;
mod drain_node;
mod evict_pod;
mod quarantine_node;
mod release_node;
mod rollout_restart;

use std::collections::BTreeMap;
use std::time::Duration;

use cluster::views::{Pod, Taint};
use jiff::Timestamp;
use model::policy::ActionName;
use model::remediation::{Part, PartState, RemediationSpec};
use model::{DurationText, Issue, ObjectRef};

use crate::facts::{Facts, Found, Look, Subject, lineage_of};

/// An action.
pub struct Action {
    /// Its name: the API.
    pub name: ActionName,
    /// Whether it can do anything about a check's finding.
    pub suits: fn(&str) -> bool,
    /// What a step may say of how.
    pub parameters: &'static [Parameter],
    /// What it disrupts.
    pub disrupts: Disrupts,
    /// What to read before its objects can be chosen.
    pub look: fn(&RemediationSpec, Option<&Issue>) -> Look,
    /// The objects to act on, or why there are none.
    pub targets: fn(&Aim<'_>) -> Result<Vec<Part>, String>,
    /// What to send for one of them.
    pub act: fn(&Act<'_>) -> Result<Effect, String>,
    /// Whether it happened, judged against the recorded UID, from the cluster alone.
    pub observe: fn(&Act<'_>) -> Observed,
    /// How it is known that it helped.
    pub verify: Verify,
    /// The action that takes it back when it is not needed any more.
    pub undo: Option<ActionName>,
}

/// One parameter of a step.
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Whether a value can be used, and what it should look like if not.
    pub check: fn(&str) -> Result<(), String>,
}

/// What an action disrupts: the budgets that it counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disrupts {
    /// Nothing: it looks, or takes back.
    Nothing,
    /// Pods.
    Pods,
    /// A node, and nothing that runs there.
    Node,
    /// A node, and each of its pods.
    NodeAndPods,
}

/// How it is known that an action helped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verify {
    /// The check that found the trouble says that the lineage is healthy.
    ByCheck,
    /// It changes nothing about the trouble: the next step follows at once.
    Nothing,
}

/// What an action's objects are chosen by.
pub struct Aim<'a> {
    /// The remediation.
    pub spec: &'a RemediationSpec,
    /// The issue as it is now, where it is known.
    pub issue: Option<&'a Issue>,
    /// What was read.
    pub facts: &'a Facts,
}

/// What one effect is made of, and judged by.
pub struct Act<'a> {
    /// The step's parameters.
    pub parameters: &'a BTreeMap<String, String>,
    /// The object, with its recorded UID.
    pub target: &'a ObjectRef,
    /// The remediation's name.
    pub remediation: &'a str,
    /// The attempt's id, left on what is changed in place.
    pub attempt: &'a str,
    /// What was read.
    pub facts: &'a Facts,
    /// The wall clock.
    pub now: Timestamp,
}

/// What is sent, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Ask the eviction API to remove a pod.
    Evict {
        /// The time it is given to end, where the policy says.
        grace: Option<Duration>,
    },
    /// Change an object in place, at this version.
    Change {
        /// The version that the condition was re-checked on.
        resource_version: String,
        /// Annotations to set, or to remove.
        annotations: BTreeMap<String, Option<String>>,
        /// A node's taints: the whole list.
        taints: Option<Vec<Taint>>,
        /// Restart a workload's pods, as of this moment.
        restart: Option<Timestamp>,
    },
    /// Leave a mark and change nothing else: what somebody else read at this version or before
    /// cannot be changed by them any more.
    Fence {
        /// The version at which the effect was seen not to have happened.
        resource_version: String,
    },
}

/// Whether an effect happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observed {
    /// It did, and it bears our mark.
    Happened(String),
    /// It did, but it may have been somebody else's doing.
    HappenedMaybeNotOurs(String),
    /// It did not, as of this look: a request on its way may still land.
    NotYet(String),
    /// It cannot be told.
    Unknown(String),
}

/// All actions, from the mildest to the one that moves most.
pub const TABLE: [&Action; 6] = [
    &collect_evidence::ACTION,
    &evict_pod::ACTION,
    &rollout_restart::ACTION,
    &quarantine_node::ACTION,
    &drain_node::ACTION,
    &release_node::ACTION,
];

/// The action of this name.
pub fn get(name: ActionName) -> &'static Action {
    TABLE.into_iter().find(|action| action.name == name).expect("the table has every name; a test says so")
}

pub use collect_evidence::evidence;

/// A part that has not begun.
fn planned(target: ObjectRef) -> Part {
    Part {
        target,
        node: String::new(),
        owner: None,
        pods: None,
        state: PartState::Planned,
        opened: None,
        ready_after: None,
        detail: String::new(),
    }
}

/// A part for a pod; its owner is noted where it is another lineage's.
fn planned_pod(pod: &Pod, spec: &RemediationSpec) -> Part {
    let owner = lineage_of(pod);
    Part {
        node: pod.spec.node_name.to_string(),
        owner: (owner != spec.lineage).then_some(owner),
        ..planned(pod.metadata.reference("Pod"))
    }
}

/// The lineage's own object with the UID it has now, if it is of a kind that fits.
fn subject(facts: &Facts, fits: impl Fn(&Subject) -> bool) -> Result<ObjectRef, String> {
    match &facts.subject {
        Some(Found::There(subject)) if fits(subject) => Ok(subject.reference()),
        Some(Found::There(subject)) => Err(format!("{} is not something it acts on", subject.reference())),
        Some(Found::Absent) => Err("it is gone".to_owned()),
        Some(Found::Unreadable(why)) => Err(why.clone()),
        None => Err("it was not read".to_owned()),
    }
}

/// Whether a pod was removed: by its UID, not by its name.
fn observe_removal(act: &Act<'_>) -> Observed {
    match act.facts.pod(act.target) {
        None => Observed::Unknown("the pod was not read".to_owned()),
        Some(Found::Unreadable(why)) => Observed::Unknown(why.clone()),
        // Who removed it cannot be told from its absence.
        Some(Found::Absent) => Observed::HappenedMaybeNotOurs("the pod is gone".to_owned()),
        Some(Found::There(pod)) if pod.metadata.uid != act.target.uid => {
            Observed::HappenedMaybeNotOurs("another pod has its name".to_owned())
        }
        Some(Found::There(pod)) if pod.metadata.is_terminating() => {
            Observed::HappenedMaybeNotOurs("the pod is being deleted".to_owned())
        }
        Some(Found::There(_)) => Observed::NotYet("the pod is there as before".to_owned()),
    }
}

/// The eviction that a step's parameters ask for.
fn evict(act: &Act<'_>) -> Effect {
    let grace = act.parameters.get("grace").and_then(|text| text.parse::<DurationText>().ok());
    Effect::Evict { grace: grace.map(Into::into) }
}

/// The longest grace that a policy may give: a drain has to end some time.
const GRACE_MAX: Duration = Duration::from_mins(30);

/// How long a pod is given to end, instead of its own figure.
const GRACE: Parameter = Parameter {
    name: "grace",
    check: |text| {
        let grace: DurationText =
            text.parse().map_err(|error: model::duration::Invalid| error.to_string())?;
        // Zero means at once and without asking the kubelet: that is force, and not this action.
        if grace.0 < Duration::from_secs(1) || grace.0 > GRACE_MAX {
            return Err("is to be between 1s and 30m".to_owned());
        }
        Ok(())
    },
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_name_once() {
        assert_eq!(TABLE.map(|action| action.name), ActionName::ALL);
        for name in ActionName::ALL {
            assert_eq!(get(name).name, name);
        }
    }

    #[test]
    fn what_marks_can_be_taken_back() {
        for action in TABLE {
            let marks = action.name == ActionName::QuarantineNode;
            assert_eq!(action.undo, marks.then_some(ActionName::ReleaseNode), "{}", action.name);
        }
    }

    #[test]
    fn grace_is_a_duration_that_asks_the_kubelet() {
        for (text, fits) in [("30s", true), ("0s", false), ("1h", false), ("soon", false), ("", false)] {
            assert_eq!((GRACE.check)(text).is_ok(), fits, "{text}");
        }
    }
}
