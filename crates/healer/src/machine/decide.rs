//! No attempt is open: whether to begin one, and which.

use std::time::Duration;

use model::issue::Resolution;
use model::policy::{ActionName, Mode};
use model::remediation::{self, ATTEMPTS_MAX, ApprovalVerdict, Phase, Remediation};

use super::begin::begin;
use super::case::Case;
use super::{Command, Plan, conclude, undo};
use crate::actions::{self, Verify};
use crate::governor::{Refusal, rules};
use crate::inbox::Standing;
use crate::ledger::outstanding;
use crate::orphans;
use crate::planner::{self, Next};

/// How long an issue that nobody tells of any more is waited for: two of its validities.
pub(super) const UNHEARD_MAX: Duration = Duration::from_mins(10);
/// How long nothing need be heard of an issue after a change of leaders: twice what a monitor takes
/// to tell everything again.
const RESENT_WITHIN: Duration = Duration::from_mins(2);
/// When to look again at what changes by being told, in case the telling is lost.
const IDLE: Duration = Duration::from_mins(1);

pub(super) fn decide(case: &Case<'_>) -> Command {
    let is_over = case.status.phase.is_over();
    if is_over && outstanding(&case.status.attempts).is_none() {
        return given_up(case);
    }
    match case.inputs.standing {
        Standing::Ended(Resolution::Healthy, since) => return conclude::healthy(case, since),
        Standing::Ended(resolution, _) if !is_over => {
            return case.end(Phase::Cancelled, format!("the monitor says {}", resolution.as_str()));
        }
        Standing::Ended(..) | Standing::Silent | Standing::Unheard => return unheard(case),
        Standing::Folded(issue) => return folded(case, issue),
        Standing::Firing(_) => {}
    }
    if is_over {
        // Only a mark is left, and it stays while the trouble does. That nobody tells of the trouble
        // any more is nothing that anybody tells.
        return case.wait(IDLE);
    }
    match case.inputs.plan {
        Plan::Current => {}
        Plan::Replaced => return case.end(Phase::Cancelled, "the policy says something else now"),
        Plan::Gone => return case.end(Phase::Cancelled, "the policy is gone, or not for this any more"),
        // A question to a person stays asked.
        Plan::Unknown(_) if case.status.phase == Phase::AwaitingApproval => return case.wait(IDLE),
        Plan::Unknown(why) => return case.defer(Phase::Deferred, &undecided(case, why), next_action(case)),
    }
    if let Some(end) = without_approval(case) {
        return end;
    }
    if let Some(other) = taken_up_again(case) {
        return case.end(Phase::Cancelled, format!("it was taken up twice; {other} goes on"));
    }
    let spec = &case.remediation.spec;
    let recurrence = case.inputs.world.config.attempts.recurrence.0;
    let earlier = case.inputs.earlier.iter().copied();
    match planner::next(spec, &case.status.attempts, earlier, recurrence, case.inputs.now) {
        Next::Step(index) if case.status.attempts.len() < ATTEMPTS_MAX => begin(case, index),
        Next::Step(_) | Next::Exhausted => {
            // What only looks was not there to help.
            let repairs =
                spec.steps.iter().filter(|step| actions::get(step.action).verify != Verify::Nothing);
            let tried: Vec<&str> = repairs.map(|step| step.action.as_str()).collect();
            let what = if tried.is_empty() {
                "evidence is kept, and no step of the policy repairs".to_owned()
            } else {
                format!("{} did not help, or not for long", tried.join(", "))
            };
            case.end(Phase::Escalated, format!("{what}: a person is needed"))
        }
    }
}

/// The remediation that was made after this one for the same trouble, if there is one that goes on: a
/// request to make one may land although it was given up, and another leader's at any time.
fn taken_up_again<'a>(case: &Case<'a>) -> Option<&'a str> {
    let key = case.remediation.spec.key();
    let own = remediation::number(&key, case.name)?;
    let is_later = |one: &&&Remediation| {
        let name = one.metadata.name.as_deref().unwrap_or_default();
        let goes_on = one.status.as_ref().is_none_or(|status| !status.phase.is_over());
        // One that was made for a mark that was found repairs nothing.
        let is_repair = one.spec.policy != orphans::NO_POLICY;
        goes_on
            && is_repair
            && one.spec.key() == key
            && remediation::number(&key, name).is_some_and(|number| number > own)
    };
    case.inputs.earlier.iter().find(is_later)?.metadata.name.as_deref()
}

