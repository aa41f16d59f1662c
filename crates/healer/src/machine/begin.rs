//! Begins an attempt: chooses its objects, asks the governor, and writes the intent.

use std::time::Duration;

use model::policy::{ActionName, Mode};
use model::remediation::{ATTEMPTS_MAX, Attempt, AttemptResult, Part, PartState, Phase};

use super::case::Case;
use super::conclude::DISAGREE_MAX;
use super::{Command, undo};
use crate::actions::{self, Action, Aim, Verify};
use crate::facts::{Facts, Found, Look, is_excluded, is_ready};
use crate::governor::{self, Refusal, Stage, rules};
use crate::planner;

/// How long after its intent was written an effect may still be sent: as long as what was read for a
/// decision counts, which is a few requests' time.
pub(super) const SEND_WITHIN: Duration = Duration::from_secs(15);

/// Begins an attempt at a step of the ladder: chooses its objects, asks the governor, and writes
/// the intent.
pub(super) fn begin(case: &Case<'_>, index: usize) -> Command {
    let spec = &case.remediation.spec;
    let action = actions::get(spec.steps[index].action);
    let look = || (action.look)(spec, case.issue());
    let facts = match case.facts(look) {
        Ok(facts) => facts,
        Err(look) => return look,
    };
    let mut parts = match (action.targets)(&Aim { spec, issue: case.issue(), facts }) {
        Ok(parts) => parts,
        Err(reason) => return nothing_to_act_on(case, action, reason),
    };
    // The first one decides whether the attempt begins: one that is out of bounds does not keep
    // the others from their turn.
    parts.sort_by_key(|part| is_out_of_bounds(case, facts, part));
    if action.verify == Verify::Nothing && parts.is_empty() {
        return looked(case, index, action, facts);
    }
    match owner_look(&parts, facts) {
        Some(owner_of) => Command::Look(Box::new(Look { owner_of: Some(owner_of), ..look() })),
        None => begin_with(case, index, action, parts, facts, false),
    }
}

/// Whether a pod will not be touched whatever else is so, as far as it tells itself.
fn is_out_of_bounds(case: &Case<'_>, facts: &Facts, part: &Part) -> bool {
    let (world, spec) = (case.inputs.world, &case.remediation.spec);
    let on_node = facts.pods_on_node.as_ref().and_then(|found| found.there());
    let listed = on_node.and_then(|pods| pods.iter().find(|pod| pod.metadata.uid == part.target.uid));
    let Some(pod) = listed.or_else(|| facts.pod(&part.target)?.there()) else { return false };
    let namespace = part.target.namespace.as_str();
    pod.metadata.controller().is_none() && !spec.accept_loss_of_bare_pods
        || is_excluded(&pod.metadata)
        || namespace == world.own.namespace
        || rules::out_of_bounds(namespace, world).is_some()
}

/// The pod whose owner has to be read before the governor can be asked.
fn owner_look(parts: &[Part], facts: &Facts) -> Option<model::ObjectRef> {
    let first = parts.first().filter(|part| part.target.kind == "Pod")?;
    let has_owner = match &facts.pods_on_node {
        Some(found) => found
            .there()
            .and_then(|pods| pods.iter().find(|pod| pod.metadata.uid == first.target.uid))
            .is_some_and(|pod| pod.metadata.controller().is_some()),
        None => facts.pod(&first.target)?.there()?.metadata.controller().is_some(),
    };
    let is_read = match facts.pod(&first.target) {
        None => false,
        Some(Found::There(_)) => facts.owner.is_some() || !has_owner,
        // Of what is gone or cannot be read the owner is not read either: the rules say so.
        Some(Found::Absent | Found::Unreadable(_)) => true,
    };
    (!is_read).then(|| first.target.clone())
}

/// The monitor says that it is in trouble, and a live look finds nothing that could be mended: what was taken away,
/// for one, may be refused its successor. One of them will change its mind within moments; if neither does, a person
/// is to know.
fn nothing_to_act_on(case: &Case<'_>, action: &Action, reason: String) -> Command {
    const LOOK_AGAIN: Duration = Duration::from_secs(5);
    let said = case.status.decision.as_ref().filter(|known| known.rule == rules::CONDITION_STILL_TRUE);
    if said.is_some_and(|said| case.inputs.now.since(said.at) >= DISAGREE_MAX) {
        let message = format!("in trouble, says the monitor, but {reason}: a person is needed");
        return case.end(Phase::Escalated, message);
    }
    if case.status.phase == Phase::AwaitingApproval {
        // A pod that is ready for a moment does not unask the question; each asking is told.
        return case.wait(LOOK_AGAIN);
    }
    let until = Some(case.inputs.now.wall_in(LOOK_AGAIN));
    let refusal = Refusal { rule: rules::CONDITION_STILL_TRUE, reason, until };
    case.defer(Phase::Deferred, &refusal, action.name)
}

