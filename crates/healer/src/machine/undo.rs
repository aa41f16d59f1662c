//! What we put on a node and need no longer is taken off again, and only that. It is tried on for as
//! long as it is there; when it should long be off, a person is told, once.

use std::time::Duration;

use model::issue::Resolution;
use model::policy::ActionName;
use model::remediation::{Attempt, AttemptResult, Part, PartState, Phase, RemediationStatus};

use super::case::Case;
use super::{Command, begin, decide};
use crate::actions::{self, Action};
use crate::conditions::{self, Truth};
use crate::facts::{Found, Look};
use crate::governor::{Refusal, rules};
use crate::inbox::Standing;
use crate::ledger::outstanding;
use crate::marks::{self, QUARANTINE};

/// How often a mark is looked at that cannot be taken off at this moment.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// The same for one that a person has been told of, and for a node that still is in trouble.
const LOOK_SELDOM: Duration = Duration::from_mins(1);
/// For how long a mark that could be off may stay before a person is told: as long as the alerter
/// holds a page by default. A rollout that is paused for is over by then, or is known of.
const PATIENCE: Duration = Duration::from_mins(15);
/// What a person is told begins with this.
const STUCK: &str = "our mark is still on";
/// What is said of a mark that is off.
pub(super) const DONE: &str = "our mark is off the node";

/// Takes our mark off a node where one is left. `None` when nothing is left to take back.
pub(super) fn take_back(case: &Case<'_>) -> Option<Command> {
    let put = outstanding(&case.status.attempts)?;
    let undo = actions::get(actions::get(put.action).undo?);
    let Some(facts) = case.inputs.facts else {
        return Some(Command::Look(Box::new(look(case))));
    };
    let gone = |reason: &str| Some(nothing_to_take_back(case, reason));
    match &facts.subject {
        Some(Found::Absent) => return gone("the node is gone, and the mark with it"),
        Some(Found::There(subject)) if subject.reference().uid != put.target.uid => {
            return gone("another node has its name");
        }
        Some(Found::There(_)) => {}
        Some(Found::Unreadable(why)) => return Some(later(case, &format!("it cannot be read: {why}"))),
        None => return Some(later(case, "it was not read")),
    }
    if facts.node().is_some_and(|node| !marks::has_taint(node)) {
        return gone("somebody has taken the mark off");
    }
    if let Some((rest, why)) = waits(case) {
        return Some(if is_overdue(case) { tell(case, &why) } else { case.wait(rest) });
    }
    let spec = &case.remediation.spec;
    let parts = (undo.targets)(&actions::Aim { spec, issue: None, facts }).unwrap_or_default();
    Some(begin::begin_with(case, put.step as usize, undo, parts, facts, true))
}

/// It is over and nobody complains any more, but nobody has said healthy either: a mark of ours is
/// taken back when the object itself looks well, and has had time to be complained about.
pub(super) fn tidy_unheard(case: &Case<'_>) -> Command {
    let now = case.inputs.now.monotonic;
    let silent = case.inputs.memory.unheard_since().map_or(Duration::ZERO, |since| now.saturating_sub(since));
    if let Some(rest) = decide::UNHEARD_MAX.checked_sub(silent).filter(|rest| !rest.is_zero()) {
        return case.wait(rest);
    }
    let facts = match case.facts(|| look(case)) {
        Ok(facts) => facts,
        Err(look) => return look,
    };
    if matches!(facts.subject, Some(Found::Absent)) {
        return take_back(case).unwrap_or(Command::Wait(None));
    }
    match conditions::lineage(&case.remediation.spec.check, facts) {
        Truth::Over(_) => take_back(case).unwrap_or(Command::Wait(None)),
        Truth::Holds => case.wait(LOOK_SELDOM),
        Truth::Unknown(why) => later(case, &format!("whether the node is well cannot be told: {why}")),
    }
}

/// Records a no to taking a mark off. Nothing is left to do about a mark that is not ours; any other
/// no is one for now, whatever the rule says, because the mark is there.
pub(super) fn refused(case: &Case<'_>, action: &Action, refusal: &Refusal) -> Command {
    let why = format!("{}: {}", refusal.rule, refusal.reason);
    match refusal.until {
        None if refusal.rule == rules::OWN_MARKS && is_anothers(case) => nothing_to_take_back(case, &why),
        Some(_) if !is_overdue(case) => case.defer(Phase::Deferred, refusal, action.name),
        _ => tell(case, &why),
    }
}

/// Whether the mark on the node is that of a remediation which will see to it, or there is none.
fn is_anothers(case: &Case<'_>) -> bool {
    let node = case.inputs.facts.and_then(|facts| facts.node());
    node.is_none_or(|node| match marks::quarantined_by(node) {
        Some(by) => case.inputs.ledger.knows(by),
        None => !marks::has_taint(node),
    })
}