/// Nothing is left to do but to notice that the trouble is over: what was taken away in vain does not
/// stand in others' way any more.
fn given_up(case: &Case<'_>) -> Command {
    let healthy_for = Duration::from_secs(case.remediation.spec.healthy_for_s);
    let rest = match case.inputs.standing {
        Standing::Ended(Resolution::Healthy, since) => {
            healthy_for.saturating_sub(case.inputs.now.monotonic.saturating_sub(since))
        }
        Standing::Ended(Resolution::SubjectGone, _) => Duration::ZERO,
        _ => IDLE,
    };
    if rest.is_zero() {
        return case.write(|status| status.recovered = Some(case.wall()));
    }
    case.wait(rest)
}

/// Whether the policy still is for this cannot be told.
pub(super) fn undecided(case: &Case<'_>, why: &str) -> Refusal {
    const LOOK_AGAIN: Duration = Duration::from_secs(5);
    let policy = &case.remediation.spec.policy;
    let reason = format!("whether policy {policy} still is for this is not known: {why}");
    let until = Some(case.inputs.now.wall_in(LOOK_AGAIN));
    Refusal { rule: rules::FRESH_VIEW, reason, until }
}

/// The action that a wait is for, where none has been weighed yet.
fn next_action(case: &Case<'_>) -> ActionName {
    let first = || case.remediation.spec.steps.first().map(|step| step.action);
    case.status.action.or_else(first).unwrap_or(ActionName::CollectEvidence)
}

/// Nobody tells of it. Nothing is done without a complaint, and silence is not health.
fn unheard(case: &Case<'_>) -> Command {
    if case.status.phase.is_over() {
        return undo::tidy_unheard(case);
    }
    let now = case.inputs.now.monotonic;
    let silent = case.inputs.memory.unheard_since().map_or(Duration::ZERO, |since| now.saturating_sub(since));
    let Some(rest) = UNHEARD_MAX.checked_sub(silent).filter(|rest| !rest.is_zero()) else {
        return case.end(Phase::Cancelled, "nobody tells of it any more; that it is healthy was not said");
    };
    if let Some(soon) = RESENT_WITHIN.checked_sub(silent).filter(|soon| !soon.is_zero()) {
        return case.wait(soon);
    }
    // What was said before is not why it waits now. But a question to a person stays asked.
    match case.status.phase {
        Phase::Pending | Phase::Deferred => {
            let until = Some(case.inputs.now.wall_in(rest));
            let reason = "the monitor does not tell of it any more: given up unless it does".to_owned();
            let refusal = Refusal { rule: rules::FRESH_VIEW, reason, until };
            case.defer(Phase::Deferred, &refusal, next_action(case))
        }
        _ => case.wait(rest),
    }
}

fn folded(case: &Case<'_>, issue: &model::Issue) -> Command {
    let Some(origin) = &issue.cause else { return Command::Wait(None) };
    if case.status.phase.is_over() {
        return case.wait(IDLE);
    }
    let message = format!("explained by {} of {}, which is treated instead", origin.code, origin.lineage);
    if case.status.message == message {
        return case.wait(IDLE);
    }
    case.write(|status| {
        status.phase = Phase::Pending;
        status.message = message;
    })
}

/// A no, or no answer in time.
fn without_approval(case: &Case<'_>) -> Option<Command> {
    let spec = &case.remediation.spec;
    if spec.mode != Mode::Approve {
        return None;
    }
    if let Some(approval) = spec.approval.as_ref().filter(|given| given.verdict == ApprovalVerdict::Rejected)
    {
        return Some(case.end(Phase::Rejected, format!("rejected by {}", approval.by)));
    }
    let asked = case.status.decision.as_ref().filter(|_| case.status.phase == Phase::AwaitingApproval)?;
    let waited = case.inputs.now.since(asked.at);
    let counts = |approval: &&model::remediation::Approval| {
        approval.plan_hash == spec.plan_hash && approval.expires.is_none_or(|expires| expires > case.wall())
    };
    let is_approved = spec.approval.as_ref().is_some_and(|approval| counts(&approval));
    let is_late = waited >= Duration::from_secs(spec.approval_timeout_s.max(1)) && !is_approved;
    is_late.then(|| case.end(Phase::Rejected, "nobody approved it in time"))
}