/// A step that only looks is done when it has looked.
fn looked(case: &Case<'_>, index: usize, action: &Action, facts: &Facts) -> Command {
    let wall = case.wall();
    case.write(|status| {
        status.evidence = actions::evidence(case.issue(), facts);
        status.action = Some(action.name);
        status.attempts.push(Attempt {
            step: index as u32,
            number: case.next_number(),
            action: action.name,
            target: case.remediation.spec.subject.clone(),
            epoch: status.epoch,
            intended: wall,
            lands_until: wall,
            parts: Vec::new(),
            result: AttemptResult::Happened,
            detail: format!("{} facts kept", status.evidence.len()),
            observed: Some(wall),
            closed: Some(wall),
        });
    })
}

/// Asks the governor for the first object of a new attempt, and writes the intent for it.
pub(super) fn begin_with(
    case: &Case<'_>,
    index: usize,
    action: &'static Action,
    mut parts: Vec<Part>,
    facts: &Facts,
    is_undo: bool,
) -> Command {
    let number = case.next_number();
    let id = case.effect_id(number, 0);
    let Some(first) = parts.first_mut() else {
        return nothing_to_act_on(case, action, "there is nothing to act on".to_owned());
    };
    first.ready_after = ready_after(action, first, facts);
    let request = case.request(action, id.clone(), first, facts, Stage::Begin, is_undo);
    let (world, ledger, now) = (case.inputs.world, case.inputs.ledger, case.inputs.now);
    if let Err(refusal) = governor::weigh(&request, world, ledger, now) {
        if is_undo {
            return undo::refused(case, action, &refusal);
        }
        let planned = format!("{} on {}", action.name, first.target);
        let foreseen = governor::foresee(&request, world, ledger, now);
        return refused(case, action, &refusal, &planned, foreseen.err().as_ref());
    }
    let wall = case.wall();
    first.state = PartState::Open;
    first.opened = Some(wall);
    let target = attempt_target(action, first, case);
    let is_over = case.status.phase.is_over();
    case.write_intent(Some(id), |status| {
        if status.evidence.is_empty() && !is_undo {
            status.evidence = actions::evidence(case.issue(), facts);
        }
        if !is_over {
            status.phase = Phase::Acting;
            status.message = format!("{} on {target}", action.name);
            status.action = Some(action.name);
            status.decision = None;
        }
        make_room(&case.remediation.spec, &mut status.attempts);
        status.attempts.push(Attempt {
            step: index as u32,
            number,
            action: action.name,
            target,
            epoch: status.epoch,
            intended: wall,
            lands_until: lands_until(case),
            parts,
            result: AttemptResult::Open,
            detail: String::new(),
            observed: None,
            closed: None,
        });
    })
}

/// A mark that cannot be taken off for days does not make the list grow for ever: the oldest such
/// attempt that came to nothing goes. What the ladder did is bounded before.
fn make_room(spec: &model::remediation::RemediationSpec, attempts: &mut Vec<Attempt>) {
    if attempts.len() >= ATTEMPTS_MAX {
        let failed = |attempt: &Attempt| planner::is_undo(spec, attempt) && !attempt.happened();
        if let Some(oldest) = attempts.iter().position(failed) {
            attempts.remove(oldest);
        }
    }
}

/// What an attempt is on: the node for a drain, else the first object it touches.
fn attempt_target(action: &Action, first: &Part, case: &Case<'_>) -> model::ObjectRef {
    if action.name == ActionName::DrainNode {
        let node = case.inputs.facts.and_then(Facts::node);
        return node
            .map_or_else(|| case.remediation.spec.subject.clone(), |node| node.metadata.reference("Node"));
    }
    first.target.clone()
}

/// How many pods of the owner are ready now, as far as that was read: of the lineage as a whole,
/// because that is what is looked at for its recovery.
pub(super) fn ready_after(action: &Action, part: &Part, facts: &Facts) -> Option<u32> {
    let owner = [&facts.top, &facts.owner].into_iter().find_map(|found| found.as_ref()?.there());
    let workload = facts.workload().or(owner)?;
    let pod = facts.pod(&part.target).and_then(|found| found.there());
    // What a drain moves is moved for its node's sake: that it serves elsewhere is not promised.
    let is_to_serve = action.name == ActionName::EvictPod && pod.is_some_and(|pod| !is_ready(pod));
    let gained = u32::from(is_to_serve && workload.ready < workload.desired);
    Some(workload.ready + gained)
}

