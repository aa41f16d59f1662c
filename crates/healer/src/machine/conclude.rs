//! An attempt's effects are through: did it help, and what is to be taken back.

use std::time::Duration;

use model::alert::VALIDITY;
use model::issue::Resolution;
use model::policy::ActionName;
use model::remediation::{Attempt, AttemptResult, PartState, Phase};

use super::case::Case;
use super::{Command, undo};
use crate::actions::{self, Verify};
use crate::conditions::{self, Truth};
use crate::facts::{Found, Look};
use crate::governor::{Refusal, rules};
use crate::inbox::Standing;
use crate::ledger::outstanding;

/// The monitor says the one thing and the object the other: when to look again.
const DISAGREE: Duration = Duration::from_secs(5);
/// For how long they may differ: a kubelet's status is some ten seconds old at most, and a monitor
/// reads everything anew within minutes.
pub(super) const DISAGREE_MAX: Duration = Duration::from_mins(10);

/// The open attempt has no effect left to send or observe.
pub(super) fn after_acting(case: &Case<'_>) -> Command {
    let Some(attempt) = case.status.open_attempt() else { return Command::Wait(None) };
    if !attempt.happened() {
        return without_effect(case, attempt);
    }
    let needs_no_proof = case.is_undo(attempt) || actions::get(attempt.action).verify == Verify::Nothing;
    if needs_no_proof {
        let detail = if case.is_undo(attempt) { undo::DONE } else { "done" };
        return close(case, happened(attempt), detail, Phase::Pending);
    }
    if case.status.phase != Phase::Verifying {
        let result = happened(attempt);
        let detail = attempt.parts.iter().rfind(|part| part.state.happened()).map(|part| part.detail.clone());
        return case.write(|status| {
            status.phase = Phase::Verifying;
            status.message = format!("{} happened; is it healthy?", attempt.action);
            set_last(status, |last| {
                last.result = result;
                last.observed = Some(case.wall());
                last.detail = detail.unwrap_or_default();
            });
        });
    }
    verify(case, attempt)
}

fn happened(attempt: &Attempt) -> AttemptResult {
    let is_surely_ours =
        attempt.parts.iter().any(|part| matches!(part.state, PartState::Happened | PartState::Settled));
    if is_surely_ours { AttemptResult::Happened } else { AttemptResult::HappenedMaybeNotOurs }
}

/// Nothing came of it: refused, or never landed.
fn without_effect(case: &Case<'_>, attempt: &Attempt) -> Command {
    let refused = attempt.parts.iter().find(|part| part.state == PartState::Refused);
    let detail = refused.or(attempt.parts.last()).map(|part| part.detail.clone()).unwrap_or_default();
    match refused {
        Some(_) => {
            let refusal = refusal_of(case, attempt, &detail);
            let is_over = case.status.phase.is_over();
            case.write(|status| {
                set_last(status, |last| close_attempt(last, AttemptResult::Refused, &detail, case));
                if !is_over {
                    status.phase = Phase::Deferred;
                    status.message = format!("{}: {}", refusal.rule, refusal.reason);
                    status.decision = Some(refusal.decision(case.wall()));
                }
            })
        }
        None => close(case, AttemptResult::NotHappened, &detail, Phase::Pending),
    }
}

/// The rule that holds what the server has refused, and until when the next attempt waits.
fn refusal_of(case: &Case<'_>, attempt: &Attempt, detail: &str) -> Refusal {
    let limits = &case.inputs.world.config.attempts;
    let lineage = &case.remediation.spec.lineage;
    let tried = case.inputs.ledger.tried(lineage, limits.window.0, case.inputs.now).count();
    let until = Some(case.inputs.now.wall_in(rules::back_off(limits, tried.max(1))));
    match attempt.action {
        ActionName::EvictPod | ActionName::DrainNode => {
            let reason = format!("the eviction was refused: {detail}");
            Refusal { rule: rules::EVICTION_FIRST, reason, until }
        }
        action => {
            let reason = format!("the API server refused {action}, the next attempt waits: {detail}");
            Refusal { rule: rules::ATTEMPT_CAP, reason, until }
        }
    }
}