#[cfg(test)]
mod tests {
    use model::remediation::{Attempt, AttemptResult, Part, PartState};

    use super::*;
    use crate::governor::tests_support::{Bench, Said};
    use crate::machine::Memory;
    use crate::machine::tests_support::{attempt, open_part};

    #[test]
    fn of_two_for_one_trouble_the_later_goes_on() {
        let mut bench = Bench::new();
        let key = bench.remediation.spec.key();
        let named = |number| Some(remediation::name(&key, number));
        bench.remediation.metadata.name = named(644);
        for (number, phase, policy, is_ended) in [
            (654, Phase::Pending, "p", true),
            (654, Phase::Acting, "p", true),
            (654, Phase::Pending, orphans::NO_POLICY, false),
            (654, Phase::Escalated, "p", false),
            (634, Phase::Pending, "p", false),
        ] {
            let mut other = bench.remediation.clone();
            other.spec.policy = policy.to_owned();
            other.metadata.name = named(number);
            other.status.as_mut().unwrap().phase = phase;
            bench.others = vec![other];
            let facts = bench.facts.clone();
            let command = bench.step(&Memory::default(), Some(&facts));
            let ended = matches!(&command, Command::Write(change) if change.status.phase == Phase::Cancelled);
            assert_eq!(ended, is_ended, "{number} {phase:?} {policy}");
        }
    }

    #[test]
    fn a_mark_that_is_left_always_has_a_next_look() {
        let mut bench = Bench::of_node();
        let part = Part { target: bench.part.target.clone(), ..open_part("", "") };
        let put = Attempt {
            action: ActionName::QuarantineNode,
            parts: vec![Part { state: PartState::Happened, ..part }],
            closed: Some(bench.now.wall),
            ..attempt()
        };
        let status = bench.remediation.status.as_mut().unwrap();
        (status.phase, status.attempts) = (Phase::Escalated, vec![put]);
        assert!(matches!(bench.step(&Memory::default(), None), Command::Wait(Some(_))));
    }

    #[test]
    fn what_was_given_up_is_seen_to_recover() {
        let mut bench = Bench::new();
        let vain = Attempt {
            parts: vec![Part { state: PartState::Happened, ..open_part("web-1", "p-1") }],
            result: AttemptResult::DidNotHelp,
            closed: Some(bench.now.wall),
            ..attempt()
        };
        let status = bench.remediation.status.as_mut().unwrap();
        (status.phase, status.ended, status.attempts) = (Phase::Escalated, Some(bench.now.wall), vec![vain]);
        let is_given_up =
            |bench: &Bench| crate::ledger::is_given_up(bench.remediation.status.as_ref().unwrap());
        assert!(is_given_up(&bench));
        assert!(matches!(bench.step(&Memory::default(), None), Command::Wait(Some(_))), "it goes on");
        bench.said = Said::Healthy(bench.now.monotonic);
        assert!(matches!(bench.step(&Memory::default(), None), Command::Wait(Some(_))), "for how long?");
        bench.now.monotonic += Duration::from_secs(bench.remediation.spec.healthy_for_s);
        let Command::Write(change) = bench.step(&Memory::default(), None) else { panic!("it says nothing") };
        assert_eq!((change.status.phase, change.status.transitions), (Phase::Escalated, 0), "it is no news");
        bench.remediation.status = Some(change.status);
        assert!(!is_given_up(&bench));
        assert!(matches!(bench.step(&Memory::default(), None), Command::Wait(None)));
    }

    #[test]
    fn what_nobody_tells_of_says_so_instead_of_the_rule_that_held_it_before() {
        let mut bench = Bench::new();
        bench.said = Said::Silent;
        let mut memory = Memory::default();
        memory.note(&bench.remediation, Standing::Silent, bench.now);
        assert!(matches!(bench.step(&memory, None), Command::Wait(Some(_))), "a new leader waits first");
        bench.now.monotonic += RESENT_WITHIN;
        let Command::Write(change) = bench.step(&memory, None) else { panic!("it says nothing") };
        let decision = change.status.decision.expect("it is deferred");
        assert_eq!((change.status.phase, decision.rule.as_str()), (Phase::Deferred, rules::FRESH_VIEW));
        assert!(decision.until.is_some());
    }
}