/// When no request can land any more whose intent is written now.
pub(super) fn lands_until(case: &Case<'_>) -> jiff::Timestamp {
    let timeouts = &case.inputs.world.config.timeouts;
    case.inputs.now.wall_in(SEND_WITHIN + timeouts.request.0 + timeouts.landing_margin.0)
}

/// Records a no to a new attempt.
fn refused(
    case: &Case<'_>,
    action: &Action,
    refusal: &Refusal,
    would: &str,
    foreseen: Option<&Refusal>,
) -> Command {
    let mode = case.remediation.spec.mode;
    match (refusal.rule, refusal.until) {
        (rules::OBSERVE_BY_DEFAULT, Some(_)) if mode == Mode::Approve => {
            case.defer(Phase::AwaitingApproval, refusal, action.name)
        }
        (_, Some(_)) => case.defer(Phase::Deferred, refusal, action.name),
        (rule, None) => {
            let (phase, message) = match rule {
                rules::OBSERVE_BY_DEFAULT if mode == Mode::Approve => {
                    (Phase::Rejected, refusal.reason.clone())
                }
                rules::OBSERVE_BY_DEFAULT => (Phase::Observed, observed(would, foreseen)),
                rules::ATTEMPT_CAP => (Phase::Escalated, format!("{}: a person is needed", refusal.reason)),
                _ => (Phase::Denied, format!("{rule}: {}", refusal.reason)),
            };
            let decision = refusal.decision(case.wall());
            case.write(|status| {
                status.phase = phase;
                status.message = message;
                status.action = Some(action.name);
                status.decision = Some(decision);
                status.ended = Some(case.wall());
            })
        }
    }
}

fn observed(would: &str, foreseen: Option<&Refusal>) -> String {
    match foreseen {
        None => format!("would have done {would}"),
        Some(Refusal { rule, reason, until: Some(_) }) => {
            format!("would have done {would}, but for {rule}, which says not now: {reason}")
        }
        Some(Refusal { rule, reason, until: None }) => {
            format!("would have done {would}, but for {rule}, which says no: {reason}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Subject;
    use crate::governor::tests_support::Bench;
    use crate::machine::Memory;
    use crate::machine::tests_support::{planned_part, pod, workload};

    #[test]
    fn where_nothing_is_left_to_act_on_a_person_is_needed_in_the_end() {
        for (passed, expected) in [(Duration::ZERO, None), (DISAGREE_MAX, Some(Phase::Escalated))] {
            let mut bench = Bench::new();
            let refusal = Refusal { rule: rules::CONDITION_STILL_TRUE, reason: String::new(), until: None };
            let status = bench.remediation.status.as_mut().unwrap();
            status.phase = Phase::Deferred;
            status.decision = Some(refusal.decision(bench.now.wall));
            bench.now.wall += passed;
            let mut facts = bench.facts.clone();
            facts.pods.insert(("shop".into(), "web-1".into()), Found::Absent);
            let phase = match bench.step(&Memory::default(), Some(&facts)) {
                Command::Write(change) => Some(change.status.phase).filter(|phase| phase.is_over()),
                _ => None,
            };
            assert_eq!(phase, expected, "{passed:?}");
        }
    }

    #[test]
    fn an_owner_is_read_once_whatever_the_answer() {
        let parts = [planned_part("web-1", "p-1")];
        let mut facts = Facts::at(Duration::ZERO);
        facts.pods_on_node = Some(Found::There(vec![pod("web-1", "p-1", true)]));
        assert!(owner_look(&parts, &facts).is_some());
        for (found, is_read) in [
            (Found::There(pod("web-1", "p-1", true)), false),
            (Found::Unreadable("503".into()), true),
            (Found::Absent, true),
        ] {
            facts.pods.insert(("shop".into(), "web-1".into()), found.clone());
            assert_eq!(owner_look(&parts, &facts).is_none(), is_read, "{found:?}");
        }
    }

    #[test]
    fn the_next_pod_waits_for_one_that_serves_in_place_of_one_that_did_not() {
        let bench = Bench::new();
        for (action, is_ready, ready, expected) in [
            (ActionName::EvictPod, false, 2, 3),
            (ActionName::EvictPod, false, 3, 3),
            (ActionName::EvictPod, true, 2, 2),
            (ActionName::DrainNode, false, 2, 2),
        ] {
            let mut facts = bench.facts.clone();
            facts.subject = Some(Found::There(Subject::Workload(workload(3, ready))));
            facts.pods.insert(("shop".into(), "web-1".into()), Found::There(pod("web-1", "p-1", is_ready)));
            let after = ready_after(actions::get(action), &bench.part, &facts);
            assert_eq!(after, Some(expected), "{action} {is_ready} {ready}");
        }
    }
}
