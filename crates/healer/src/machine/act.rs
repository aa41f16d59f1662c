//! An attempt is open: its effects, one after the other. Each has an intent of its own, is sent at
//! most once, and is observed until its fate is known.

use std::time::Duration;

use cluster::effects::Answer;
use model::remediation::{Attempt, Part, PartState};

use super::begin::{SEND_WITHIN, lands_until, ready_after};
use super::case::Case;
use super::decide::undecided;
use super::{Command, Plan, Send};
use crate::actions::{Effect, Observed, get};
use crate::facts::{Facts, Found, Look, Subject};
use crate::governor::{self, BrakeState, Refusal, Stage, defects, rules};
use crate::inbox::Standing;

/// How often a fate that is not known yet is looked at.
const OBSERVE_EVERY: Duration = Duration::from_secs(1);
/// How often the last look before an effect is repeated while it cannot be had.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How often a pod's owner is looked at for its recovery.
const SETTLE_EVERY: Duration = Duration::from_secs(2);

/// The next command of the open attempt; `None` when all its effects are through.
pub(super) fn go_on(case: &Case<'_>) -> Option<Command> {
    let attempt = case.status.open_attempt()?;
    let planned_after =
        |at: usize| attempt.parts[at + 1..].iter().any(|part| part.state == PartState::Planned);
    for (at, part) in attempt.parts.iter().enumerate() {
        match part.state {
            PartState::Open => return Some(open(case, attempt, at, part)),
            // What the last effect disrupted recovers while the lineage is verified.
            PartState::Happened | PartState::HappenedMaybeNotOurs if planned_after(at) => {
                return Some(settle(case, attempt, at, part));
            }
            PartState::Planned => return Some(planned(case, attempt, at, part)),
            PartState::Happened
            | PartState::HappenedMaybeNotOurs
            | PartState::Settled
            | PartState::Refused
            | PartState::NotHappened
            | PartState::Skipped => {}
        }
    }
    None
}

/// Its intent is written.
fn open(case: &Case<'_>, attempt: &Attempt, at: usize, part: &Part) -> Command {
    let id = case.effect_id(attempt.number, at);
    let memory = case.inputs.memory;
    if let Some(answer) = memory.answer(&id) {
        return answered(case, attempt, at, part, answer);
    }
    if memory.may_send(&id) || defects::is_skipped(rules::ONE_INTENT) {
        return send(case, attempt, at, part);
    }
    observe(case, attempt, at, part, None)
}

/// Re-reads the object, asks the governor once more, and sends: the last look before the effect.
fn send(case: &Case<'_>, attempt: &Attempt, at: usize, part: &Part) -> Command {
    let is_in_time = may_still_send(case, attempt, at);
    if is_in_time && cannot_look(case) {
        return case.wait(LOOK_AGAIN);
    }
    if let Some(why) = withdrawn(case, attempt) {
        return close_part(case, at, PartState::Skipped, format!("not sent: {why}"));
    }
    let facts = match case.facts(|| part_look(case, attempt, part)) {
        Ok(facts) => facts,
        Err(look) => return look,
    };
    let id = case.effect_id(attempt.number, at);
    let is_undo = case.is_undo(attempt);
    let request = case.request(get(attempt.action), id.clone(), part, facts, Stage::Send, is_undo);
    let admitted = governor::admit(&request, case.inputs.world, case.inputs.ledger, case.inputs.now);
    let effect = case.with_act(attempt, part, facts, |action, act| (action.act)(act));
    match (admitted, effect) {
        (Ok(admit), Ok(effect)) if is_in_time => Command::Send(Box::new(Send { admit, id, effect })),
        (Ok(_), Ok(_)) => {
            close_part(case, at, PartState::Skipped, "not sent: the last look took too long".to_owned())
        }
        (Err(Refusal { rule, reason, .. }), _) => {
            close_part(case, at, PartState::Skipped, format!("not sent: {rule}: {reason}"))
        }
        (Ok(_), Err(reason)) => close_part(case, at, PartState::Skipped, format!("not sent: {reason}")),
    }
}

