//! Where a remediation stands, what a rule said, and when, in words.

use std::time::Duration;

use jiff::Timestamp;

use crate::age::age;
use crate::remediation::{AttemptResult, Decision, Phase, RemediationStatus, Verdict};

/// Where a remediation stands, and why, in a sentence or two.
pub fn verdict(name: &str, status: &RemediationStatus, now: Timestamp) -> String {
    match status.phase {
        Phase::Pending if status.message.is_empty() => "taken up, nothing decided yet.".to_owned(),
        Phase::Pending => format!("taken up: {}.", status.message),
        Phase::AwaitingApproval => {
            format!("waits for a person: `seaworthy remediations approve {name}`.")
        }
        Phase::Deferred => format!("not healed yet. {}", decision(status, now)),
        Phase::Acting => "being healed: an action is on its way.".to_owned(),
        Phase::Verifying => "an action was taken; whether it helped is being watched.".to_owned(),
        Phase::Succeeded => {
            let helped = status.attempts.iter().rev().find(|attempt| attempt.result == AttemptResult::Helped);
            let ended = ended(status, now);
            match helped.map(|attempt| attempt.action) {
                Some(action) if action.contains() => {
                    format!("over{ended}; {action} had kept pods away until then.")
                }
                Some(action) => format!("healed by {action}{ended}."),
                None => format!("healed{ended}."),
            }
        }
        Phase::Cleared => format!("it went away without our doing{}.", ended(status, now)),
        Phase::Observed => "not healed: its policy only observes.".to_owned(),
        Phase::Denied => format!("not healed. {}", decision(status, now)),
        Phase::Rejected => format!("not healed: {}.", status.message),
        Phase::Escalated => format!("not healed: a person has been told. {}", status.message),
        Phase::Cancelled => format!("given up: {}", status.message),
    }
}

fn decision(status: &RemediationStatus, now: Timestamp) -> String {
    status.decision.as_ref().map_or_else(|| status.message.clone(), |decision| rule(decision, now))
}

pub(super) fn rule(Decision { verdict, rule, reason, until, .. }: &Decision, now: Timestamp) -> String {
    let says = match verdict {
        Verdict::Admit => return format!("The governor admitted it: {reason}."),
        Verdict::Defer => "says not now",
        Verdict::Deny => "says no",
    };
    let next = match until {
        Some(until) if *until > now => format!(" Looked at again {}.", relative(*until, now)),
        // It said the same when it was looked at again, which is not written down each time.
        Some(_) if *verdict == Verdict::Defer => " It is looked at again and again.".to_owned(),
        _ => String::new(),
    };
    format!("The rule {rule} {says}: {}.{next}", reason.trim_end_matches('.'))
}

pub(super) fn ended(status: &RemediationStatus, now: Timestamp) -> String {
    status.ended.map(|ended| format!(" {}", relative(ended, now))).unwrap_or_default()
}

/// `5m12s ago` or `in 30s`.
pub(super) fn relative(time: Timestamp, now: Timestamp) -> String {
    let distance = distance(time, now);
    if time > now { format!("in {distance}") } else { format!("{distance} ago") }
}

pub(super) fn distance(time: Timestamp, now: Timestamp) -> String {
    age(Duration::try_from(now.duration_since(time).abs()).unwrap_or_default())
}
