//! What the alerter is told about a remediation: holds and outcomes.

use std::time::Duration;

use model::hold::{Hold, Outcome, State};
use model::remediation::{Phase, Remediation, RemediationStatus};

use crate::Now;
use crate::governor::rules::CORRELATED_FAILURE;

/// How long after an attempt the next one is taken to follow at once.
const BETWEEN: Duration = Duration::from_secs(10);

/// How the page of the issue is to be held, if at all: while it is being worked on, and for what
/// that may take.
pub(super) fn hold(remediation: &Remediation, now: Now, longest: Duration) -> Option<Hold> {
    let (spec, status) = (&remediation.spec, remediation.status.as_ref()?);
    // Looking alone repairs nothing.
    let last = status.attempts.iter().rfind(|attempt| !attempt.parts.is_empty())?;
    // Between two steps it is still being worked on; what waits for another trouble's end is not.
    let is_between = last.closed.is_none_or(|closed| now.since(closed) < BETWEEN);
    let state = match status.phase {
        Phase::Acting | Phase::Verifying => State::Taken,
        Phase::Pending if is_between => State::Taken,
        Phase::Succeeded => State::Succeeded,
        Phase::Escalated => State::Failed,
        Phase::Pending
        | Phase::AwaitingApproval
        | Phase::Deferred
        | Phase::Cleared
        | Phase::Observed
        | Phase::Denied
        | Phase::Rejected
        | Phase::Cancelled => State::Released,
    };
    let remaining = match state {
        State::Taken => remaining(remediation, status, now).min(longest),
        State::Succeeded => Duration::from_secs(spec.healthy_for_s).max(Duration::from_mins(1)).min(longest),
        State::Failed | State::Released => Duration::ZERO,
    };
    Some(Hold {
        cluster: spec.cluster.clone(),
        lineage: spec.lineage.clone(),
        check: spec.check.clone(),
        remediation: remediation.metadata.name.clone()?,
        state,
        remaining_ms: u64::try_from(remaining.as_millis()).unwrap_or(u64::MAX),
    })
}

/// What the current step may still take.
fn remaining(remediation: &Remediation, status: &RemediationStatus, now: Now) -> Duration {
    let healthy = Duration::from_secs(remediation.spec.healthy_for_s);
    let Some(attempt) = status.attempts.last() else { return healthy };
    let timeout =
        remediation.spec.steps.get(attempt.step as usize).map_or(Duration::ZERO, |step| step.timeout.0);
    let since = attempt.observed.unwrap_or(attempt.intended);
    timeout.saturating_sub(now.since(since)).saturating_add(healthy)
}

/// What a person should know of where it stands, if anything. A wait that is a matter of moments
/// is not told: it says so in the status.
pub(super) fn outcome(remediation: &Remediation) -> Option<Outcome> {
    let (spec, status) = (&remediation.spec, remediation.status.as_ref()?);
    let rule = status.decision.as_ref().map_or("", |decision| decision.rule.as_str());
    let is_telling = match status.phase {
        Phase::Pending | Phase::Acting | Phase::Verifying | Phase::Cleared | Phase::Cancelled => false,
        Phase::Deferred => !PASSING.contains(&rule) && (rule != CORRELATED_FAILURE || is_correlated(status)),
        Phase::AwaitingApproval
        | Phase::Succeeded
        | Phase::Observed
        | Phase::Denied
        | Phase::Rejected
        | Phase::Escalated => true,
    };
    if !is_telling || status.told >= status.transitions {
        return None;
    }
    let name = remediation.metadata.name.clone()?;
    Some(Outcome {
        id: format!("{name}/{}", status.transitions),
        cluster: spec.cluster.clone(),
        lineage: spec.lineage.clone(),
        check: spec.check.clone(),
        remediation: name,
        phase: status.phase.as_str().to_owned(),
        rule: rule.to_owned(),
        message: status.message.clone(),
        at: status.ended.or(status.decision.as_ref().map(|decision| decision.at)).unwrap_or(spec.since),
    })
}

/// Whether a remediation is held because many nodes fail together, and not only until it is known
/// whether they do.
fn is_correlated(status: &RemediationStatus) -> bool {
    status.phase == Phase::Deferred
        && status.decision.as_ref().is_some_and(|decision| {
            decision.rule == CORRELATED_FAILURE && decision.reason.contains("one failure")
        })
}

/// Rules whose waits pass by themselves within moments.
const PASSING: [&str; 5] = ["Fencing", "FreshView", "ConditionStillTrue", "OneIntent", "AttemptCap"];

#[cfg(test)]
mod tests {
    use model::policy::ActionName;
    use model::remediation::Attempt;

    use super::*;
    use crate::machine::tests_support::{attempt, now, open_part, remediation};

    fn state(phase: Phase, attempts: Vec<Attempt>, second: u64) -> Option<State> {
        let mut one = remediation("r-1-1");
        let status = one.status.as_mut().unwrap();
        (status.phase, status.attempts) = (phase, attempts);
        hold(&one, now(second), Duration::from_mins(15)).map(|hold| hold.state)
    }

    #[test]
    fn a_page_is_held_while_something_is_done_and_no_longer() {
        let evicted = Attempt { parts: vec![open_part("web-1", "p-1")], ..attempt() };
        let closed = Attempt { closed: Some(now(60).wall), ..evicted.clone() };
        let looked = Attempt { action: ActionName::CollectEvidence, closed: Some(now(0).wall), ..attempt() };
        for (phase, attempts, second, expected) in [
            (Phase::Pending, vec![], 0, None),
            (Phase::Pending, vec![looked.clone()], 0, None),
            (Phase::Acting, vec![looked, evicted], 1, Some(State::Taken)),
            (Phase::Pending, vec![closed.clone()], 65, Some(State::Taken)),
            // Explained by another trouble, for hours.
            (Phase::Pending, vec![closed.clone()], 3600, Some(State::Released)),
            (Phase::Deferred, vec![closed.clone()], 61, Some(State::Released)),
            (Phase::Escalated, vec![closed], 61, Some(State::Failed)),
        ] {
            assert_eq!(state(phase, attempts, second), expected, "{phase:?} {second}");
        }
    }
}
