//! The books: what is disrupted at this moment by whom, what was within the hour, and what was
//! tried on which lineage. Made anew from the Remediations for every decision, so that nothing
//! is counted from memory.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use model::policy::ActionName;
use model::remediation::{
    Attempt, AttemptResult, PartState, Phase, Remediation, RemediationSpec, RemediationStatus,
};
use model::{Lineage, ObjectRef};

use crate::Now;
use crate::planner::is_undo;

/// What the hourly budgets look back on.
const HOUR: Duration = Duration::from_hours(1);

/// What a disruption counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// A pod that is taken away, or a workload that is restarted.
    Pod,
    /// A node that is quarantined or drained.
    Node,
}

/// Which effect: remediation, attempt and part.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EffectId {
    /// The remediation's name.
    pub remediation: String,
    /// The attempt's number.
    pub attempt: u32,
    /// The part's index.
    pub part: usize,
}

/// Something that is, was or may be disrupted by an effect of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disruption {
    /// By which effect.
    pub by: EffectId,
    /// What it counts as.
    pub unit: Unit,
    /// What was touched.
    pub target: ObjectRef,
    /// The node concerned; empty where none is.
    pub node: String,
    /// Whose pod it is.
    pub owner: Lineage,
    /// How many pods are away by it at once; one for anything but a restart.
    pub pods: u32,
    /// Whether it still is disrupted, or may be.
    pub is_live: bool,
    /// Since when nobody works on it although it did not recover: its remediation was given up.
    pub given_up: Option<Timestamp>,
    /// When its intent was written.
    pub opened: Timestamp,
}

/// An attempt that counts for the cap of its lineage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// Whose.
    pub lineage: Lineage,
    /// Under which remediation.
    pub remediation: String,
    /// Its number there.
    pub attempt: u32,
    /// When its intent was written.
    pub intended: Timestamp,
    /// Whether it is open.
    pub is_open: bool,
    /// Whether it surely had no effect: what it was to change had changed meanwhile, mostly.
    pub is_void: bool,
    /// Whether it restarts the whole workload: then it is an attempt on each of its instances.
    pub is_restart: bool,
    /// The objects that are being changed by it at this moment.
    pub touching: Vec<ObjectRef>,
}

/// The books.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    disruptions: Vec<Disruption>,
    tried: Vec<Tried>,
    /// The remediations of nodes there are, by name: those that may have left a mark.
    of_nodes: BTreeSet<String>,
}

impl Tried {
    /// Whether it concerns a lineage: its own, and for a restart that of any other instance.
    pub fn is_on(&self, lineage: &Lineage) -> bool {
        self.lineage == *lineage || self.is_restart && whole(&self.lineage) == whole(lineage)
    }
}

impl Disruption {
    /// Whether it counts now.
    fn counts(&self, now: Now) -> bool {
        self.is_live && self.given_up.is_none_or(|given_up| now.since(given_up) < HOUR)
    }

    /// Whether it takes pods wherever they run: which of a workload's go first is not known.
    pub fn is_anywhere(&self) -> bool {
        self.unit == Unit::Pod && self.target.kind != "Pod"
    }
}

/// The workload as a whole: a StatefulSet's or DaemonSet's pods are lineages of their own.
pub fn whole(lineage: &Lineage) -> Lineage {
    Lineage { instance: String::new(), ..lineage.clone() }
}

