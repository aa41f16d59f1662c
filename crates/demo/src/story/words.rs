//! What happened, in plain words: to one, and to several at once.

use model::policy::ActionName;
use model::remediation::{Approval, ApprovalVerdict, Attempt, AttemptResult, Phase, RemediationStatus};

use super::Kind;
use super::repairs::Repair;
use super::troubles::Turn;

/// What is to be told: to one, to several, and what makes it the same.
pub(super) struct Told {
    pub(super) kind: Kind,
    /// What says the same is of one group: the check or the rule.
    pub(super) group: String,
    pub(super) words: String,
    pub(super) many: String,
}

impl Told {
    /// What is told of several as it is of one.
    pub(super) fn alike(kind: Kind, group: &str, words: String) -> Self {
        Self { kind, group: group.to_owned(), many: words.clone(), words }
    }
}

/// What the monitor says of a trouble.
pub(super) fn trouble(turn: &Turn<'_>) -> Told {
    let (Turn::Found(trouble) | Turn::Explained(trouble) | Turn::Ended(trouble)) = turn;
    let (issue, code) = (&trouble.issue, &trouble.issue.code);
    match (turn, &issue.cause) {
        (Turn::Ended(_), _) => {
            let resolution = trouble.ended.map_or("", |(_, how)| how.as_str());
            Told::alike(Kind::Over, code, format!("{code} is over ({resolution})"))
        }
        (_, Some(cause)) => {
            let whose = short(&cause.lineage.to_string());
            let words = format!("{code}, a symptom of {} on {whose}", cause.code);
            let many = format!("{code}, symptoms of {}", cause.code);
            Told { many, ..Told::alike(Kind::Folded, code, words) }
        }
        (_, None) => Told::alike(Kind::Found, code, format!("{code}: {}", unnamed(&issue.summary))),
    }
}

/// A lineage as people say it: a node by its name, what is namespaced by namespace and name.
pub(crate) fn short(lineage: &str) -> String {
    lineage.split_once('/').map_or(lineage, |(_, rest)| rest).to_owned()
}

/// Names in a few words: `b-01, b-02 and 8 more`.
pub(super) fn names(names: &[String]) -> String {
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.sort_unstable();
    match &names[..] {
        [first, second, _, ..] => format!("{first}, {second} and {} more", names.len() - 2),
        few => few.join(", "),
    }
}

/// A summary without whose it is, which is said already.
fn unnamed(summary: &str) -> &str {
    summary.split_once(": ").map_or(summary, |(_, rest)| rest)
}

/// Whether it is known to have happened: what was only meant is no news. Looking has no effects.
pub(super) fn is_done(attempt: &Attempt) -> bool {
    attempt.happened() || (attempt.parts.is_empty() && attempt.result != AttemptResult::Open)
}

/// What was done.
pub(super) fn done(attempt: &Attempt) -> Told {
    let name = &attempt.target.name;
    let (one, many) = match attempt.action {
        ActionName::CollectEvidence => {
            (format!("collects evidence of {name}, before anything is changed"), "collects evidence of them")
        }
        ActionName::EvictPod => (format!("evicts pod {name}"), "evicts a pod of each"),
        ActionName::RolloutRestart => (format!("restarts {name}, as its strategy has it"), "restarts them"),
        ActionName::QuarantineNode => {
            (format!("quarantines {name}: no new pods"), "quarantines them: no new pods")
        }
        ActionName::DrainNode => (format!("drains {name}"), "drains them"),
        ActionName::ReleaseNode => {
            (format!("releases {name}: pods may come"), "releases them: pods may come")
        }
    };
    Told { kind: Kind::Did, group: attempt.action.to_string(), words: one, many: many.to_owned() }
}

/// What a person said.
pub(super) fn answered(Approval { by, verdict, .. }: &Approval) -> Told {
    let words = match verdict {
        ApprovalVerdict::Approved => format!("{by} allows it"),
        ApprovalVerdict::Rejected => format!("{by} forbids it"),
    };
    Told::alike(Kind::Answered, by, words)
}

/// What a remediation's new phase is told with.
pub(super) fn turned(repair: &Repair, status: &RemediationStatus) -> Option<(Kind, String)> {
    let spec = &repair.remediation.spec;
    let plan = || {
        // What only looks needs nobody's leave.
        let actions = spec.steps.iter().map(|step| step.action);
        let names = actions.filter(|action| *action != ActionName::CollectEvidence);
        names.map(ActionName::as_str).collect::<Vec<_>>().join(", then ")
    };
    match status.phase {
        Phase::AwaitingApproval => {
            Some((Kind::Asked, format!("policy {} asks first: may it {}?", spec.policy, plan())))
        }
        Phase::Observed => {
            let words =
                format!("policy {} only observes: {} is written down, and not done", spec.policy, plan());
            Some((Kind::Observed, words))
        }
        Phase::Succeeded => {
            let helped = status.attempts.iter().rev().find(|attempt| attempt.result == AttemptResult::Helped);
            let (check, well) = (&spec.check, spec.healthy_for_s);
            Some(match helped.map(|attempt| attempt.action) {
                Some(action) if action.contains() => (
                    Kind::Over,
                    format!("{check} is over; {action} kept pods away until it was well for {well} s"),
                ),
                Some(action) => {
                    (Kind::Healed, format!("{check} is healed after {action}, and stayed so for {well} s"))
                }
                None => (Kind::Healed, format!("{check} is healed, and stayed so for {well} s")),
            })
        }
        Phase::Escalated => Some((Kind::GaveUp, format!("stops trying: {}", status.message))),
        Phase::Rejected => Some((Kind::GaveUp, format!("not approved: {}", status.message))),
        Phase::Cancelled => Some((Kind::Over, format!("given up: {}", status.message))),
        Phase::Pending
        | Phase::Deferred
        | Phase::Denied
        | Phase::Acting
        | Phase::Verifying
        | Phase::Cleared => None,
    }
}