/// The check that found the trouble has the word, for as long as the step gives it.
fn verify(case: &Case<'_>, attempt: &Attempt) -> Command {
    let timeout = case.rung(attempt).map_or(Duration::ZERO, |step| step.timeout.0);
    let passed = attempt.observed.map_or(timeout, |observed| case.inputs.now.since(observed));
    match case.inputs.standing {
        Standing::Ended(Resolution::Healthy, since) => return healthy(case, since),
        Standing::Ended(resolution, _) => {
            let result = attempt.result;
            return case.write(|status| {
                set_last(status, |last| close_attempt(last, result, resolution.as_str(), case));
                status.phase = Phase::Cancelled;
                status.message = format!("the monitor says {}", resolution.as_str());
                status.ended = Some(case.wall());
            });
        }
        Standing::Firing(_) | Standing::Folded(_) | Standing::Silent | Standing::Unheard => {}
    }
    let is_silent = matches!(case.inputs.standing, Standing::Silent | Standing::Unheard);
    // A source that fell silent may come back with the word that it is healthy.
    let patience = if is_silent { Duration::try_from(VALIDITY).unwrap_or_default() } else { Duration::ZERO };
    match timeout.saturating_add(patience).checked_sub(passed).filter(|rest| !rest.is_zero()) {
        Some(rest) => case.wait(rest),
        None if is_silent => {
            close(case, AttemptResult::DidNotHelp, "nobody said that it helped", Phase::Pending)
        }
        None => {
            let detail = format!("not healthy within {}s", timeout.as_secs());
            close(case, AttemptResult::DidNotHelp, &detail, Phase::Pending)
        }
    }
}

/// The monitor says healthy, since the given moment. It counts when that has lasted, and when a
/// live look does not say otherwise; then what is not needed any more is taken back.
pub(super) fn healthy(case: &Case<'_>, since: Duration) -> Command {
    let spec = &case.remediation.spec;
    let has_acted = case.status.attempts.iter().any(Attempt::happened);
    if !has_acted && case.status.open_attempt().is_none() {
        return finish(case);
    }
    let lasted = case.inputs.now.monotonic.saturating_sub(since);
    let needed = Duration::from_secs(spec.healthy_for_s);
    if let Some(rest) = needed.checked_sub(lasted).filter(|rest| !rest.is_zero()) {
        return case.wait(rest);
    }
    let look = || Look { subject: Some(spec.lineage.clone()), ..Look::default() };
    let facts = match case.facts(look) {
        Ok(facts) => facts,
        Err(look) => return look,
    };
    if let Some(Found::Unreadable(why)) = &facts.subject {
        return contradicted(case, lasted, &format!("it cannot be read: {why}"));
    }
    let is_gone = matches!(facts.subject, Some(Found::Absent));
    if !is_gone && conditions::lineage(&spec.check, facts) == Truth::Holds {
        return contradicted(case, lasted, &format!("{} still holds", spec.check));
    }
    if case.status.open_attempt().is_some() && outstanding(&case.status.attempts).is_some() {
        return close(case, AttemptResult::Helped, "healthy again", Phase::Pending);
    }
    undo::take_back(case).unwrap_or_else(|| finish(case))
}

/// The monitor has said for so long that it is healthy, and a live look does not. One of them will
/// change its mind within moments; if neither does, a person is to know.
fn contradicted(case: &Case<'_>, lasted: Duration, why: &str) -> Command {
    let patience = Duration::from_secs(case.remediation.spec.healthy_for_s).saturating_add(DISAGREE_MAX);
    if lasted < patience {
        return case.wait(DISAGREE);
    }
    if case.status.phase.is_over() {
        return undo::later(case, why);
    }
    let wall = case.wall();
    case.write(|status| {
        if status.open_attempt().is_some() {
            set_last(status, |last| close_attempt(last, AttemptResult::DidNotHelp, why, case));
        }
        status.phase = Phase::Escalated;
        status.message = format!("the monitor says that it is healthy, but {why}: a person is needed");
        status.ended = Some(wall);
    })
}