impl Ledger {
    /// The books over all remediations there are, of whichever epoch.
    pub fn of<'a>(remediations: impl IntoIterator<Item = &'a Remediation>) -> Self {
        let mut ledger = Self::default();
        for remediation in remediations {
            let Some(name) = &remediation.metadata.name else { continue };
            if remediation.spec.lineage.kind == "Node" {
                ledger.of_nodes.insert(name.clone());
            }
            let Some(status) = &remediation.status else { continue };
            let marks = outstanding(&status.attempts).map(|attempt| attempt.number);
            for attempt in &status.attempts {
                let is_outstanding = marks == Some(attempt.number);
                // What did not help has not recovered, until the trouble is over.
                let is_unrecovered = attempt.result == AttemptResult::DidNotHelp && !has_recovered(status);
                let given_up = status.ended.filter(|_| is_unrecovered && status.phase.is_over());
                let entered = ledger.disruptions.len();
                ledger.enter(name, &remediation.spec, attempt, is_outstanding, is_unrecovered);
                for entry in &mut ledger.disruptions[entered..] {
                    entry.given_up = given_up;
                }
            }
        }
        ledger
    }

    fn enter(
        &mut self,
        name: &str,
        spec: &RemediationSpec,
        attempt: &Attempt,
        is_outstanding: bool,
        is_unrecovered: bool,
    ) {
        if attempt.action == ActionName::CollectEvidence || attempt.parts.is_empty() {
            return;
        }
        if !is_undo(spec, attempt) {
            let (lineage, remediation) = (spec.lineage.clone(), name.to_owned());
            let touching = attempt.parts.iter().filter(|part| part.state == PartState::Open);
            self.tried.push(Tried {
                lineage,
                remediation,
                attempt: attempt.number,
                intended: attempt.intended,
                is_open: attempt.is_open(),
                is_void: attempt.result == AttemptResult::NotHappened,
                is_restart: attempt.action == ActionName::RolloutRestart,
                touching: touching.map(|part| part.target.clone()).collect(),
            });
        }
        let may_have_happened =
            attempt.parts.iter().any(|part| part.state.disrupts() || part.state.happened());
        let is_node = matches!(attempt.action, ActionName::QuarantineNode | ActionName::DrainNode);
        if is_node && attempt.target.kind == "Node" && (attempt.is_open() || may_have_happened) {
            self.disruptions.push(Disruption {
                by: EffectId { remediation: name.to_owned(), attempt: attempt.number, part: 0 },
                unit: Unit::Node,
                target: attempt.target.clone(),
                node: attempt.target.name.clone(),
                owner: spec.lineage.clone(),
                pods: 0,
                // A drain holds its node between two pods, too.
                is_live: is_outstanding || attempt.is_open(),
                given_up: None,
                opened: attempt.intended,
            });
        }
        for (index, part) in attempt.parts.iter().enumerate().filter(|(_, part)| part.target.kind != "Node") {
            let Some(opened) = part.opened else { continue };
            // What never happened and never will has disrupted nothing.
            if matches!(part.state, PartState::Refused | PartState::NotHappened | PartState::Skipped) {
                continue;
            }
            self.disruptions.push(Disruption {
                by: EffectId { remediation: name.to_owned(), attempt: attempt.number, part: index },
                unit: Unit::Pod,
                target: part.target.clone(),
                node: part.node.clone(),
                owner: part.owner.clone().unwrap_or_else(|| spec.lineage.clone()),
                pods: part.pods.unwrap_or(1),
                is_live: (attempt.is_open() || is_unrecovered) && part.state.disrupts(),
                given_up: None,
                opened,
            });
        }
    }

    /// What is disrupted at this moment, or may be, by anything but the effect in question and
    /// earlier attempts on pods of the same `owner`: one that is tried again is the same one away.
    /// What was given up counts for an hour, so that a cause that no attempt mends, a registry
    /// that is away, does not take a pod of one lineage after the other.
    pub fn live<'a>(
        &'a self,
        unit: Unit,
        but: &'a EffectId,
        owner: &Lineage,
        now: Now,
    ) -> impl Iterator<Item = &'a Disruption> {
        let owner = whole(owner);
        let is_same_one = move |entry: &Disruption| {
            let is_earlier = entry.by.remediation == but.remediation && entry.by.attempt != but.attempt;
            entry.by == *but || (is_earlier || entry.given_up.is_some()) && whole(&entry.owner) == owner
        };
        self.all_live(unit, now).filter(move |entry| !is_same_one(entry))
    }

    /// Everything that is disrupted at this moment, or may be.
    pub fn all_live(&self, unit: Unit, now: Now) -> impl Iterator<Item = &Disruption> {
        self.disruptions.iter().filter(move |entry| entry.unit == unit && entry.counts(now))
    }

    /// How many were disrupted within the last sixty minutes by anything but the effect in
    /// question. A node is one, however often something was done to it; a restart is as many pods
    /// as it takes away at once.
    ///
    /// What is done to `node` besides does not take another, within the hour as at any moment.
    pub fn within_the_hour(&self, unit: Unit, but: &EffectId, node: &str, now: Now) -> usize {
        let recent = self
            .disruptions
            .iter()
            .filter(|entry| entry.unit == unit && entry.by != *but && now.since(entry.opened) < HOUR);
        match unit {
            Unit::Pod => recent.map(|entry| entry.pods as usize).sum(),
            Unit::Node => recent
                .map(|entry| entry.node.as_str())
                .filter(|name| *name != node)
                .collect::<BTreeSet<_>>()
                .len(),
        }
    }

    /// Attempts on a lineage whose intent was written within the window.
    pub fn tried(&self, lineage: &Lineage, window: Duration, now: Now) -> impl Iterator<Item = &Tried> {
        self.tried.iter().filter(move |entry| entry.is_on(lineage) && now.since(entry.intended) < window)
    }

    /// The last restart of the workload that a lineage is an instance of, within the window.
    pub fn restarted(&self, lineage: &Lineage, window: Duration, now: Now) -> Option<&Tried> {
        self.tried(lineage, window, now).filter(|tried| tried.is_restart).max_by_key(|tried| tried.intended)
    }

    /// Whether there is a remediation of a node by this name, whatever became of it.
    pub fn knows(&self, name: &str) -> bool {
        self.of_nodes.contains(name)
    }

    /// Open attempts, all of them.
    pub fn open(&self) -> impl Iterator<Item = &Tried> {
        self.tried.iter().filter(|entry| entry.is_open)
    }
}