/// A person is told, once, why a mark is not taken off; and it is tried on.
fn tell(case: &Case<'_>, why: &str) -> Command {
    if is_told(&case.status) {
        return case.wait(LOOK_SELDOM);
    }
    let Some(put) = outstanding(&case.status.attempts) else { return Command::Wait(None) };
    let message = format!(
        "{STUCK} {}, and the healer cannot take it off: {why}. It tries on; by hand, remove the taint and the \
         annotation {QUARANTINE}",
        put.target
    );
    let wall = case.wall();
    case.write(|status| {
        // It may have ended so before, for another reason: this is news all the same.
        if status.phase == Phase::Escalated {
            status.transitions += 1;
        }
        status.phase = Phase::Escalated;
        status.message = message;
        status.decision = None;
        status.ended.get_or_insert(wall);
    })
}

/// Whether a person was told that a mark is not taken off.
pub(crate) fn is_told(status: &RemediationStatus) -> bool {
    status.phase == Phase::Escalated && status.message.starts_with(STUCK)
}

/// It cannot be done at this moment: looks again soon, and tells a person when it should long be done.
pub(super) fn later(case: &Case<'_>, why: &str) -> Command {
    if is_overdue(case) { tell(case, why) } else { case.wait(LOOK_AGAIN) }
}

fn look(case: &Case<'_>) -> Look {
    Look { subject: Some(case.remediation.spec.lineage.clone()), ..Look::default() }
}

/// Whether the mark should long be off: by how long this process has known that it is not needed.
/// Another leader begins to count anew, which makes it later and not never.
fn is_overdue(case: &Case<'_>) -> bool {
    let spec = &case.remediation.spec;
    let idle = match case.inputs.standing {
        Standing::Ended(Resolution::Healthy, since) => {
            Some(since.saturating_add(Duration::from_secs(spec.healthy_for_s)))
        }
        _ => case.inputs.memory.unheard_since().map(|since| since.saturating_add(decide::UNHEARD_MAX)),
    };
    idle.is_some_and(|idle| case.inputs.now.monotonic >= idle.saturating_add(PATIENCE))
}

/// How long until the mark may be taken off once more, and what the last attempt came to: after each
/// that came to nothing twice as long, because what is not counted by a cap is not to be tried
/// without a pause.
fn waits(case: &Case<'_>) -> Option<(Duration, String)> {
    let is_failed = |attempt: &&Attempt| case.is_undo(attempt) && !attempt.happened();
    let failed = case.status.attempts.iter().rev().take_while(is_failed).count();
    let last = case.status.attempts.last().filter(|_| failed > 0)?;
    let wait = rules::back_off(&case.inputs.world.config.attempts, failed);
    let rest = wait.checked_sub(case.inputs.now.since(last.closed?)).filter(|rest| !rest.is_zero())?;
    Some((rest, last.detail.clone()))
}