/// It is over, one way or the other.
fn finish(case: &Case<'_>) -> Command {
    if case.status.phase.is_over() {
        return Command::Wait(None);
    }
    let is_verified = case.status.open_attempt().is_some()
        || case.status.attempts.iter().any(|attempt| attempt.result == AttemptResult::Helped);
    let wall = case.wall();
    case.write(|status| {
        if status.open_attempt().is_some() {
            set_last(status, |last| close_attempt(last, AttemptResult::Helped, "healthy again", case));
        }
        status.ended = Some(wall);
        status.decision = None;
        if is_verified {
            let helped = status.attempts.iter().rfind(|attempt| attempt.result == AttemptResult::Helped);
            let what = helped
                .map_or_else(String::new, |attempt| format!("{} on {}", attempt.action, attempt.target));
            status.phase = Phase::Succeeded;
            status.message = format!("healthy after {what}");
        } else {
            status.phase = Phase::Cleared;
            "healthy again without our doing".clone_into(&mut status.message);
        }
    })
}

/// Closes the open attempt. What is over stays over.
fn close(case: &Case<'_>, result: AttemptResult, detail: &str, phase: Phase) -> Command {
    let is_over = case.status.phase.is_over();
    case.write(|status| {
        set_last(status, |last| close_attempt(last, result, detail, case));
        if !is_over {
            status.phase = phase;
            detail.clone_into(&mut status.message);
        } else if detail == undo::DONE && undo::is_told(status) {
            detail.clone_into(&mut status.message);
        }
    })
}

fn close_attempt(attempt: &mut Attempt, result: AttemptResult, detail: &str, case: &Case<'_>) {
    attempt.result = result;
    detail.clone_into(&mut attempt.detail);
    attempt.observed.get_or_insert(case.wall());
    attempt.closed = Some(case.wall());
}

fn set_last(status: &mut model::remediation::RemediationStatus, set: impl FnOnce(&mut Attempt)) {
    if let Some(last) = status.attempts.last_mut() {
        set(last);
    }
}

#[cfg(test)]
mod tests {
    use model::remediation::Part;

    use super::*;
    use crate::governor::tests_support::{Bench, Said};
    use crate::machine::Memory;
    use crate::machine::tests_support::{attempt, open_part, pod};

    #[test]
    fn a_live_look_that_contradicts_the_monitor_for_long_is_for_a_person() {
        for (is_ready, passed, expected) in [
            (false, Duration::ZERO, None),
            (true, Duration::ZERO, Some(Phase::Succeeded)),
            (false, DISAGREE_MAX, Some(Phase::Escalated)),
        ] {
            let mut bench = Bench::new();
            let parts = vec![Part { state: PartState::Happened, ..open_part("web-1", "p-1") }];
            let status = bench.remediation.status.as_mut().unwrap();
            status.attempts = vec![Attempt { parts, result: AttemptResult::Happened, ..attempt() }];
            status.phase = Phase::Verifying;
            bench.said = Said::Healthy(bench.now.monotonic);
            bench.now.monotonic += Duration::from_secs(bench.remediation.spec.healthy_for_s) + passed;
            let mut facts = bench.facts.clone();
            facts.pods.insert(("shop".into(), "web-1".into()), Found::There(pod("web-1", "p-1", is_ready)));
            let phase = match bench.step(&Memory::default(), Some(&facts)) {
                Command::Write(change) => Some(change.status.phase),
                _ => None,
            };
            assert_eq!(phase, expected, "{is_ready} {passed:?}");
        }
    }
}