/// Whether the trouble of a remediation was seen to be over.
fn has_recovered(status: &RemediationStatus) -> bool {
    matches!(status.phase, Phase::Succeeded | Phase::Cleared) || status.recovered.is_some()
}

/// Whether it was given up, and what it took away counts as away.
pub fn is_given_up(status: &RemediationStatus) -> bool {
    let is_away = |attempt: &Attempt| {
        attempt.result == AttemptResult::DidNotHelp && attempt.parts.iter().any(|part| part.state.disrupts())
    };
    status.phase.is_over() && !has_recovered(status) && status.attempts.iter().any(is_away)
}

/// The attempt whose mark still is on a node, or may be: it happened, and nothing took it back.
pub fn outstanding(attempts: &[Attempt]) -> Option<&Attempt> {
    let may_have_happened = |attempt: &Attempt| {
        attempt.parts.iter().any(|part| part.state.happened() || part.state == PartState::Open)
    };
    let (at, put) = attempts
        .iter()
        .enumerate()
        .rfind(|(_, attempt)| attempt.action == ActionName::QuarantineNode && may_have_happened(attempt))?;
    let taken_back =
        attempts[at..].iter().any(|attempt| attempt.action == ActionName::ReleaseNode && attempt.happened());
    (!taken_back).then_some(put)
}

#[cfg(test)]
mod tests {
    use model::remediation::Part;

    use super::*;
    use crate::machine::tests_support::{attempt, now, remediation};

    fn part(state: PartState) -> Part {
        Part {
            target: ObjectRef::namespaced("Pod", "shop", "web-1", "p-1"),
            node: "n1".into(),
            owner: None,
            pods: None,
            state,
            opened: (state != PartState::Planned).then(|| now(0).wall),
            ready_after: None,
            detail: String::new(),
        }
    }

    fn books(attempts: Vec<Attempt>) -> Ledger {
        let mut remediation = remediation("r-1-1");
        remediation.status.as_mut().unwrap().attempts = attempts;
        Ledger::of([&remediation])
    }

    fn nobody() -> EffectId {
        EffectId { remediation: String::new(), attempt: 0, part: 0 }
    }

    fn others() -> Lineage {
        Lineage::namespaced("Deployment", "shop", "other")
    }

    #[test]
    fn what_did_not_recover_counts_for_others_until_it_has_or_for_an_hour() {
        let failed = Attempt {
            parts: vec![part(PartState::Happened)],
            result: AttemptResult::DidNotHelp,
            closed: Some(now(60).wall),
            ..attempt()
        };
        let mut remediation = remediation("r-1-1");
        let own = remediation.spec.lineage.clone();
        let next = EffectId { remediation: "r-1-1".into(), attempt: 2, part: 0 };
        remediation.status.as_mut().unwrap().attempts = vec![failed];
        for (phase, owner, second, live) in [
            (Phase::Pending, &own, 61, 0),
            (Phase::Pending, &others(), 61, 1),
            (Phase::Escalated, &own, 61, 0),
            (Phase::Escalated, &others(), 61, 1),
            (Phase::Escalated, &others(), 3660, 0),
            (Phase::Cleared, &others(), 61, 0),
        ] {
            let status = remediation.status.as_mut().unwrap();
            (status.phase, status.ended) = (phase, phase.is_over().then(|| now(60).wall));
            let ledger = Ledger::of([&remediation]);
            let count = |but: &EffectId| ledger.live(Unit::Pod, but, owner, now(second)).count();
            assert_eq!(count(&next), live, "{phase:?} {owner} {second}");
            if phase.is_over() {
                assert_eq!(count(&nobody()), live, "{phase:?} {owner} {second}");
            }
        }
    }