/// Whether something that the last look is to tell could not be read.
fn cannot_look(case: &Case<'_>) -> bool {
    let is_told = |facts: &Facts| {
        facts.unreadable().is_none() && !matches!(case.inputs.world.brake, BrakeState::Unreadable(_))
    };
    matches!(case.inputs.plan, Plan::Unknown(_)) || case.inputs.facts.is_some_and(|facts| !is_told(facts))
}

/// Whether it is not too late yet: what is recorded of when it lands is to stay true.
fn may_still_send(case: &Case<'_>, attempt: &Attempt, at: usize) -> bool {
    let id = case.effect_id(attempt.number, at);
    let now = case.inputs.now.monotonic;
    let since = case.inputs.memory.open_since(&id);
    since.is_none_or(|since| now.saturating_sub(since) < SEND_WITHIN)
}

/// Why nothing more is done in an attempt although its policy once said so: a person who changes or
/// deletes a policy means what is under way, too. What was done is taken back all the same.
fn withdrawn(case: &Case<'_>, attempt: &Attempt) -> Option<&'static str> {
    match case.inputs.plan {
        _ if case.is_undo(attempt) => None,
        Plan::Current => None,
        Plan::Replaced => Some("the policy says something else now"),
        Plan::Gone => Some("the policy is gone, or not for this any more"),
        Plan::Unknown(_) => Some("whether the policy still is for this is not known"),
    }
}

/// What the server said.
fn answered(case: &Case<'_>, attempt: &Attempt, at: usize, part: &Part, answer: &Answer) -> Command {
    let close = |state, detail: &str| close_part(case, at, state, detail.to_owned());
    match answer {
        Answer::Done { .. } => close(PartState::Happened, "accepted by the API server"),
        Answer::PdbRefused { message, .. } | Answer::Denied { message, .. } | Answer::Invalid(message) => {
            close(PartState::Refused, message)
        }
        Answer::NotSent(why) => close(PartState::NotHappened, why),
        Answer::RateLimited { .. } => close(PartState::NotHappened, "the API server has too much to do"),
        Answer::Gone => close(PartState::HappenedMaybeNotOurs, "it was gone already"),
        // Nothing was done by us; what is there now tells whether somebody else did it.
        Answer::Conflict(message) => observe(case, attempt, at, part, Some(message)),
        Answer::Unknown(_) => observe(case, attempt, at, part, None),
    }
}

/// Looks whether it happened. That it did not is believed when no request can land any more, or
/// when the server said so.
fn observe(case: &Case<'_>, attempt: &Attempt, at: usize, part: &Part, conflict: Option<&str>) -> Command {
    let facts = match case.facts(|| part_look(case, attempt, part)) {
        Ok(facts) => facts,
        Err(look) => return look,
    };
    match case.with_act(attempt, part, facts, |action, act| (action.observe)(act)) {
        Observed::Happened(what) => close_part(case, at, PartState::Happened, what),
        Observed::HappenedMaybeNotOurs(what) => close_part(case, at, PartState::HappenedMaybeNotOurs, what),
        Observed::NotYet(what) => match (conflict, until_landed(case, attempt, at)) {
            (Some(message), _) => close_part(case, at, PartState::NotHappened, message.to_owned()),
            (None, None) => not_happened(case, attempt, at, part, facts, what),
            (None, Some(rest)) => case.wait(rest.min(OBSERVE_EVERY)),
        },
        Observed::Unknown(_) => case.wait(OBSERVE_EVERY),
    }
}

/// It did not happen, and by our clock no request can land any more. But whoever wrote the intent
/// may have been stopped before its request left, and go on tomorrow: an eviction fails by the UID
/// then, and a change by the version, if that has moved. So it is moved first.
fn not_happened(
    case: &Case<'_>,
    attempt: &Attempt,
    at: usize,
    part: &Part,
    facts: &Facts,
    what: String,
) -> Command {
    let id = case.effect_id(attempt.number, at);
    let memory = case.inputs.memory;
    let version = match facts.subject.as_ref().and_then(|found| found.there()) {
        Some(Subject::Node(node)) => Some(node.metadata.resource_version.to_string()),
        Some(Subject::Workload(workload)) => Some(workload.resource_version.clone()),
        Some(Subject::Pod(_)) | None => None,
    };
    let fence = memory.fence(&id);
    let is_settled =
        part.target.kind == "Pod" || memory.was_sent(&id) || fence.is_some_and(|(_, settled)| settled);
    let Some(resource_version) = version.filter(|_| !is_settled) else {
        return close_part(case, at, PartState::NotHappened, what);
    };
    let now = case.inputs.now;
    let tried = fence.map(|(tried, _)| now.monotonic.saturating_sub(tried));
    if let Some(rest) =
        tried.and_then(|passed| OBSERVE_EVERY.checked_sub(passed)).filter(|rest| !rest.is_zero())
    {
        return case.wait(rest);
    }
    let is_undo = case.is_undo(attempt);
    let request = case.request(get(attempt.action), id.clone(), part, facts, Stage::Send, is_undo);
    match governor::admit_fence(&request, case.inputs.world, case.inputs.ledger, now) {
        Ok(admit) => Command::Send(Box::new(Send { admit, id, effect: Effect::Fence { resource_version } })),
        Err(Refusal { until: Some(_), .. }) => case.wait(OBSERVE_EVERY),
        // It will never be allowed, to whomever.
        Err(refusal) => close_part(case, at, PartState::NotHappened, format!("{what}; {}", refusal.reason)),
    }
}

/// How long a request of this effect may still land, by our own clock: from when it was sent by
/// us, or from when we found it open, which is after its sender's claim had ended.
fn until_landed(case: &Case<'_>, attempt: &Attempt, at: usize) -> Option<Duration> {
    let timeouts = &case.inputs.world.config.timeouts;
    let whole = timeouts.request.0 + timeouts.landing_margin.0;
    let id = case.effect_id(attempt.number, at);
    let since = case.inputs.memory.open_since(&id).unwrap_or(case.inputs.now.monotonic);
    let passed = case.inputs.now.monotonic.saturating_sub(since);
    whole.checked_sub(passed).filter(|rest| !rest.is_zero())
}

/// What it disrupted is given time to recover before the next one's turn.
fn settle(case: &Case<'_>, attempt: &Attempt, at: usize, part: &Part) -> Command {
    let lineage = part.owner.clone().unwrap_or_else(|| case.remediation.spec.lineage.clone());
    let look = || Look { subject: Some(lineage), pods: vec![part.target.clone()], ..Look::default() };
    let facts = match case.facts(look) {
        Ok(facts) => facts,
        Err(look) => return look,
    };
    if has_recovered(facts, part) {
        return case.write(|status| set_part(status, at, PartState::Settled, None));
    }
    let limit = case.inputs.world.config.timeouts.settle.0;
    let passed = part.opened.map_or(limit, |opened| case.inputs.now.since(opened));
    if passed < limit {
        return case.wait(SETTLE_EVERY);
    }
    let why = format!("{} did not recover within {}s", part.target, limit.as_secs());
    skip_rest(case, attempt, &why)
}

/// Whether the pod serves no more and as many of its owner's are ready as are to be.
fn has_recovered(facts: &Facts, part: &Part) -> bool {
    let is_gone = match facts.pod(&part.target) {
        Some(Found::Absent) => true,
        Some(Found::There(pod)) => pod.metadata.uid != part.target.uid || pod.is_leaving(),
        Some(Found::Unreadable(_)) | None => false,
    };
    let is_back = match (&facts.subject, part.ready_after) {
        (Some(Found::Unreadable(_)), _) => false,
        (_, Some(after)) => facts.workload().is_none_or(|workload| workload.ready >= after),
        (_, None) => true,
    };
    is_gone && is_back
}

/// The turn of the next object.
fn planned(case: &Case<'_>, attempt: &Attempt, at: usize, part: &Part) -> Command {
    let timeout = case.rung(attempt).map_or(Duration::ZERO, |step| step.timeout.0);
    if case.inputs.now.since(attempt.intended) > timeout {
        return skip_rest(case, attempt, "the step's time was over");
    }
    let is_undo = case.is_undo(attempt);
    if let (Standing::Ended(resolution, _), false) = (case.inputs.standing, is_undo) {
        return skip_rest(case, attempt, &format!("the monitor says {}", resolution.as_str()));
    }
    if let (Plan::Unknown(why), false) = (case.inputs.plan, is_undo) {
        return case.defer(case.status.phase, &undecided(case, why), attempt.action);
    }
    if let Some(why) = withdrawn(case, attempt) {
        return skip_rest(case, attempt, why);
    }
    let facts = match case.facts(|| part_look(case, attempt, part)) {
        Ok(facts) => facts,
        Err(look) => return look,
    };
    let id = case.effect_id(attempt.number, at);
    let request = case.request(get(attempt.action), id.clone(), part, facts, Stage::Continue, is_undo);
    match governor::weigh(&request, case.inputs.world, case.inputs.ledger, case.inputs.now) {
        Ok(()) => case.write_intent(Some(id), |status| {
            let (wall, lands_until) = (case.wall(), lands_until(case));
            status.decision = None;
            if let Some(attempt) = status.attempts.last_mut() {
                attempt.lands_until = lands_until;
                attempt.epoch = status.epoch;
                attempt.parts[at].state = PartState::Open;
                attempt.parts[at].opened = Some(wall);
                attempt.parts[at].ready_after = ready_after(get(attempt.action), part, facts);
            }
        }),
        // It is over for this one, or it may not be touched: the others' turn.
        Err(Refusal { rule, reason, until }) if until.is_none() || rule == rules::CONDITION_STILL_TRUE => {
            close_part(case, at, PartState::Skipped, format!("{rule}: {reason}"))
        }
        Err(refusal) => case.defer(case.status.phase, &refusal, attempt.action),
    }
}

/// What is read for one object.
fn part_look(case: &Case<'_>, attempt: &Attempt, part: &Part) -> Look {
    let spec = &case.remediation.spec;
    if part.target.kind == "Pod" {
        return Look {
            subject: Some(spec.lineage.clone()),
            pods: vec![part.target.clone()],
            owner_of: Some(part.target.clone()),
            ..Look::default()
        };
    }
    (get(attempt.action).look)(spec, case.issue())
}

fn close_part(case: &Case<'_>, at: usize, state: PartState, detail: String) -> Command {
    case.write(|status| set_part(status, at, state, Some(detail)))
}

fn set_part(
    status: &mut model::remediation::RemediationStatus,
    at: usize,
    state: PartState,
    detail: Option<String>,
) {
    let Some(part) = status.attempts.last_mut().and_then(|attempt| attempt.parts.get_mut(at)) else { return };
    part.state = state;
    if let Some(mut detail) = detail {
        // A server's or webhook's words may be long; the list of parts is not.
        detail.truncate(detail.floor_char_boundary(300));
        part.detail = detail;
    }
}

fn skip_rest(case: &Case<'_>, attempt: &Attempt, why: &str) -> Command {
    let count = attempt.parts.len();
    case.write(|status| {
        for at in 0..count {
            let is_planned =
                status.attempts.last().is_some_and(|last| last.parts[at].state == PartState::Planned);
            if is_planned {
                set_part(status, at, PartState::Skipped, Some(why.to_owned()));
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use cluster::effects::Permit;
    use model::policy::ActionName;
    use model::remediation::AttemptResult;

    use super::*;
    use crate::facts::Subject;
    use crate::governor::tests_support::Bench;
    use crate::ledger::EffectId;
    use crate::machine::Memory;
    use crate::machine::tests_support::{attempt, open_part, pod, workload};

    /// A quarantine whose intent an earlier leader wrote, and which is not seen on the node.
    fn found_open() -> (Bench, Memory) {
        let mut bench = Bench::of_node();
        let part = Part { target: bench.part.target.clone(), ..open_part("", "") };
        let attempt = Attempt {
            action: ActionName::QuarantineNode,
            target: part.target.clone(),
            parts: vec![part],
            ..attempt()
        };
        bench.remediation.status.as_mut().unwrap().attempts = vec![attempt];
        let mut memory = Memory::default();
        memory.note(&bench.remediation, Standing::Silent, bench.now);
        bench.now.monotonic += Duration::from_mins(1);
        (bench, memory)
    }

    fn closes(command: &Command) -> bool {
        matches!(command, Command::Write(change) if change.status.attempts[0].parts[0].state == PartState::NotHappened)
    }

    #[test]
    fn who_wrote_an_intent_is_fenced_off_before_it_is_believed_not_to_have_happened() {
        let (mut bench, mut memory) = found_open();
        let facts = bench.facts.clone();
        let Command::Send(send) = bench.step(&memory, Some(&facts)) else { panic!("it is not fenced") };
        assert_eq!(send.effect, Effect::Fence { resource_version: "3".into() });
        assert_eq!(send.admit.attempt(), "r-1-1/1/fence");
        memory.fenced(send.id.clone(), false, bench.now);
        assert!(matches!(bench.step(&memory, Some(&facts)), Command::Wait(Some(_))), "it looks again first");
        bench.now.monotonic += OBSERVE_EVERY;
        assert!(matches!(bench.step(&memory, Some(&facts)), Command::Send(_)));
        memory.fenced(send.id, true, bench.now);
        assert!(closes(&bench.step(&memory, Some(&facts))));
        assert_eq!(bench.remediation.status.unwrap().attempts[0].result, AttemptResult::Open);
    }

    #[test]
    fn nothing_is_marked_while_paused() {
        let (mut bench, memory) = found_open();
        bench.brake = BrakeState::Unreadable("404".into());
        let facts = bench.facts.clone();
        assert!(matches!(bench.step(&memory, Some(&facts)), Command::Wait(Some(_))));
    }

    #[test]
    fn what_this_process_sent_needs_no_fence() {
        let (mut bench, mut memory) = found_open();
        let id = EffectId { remediation: "r-1-1".into(), attempt: 1, part: 0 };
        memory.sending(&id, bench.now);
        bench.now.monotonic += Duration::from_mins(1);
        let facts = bench.facts.clone();
        assert!(closes(&bench.step(&memory, Some(&facts))));
    }

    #[test]
    fn what_cannot_be_read_before_an_effect_is_looked_at_again_within_moments() {
        type Change = fn(&mut Bench);
        let cases: [Change; 3] = [
            |bench| bench.facts.subject = Some(Found::Unreadable("503".to_owned())),
            |bench| bench.brake = BrakeState::Unreadable("timeout".to_owned()),
            |bench| bench.plan = Plan::Unknown("the policy cannot be read"),
        ];
        for (at, fails) in cases.into_iter().enumerate() {
            let mut bench = Bench::new();
            let (began, parts) = (bench.now, vec![open_part("web-1", "p-1")]);
            bench.remediation.status.as_mut().unwrap().attempts = vec![Attempt { parts, ..attempt() }];
            let mut memory = Memory::default();
            memory.note(&bench.remediation, Standing::Silent, began);
            memory.intended(EffectId { remediation: "r-1-1".into(), attempt: 1, part: 0 });
            let whole = (bench.facts.clone(), bench.brake.clone(), bench.plan);
            fails(&mut bench);
            let facts = bench.facts.clone();
            assert!(matches!(bench.step(&memory, Some(&facts)), Command::Wait(Some(_))), "{at}: it waits");
            bench.now.monotonic += LOOK_AGAIN;
            let (facts, brake, plan) = (bench.facts.clone(), bench.brake.clone(), bench.plan);
            (bench.facts, bench.brake, bench.plan) = whole.clone();
            let read = bench.facts.clone();
            assert!(
                matches!(bench.step(&memory, Some(&read)), Command::Send(_)),
                "{at}: it is sent after all"
            );
            (bench.facts, bench.brake, bench.plan) = (facts, brake, plan);
            bench.now.monotonic = began.monotonic + SEND_WITHIN;
            let facts = bench.facts.clone();
            let Command::Write(change) = bench.step(&memory, Some(&facts)) else {
                panic!("{at}: it waits on")
            };
            assert_eq!(change.status.attempts[0].parts[0].state, PartState::Skipped, "{at}");
            (bench.facts, bench.brake, bench.plan) = whole;
            let Command::Write(change) = bench.step(&memory, Some(&read)) else {
                panic!("{at}: it is sent late")
            };
            assert_eq!(change.status.attempts[0].parts[0].state, PartState::Skipped, "{at}");
        }
    }

    #[test]
    fn who_takes_a_policy_back_means_what_is_under_way_too() {
        for plan in [Plan::Replaced, Plan::Gone] {
            let mut bench = Bench::new();
            bench.plan = plan;
            let parts = vec![
                Part { state: PartState::Settled, ..open_part("web-0", "p-0") },
                Part { state: PartState::Planned, ..open_part("web-1", "p-1") },
                Part { state: PartState::Planned, ..open_part("web-2", "p-2") },
            ];
            let intended = bench.now.wall;
            let set = |bench: &mut Bench, parts: Vec<Part>| {
                bench.remediation.status.as_mut().unwrap().attempts =
                    vec![Attempt { parts, intended, ..attempt() }];
            };
            set(&mut bench, parts);
            let facts = bench.facts.clone();
            let Command::Write(change) = bench.step(&Memory::default(), Some(&facts)) else { panic!() };
            let states: Vec<_> = change.status.attempts[0].parts.iter().map(|part| part.state).collect();
            assert_eq!(states, [PartState::Settled, PartState::Skipped, PartState::Skipped], "{plan:?}");

            set(&mut bench, vec![open_part("web-1", "p-1")]);
            let mut memory = Memory::default();
            memory.intended(EffectId { remediation: "r-1-1".into(), attempt: 1, part: 0 });
            let Command::Write(change) = bench.step(&memory, Some(&facts)) else { panic!("it is sent") };
            assert_eq!(change.status.attempts[0].parts[0].state, PartState::Skipped, "{plan:?}");
        }
    }

    #[test]
    fn a_pod_that_serves_no_more_need_not_be_gone() {
        let part = Part { ready_after: Some(2), ..open_part("web-1", "p-1") };
        let mut going = pod("web-1", "p-1", false);
        going.metadata.deletion_timestamp = Some("2026-01-01T00:00:00Z".parse().unwrap());
        let mut serving = pod("web-1", "p-1", true);
        serving.metadata.deletion_timestamp = going.metadata.deletion_timestamp;
        let there = |pod| Found::There(pod);
        for (found, ready, expected, why) in [
            (Found::Absent, 2, true, "gone"),
            (Found::Absent, 1, false, "gone, and one fewer is ready"),
            (there(pod("web-1", "p-2", true)), 2, true, "another pod has its name"),
            (there(going), 2, true, "on a node that is silent it never goes"),
            (there(serving), 2, false, "it serves still"),
            (there(pod("web-1", "p-1", false)), 2, false, "it has not been asked to go"),
            (Found::Unreadable("no".to_owned()), 2, false, "nobody knows"),
        ] {
            let mut facts = Facts::at(Duration::ZERO);
            facts.pods.insert(("shop".to_owned(), "web-1".to_owned()), found);
            facts.subject = Some(Found::There(Subject::Workload(workload(2, ready))));
            assert_eq!(has_recovered(&facts, &part), expected, "{why}");
        }
    }
}