/// Records that there is nothing of ours to take back (any more), so that it does not count.
fn nothing_to_take_back(case: &Case<'_>, reason: &str) -> Command {
    let Some(put) = outstanding(&case.status.attempts) else { return Command::Wait(None) };
    let wall = case.wall();
    let part = Part {
        target: put.target.clone(),
        node: String::new(),
        owner: None,
        pods: None,
        state: PartState::HappenedMaybeNotOurs,
        opened: None,
        ready_after: None,
        detail: reason.to_owned(),
    };
    let attempt = Attempt {
        step: put.step,
        number: case.next_number(),
        action: ActionName::ReleaseNode,
        target: put.target.clone(),
        epoch: case.status.epoch,
        intended: wall,
        lands_until: wall,
        parts: vec![part],
        result: AttemptResult::HappenedMaybeNotOurs,
        detail: reason.to_owned(),
        observed: Some(wall),
        closed: Some(wall),
    };
    case.write(|status| status.attempts.push(attempt))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Subject;
    use crate::governor::BrakeState;
    use crate::governor::tests_support::{Bench, Said};
    use crate::machine::Memory;
    use crate::machine::tests_support::{attempt, marked, node, open_part, unready};

    const HEALTHY_FOR: Duration = Duration::from_secs(10);

    /// A node that was quarantined, and is well again and said to be so since it had to be.
    fn quarantined() -> Bench {
        let mut bench = Bench::of_node();
        let part = Part { target: bench.part.target.clone(), ..open_part("", "") };
        let put = Attempt {
            action: ActionName::QuarantineNode,
            target: part.target.clone(),
            parts: vec![Part { state: PartState::Happened, ..part }],
            result: AttemptResult::Helped,
            closed: Some(bench.now.wall),
            ..attempt()
        };
        let status = bench.remediation.status.as_mut().unwrap();
        (status.phase, status.attempts) = (Phase::Pending, vec![put]);
        bench.said = Said::Healthy(bench.now.monotonic.checked_sub(HEALTHY_FOR).unwrap());
        bench.facts.subject = Some(Found::There(Subject::Node(marked("n1", &[QUARANTINE], "r-1-1"))));
        bench
    }

    fn later(bench: &mut Bench, by: Duration) {
        bench.now.monotonic += by;
        bench.now.wall += by;
        bench.facts.read_at = bench.now.monotonic;
        bench.views[0].heard = Some(bench.now.monotonic);
    }

    #[track_caller]
    fn written(bench: &mut Bench) -> RemediationStatus {
        let facts = bench.facts.clone();
        match bench.step(&Memory::default(), Some(&facts)) {
            Command::Write(change) => {
                bench.remediation.status = Some(change.status.clone());
                change.status
            }
            other => panic!("nothing is written: {other:?}"),
        }
    }

    #[track_caller]
    fn expect_wait(bench: &Bench) {
        let facts = bench.facts.clone();
        let command = bench.step(&Memory::default(), Some(&facts));
        assert!(matches!(command, Command::Wait(Some(_))), "{command:?}");
    }

    #[test]
    fn a_mark_that_is_held_is_looked_at_again_and_then_a_person_is_told_once() {
        let mut bench = quarantined();
        bench.brake = BrakeState::On { reason: "release".into(), until: None };
        let held = written(&mut bench);
        assert_eq!((held.phase, held.decision.unwrap().rule.as_str()), (Phase::Deferred, "Veto"));
        later(&mut bench, PATIENCE.checked_sub(Duration::from_secs(1)).unwrap());
        let _ = written(&mut bench);
        expect_wait(&bench);
        later(&mut bench, Duration::from_secs(1));
        let before = bench.remediation.status.clone().unwrap().transitions;
        let told = written(&mut bench);
        assert_eq!((told.phase, told.transitions), (Phase::Escalated, before + 1));
        assert!(told.message.contains("Veto: paused: release"), "{}", told.message);
        later(&mut bench, Duration::from_hours(9));
        expect_wait(&bench);
        bench.brake = BrakeState::Off;
        assert_eq!(written(&mut bench).attempts[1].action, ActionName::ReleaseNode, "it is tried on");
    }

    #[test]
    fn what_ended_otherwise_before_is_told_all_the_same() {
        let mut bench = quarantined();
        bench.remediation.status.as_mut().unwrap().phase = Phase::Escalated;
        bench.brake = BrakeState::Unreadable("404".into());
        later(&mut bench, PATIENCE);
        let told = written(&mut bench);
        assert_eq!((told.phase, told.transitions), (Phase::Escalated, 1));
        expect_wait(&bench);
    }

    #[test]
    fn an_attempt_that_comes_to_nothing_is_repeated_and_told() {
        let mut bench = quarantined();
        let status = bench.remediation.status.as_mut().unwrap();
        let failed = Attempt {
            action: ActionName::ReleaseNode,
            number: 2,
            parts: vec![Part { state: PartState::Refused, ..status.attempts[0].parts[0].clone() }],
            result: AttemptResult::Refused,
            detail: "nodes \"n1\" is forbidden".into(),
            ..status.attempts[0].clone()
        };
        status.attempts.push(failed);
        expect_wait(&bench);
        let status = bench.remediation.status.as_mut().unwrap();
        status.attempts[1].closed = Some(bench.now.wall + PATIENCE);
        later(&mut bench, PATIENCE);
        let told = written(&mut bench);
        assert!(told.message.contains("is forbidden"), "{}", told.message);
    }

    #[test]
    fn a_node_that_is_not_ready_keeps_its_mark() {
        let mut bench = quarantined();
        let mut sick = marked("n1", &[QUARANTINE], "r-1-1");
        sick.status = unready("n1").status;
        bench.remediation.spec.check = model::codes::NODE_UNREACHABLE.into();
        bench.facts.subject = Some(Found::There(Subject::Node(sick)));
        bench.facts.lease =
            crate::facts::LeaseAge::Unchanged { so_long: Duration::ZERO, duration: Duration::from_secs(40) };
        let held = written(&mut bench);
        assert_eq!(held.decision.unwrap().rule, rules::CONDITION_STILL_TRUE);
        assert_eq!(held.attempts.len(), 1);
    }

    #[test]
    fn what_is_not_ours_to_take_off_is_handed_to_a_person_and_what_is_gone_is_not() {
        let mut bench = quarantined();
        bench.facts.subject = Some(Found::There(Subject::Node(node("n1", &[QUARANTINE]))));
        let told = written(&mut bench);
        assert!(told.message.contains("not marked as ours"), "{}", told.message);

        let mut bench = quarantined();
        bench.facts.subject = Some(Found::There(Subject::Node(node("n1", &[]))));
        let done = written(&mut bench);
        assert_eq!(done.attempts[1].detail, "somebody has taken the mark off");

        let mut bench = quarantined();
        let by = "r-9-1";
        bench.facts.subject = Some(Found::There(Subject::Node(marked("n1", &[QUARANTINE], by))));
        let mut other = bench.remediation.clone();
        other.metadata.name = Some(by.into());
        other.status = None;
        bench.others = vec![other];
        let done = written(&mut bench);
        assert_eq!(done.attempts[1].detail, "OwnMarks: the mark is r-9-1's");
    }

    #[test]
    fn health_that_a_look_contradicts_for_long_is_for_a_person() {
        let mut bench = quarantined();
        bench.facts.subject = Some(Found::There(Subject::Node(unready("n1"))));
        expect_wait(&bench);
        later(&mut bench, Duration::from_mins(10));
        let told = written(&mut bench);
        assert_eq!(told.phase, Phase::Escalated);
        assert!(told.message.contains("NodeNotReady still holds"), "{}", told.message);
    }
}