    #[test]
    fn what_was_given_up_and_has_recovered_is_in_nobodys_way() {
        let failed = Attempt {
            parts: vec![part(PartState::Happened)],
            result: AttemptResult::DidNotHelp,
            closed: Some(now(60).wall),
            ..attempt()
        };
        let mut remediation = remediation("r-1-1");
        let status = remediation.status.as_mut().unwrap();
        (status.phase, status.ended, status.attempts) = (Phase::Escalated, Some(now(60).wall), vec![failed]);
        assert_eq!(Ledger::of([&remediation]).all_live(Unit::Pod, now(90)).count(), 1);
        remediation.status.as_mut().unwrap().recovered = Some(now(80).wall);
        assert_eq!(Ledger::of([&remediation]).all_live(Unit::Pod, now(90)).count(), 0);
    }

    #[test]
    fn what_may_have_happened_counts_until_it_is_known_not_to_have() {
        for (state, live, in_the_hour) in [
            (PartState::Planned, 0, 0),
            (PartState::Open, 1, 1),
            (PartState::Happened, 1, 1),
            (PartState::HappenedMaybeNotOurs, 1, 1),
            (PartState::Settled, 0, 1),
            (PartState::Refused, 0, 0),
            (PartState::NotHappened, 0, 0),
            (PartState::Skipped, 0, 0),
        ] {
            let ledger = books(vec![Attempt { parts: vec![part(state)], ..attempt() }]);
            assert_eq!(ledger.live(Unit::Pod, &nobody(), &others(), now(60)).count(), live, "{state:?}");
            assert_eq!(ledger.within_the_hour(Unit::Pod, &nobody(), "", now(60)), in_the_hour, "{state:?}");
            let own = EffectId { remediation: "r-1-1".into(), attempt: 1, part: 0 };
            assert_eq!(
                ledger.live(Unit::Pod, &own, &others(), now(60)).count(),
                0,
                "its own effect does not count against it"
            );
        }
        let closed =
            Attempt { parts: vec![part(PartState::Happened)], closed: Some(now(9).wall), ..attempt() };
        assert_eq!(books(vec![closed]).live(Unit::Pod, &nobody(), &others(), now(60)).count(), 0);
    }

    #[test]
    fn a_quarantine_counts_until_it_is_taken_back() {
        let node = ObjectRef::cluster_wide("Node", "n1", "u");
        let on_node = |action, number, state| Attempt {
            action,
            number,
            target: node.clone(),
            parts: vec![Part { target: node.clone(), ..part(state) }],
            result: AttemptResult::DidNotHelp,
            closed: Some(now(5).wall),
            ..attempt()
        };
        let quarantine = on_node(ActionName::QuarantineNode, 1, PartState::Happened);
        let release = |state| on_node(ActionName::ReleaseNode, 2, state);
        for (attempts, live) in [
            (vec![quarantine.clone()], 1),
            (vec![quarantine.clone(), release(PartState::Open)], 1),
            (vec![quarantine.clone(), release(PartState::NotHappened)], 1),
            (vec![quarantine.clone(), release(PartState::Happened)], 0),
        ] {
            let ledger = books(attempts.clone());
            let count = ledger.live(Unit::Node, &nobody(), &others(), now(60)).count();
            assert_eq!(count, live, "{attempts:#?}");
            assert_eq!(ledger.within_the_hour(Unit::Node, &nobody(), "n2", now(60)), 1);
            assert_eq!(ledger.within_the_hour(Unit::Node, &nobody(), "n1", now(60)), 0, "its own next step");
        }
    }

    #[test]
    fn looking_and_undoing_are_not_tries() {
        let looked = Attempt { action: ActionName::CollectEvidence, parts: vec![], ..attempt() };
        let undone =
            Attempt { action: ActionName::ReleaseNode, parts: vec![part(PartState::Happened)], ..attempt() };
        let tried = Attempt { parts: vec![part(PartState::Refused)], ..attempt() };
        let ledger = books(vec![looked, undone, tried]);
        let lineage = remediation("r-1-1").spec.lineage;
        assert_eq!(ledger.tried(&lineage, Duration::from_hours(6), now(60)).count(), 1);
        assert_eq!(ledger.tried(&lineage, Duration::from_secs(30), now(60)).count(), 0);
    }
}
