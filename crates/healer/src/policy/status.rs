//! What is said of a policy in its resource's status: whether it is in use, whether others match
//! the same issues, and whether it could always be told what it is for.

use jiff::Timestamp;
use model::policy::{Condition, HealingPolicy, HealingPolicyStatus};

use super::{Book, Entry, Source};

impl Book {
    /// What to say of a policy in its resource's status, given what it says already: a condition
    /// that does not change keeps its date.
    pub fn status(&self, policy: &HealingPolicy, now: Timestamp) -> Option<HealingPolicyStatus> {
        let name = policy.metadata.name.as_deref()?;
        let is_it = |entry: &&Entry| entry.name == name && matches!(entry.source, Source::Resource(_));
        let entry = self.entries.iter().find(is_it)?;
        let before = policy.status.as_ref().map_or(&[][..], |status| &status.conditions[..]);
        let conditions = [accepted(entry), self.unambiguous(entry), self.decidable(entry)]
            .map(|condition| dated(condition, before, now));
        Some(HealingPolicyStatus { observed_generation: entry.generation, conditions: conditions.to_vec() })
    }

    pub(super) fn unambiguous(&self, entry: &Entry) -> Condition {
        let with: Vec<String> = self
            .overlaps
            .iter()
            .filter_map(|((used, unused), example)| {
                if *used == entry.name {
                    Some(format!("{unused} matches {example} too, and this policy is used"))
                } else if *unused == entry.name {
                    Some(format!(
                        "{used} matches {example} too, and is used instead: it is more cautious, or older"
                    ))
                } else {
                    None
                }
            })
            .collect();
        if with.is_empty() {
            return condition(
                "Unambiguous",
                true,
                "NoOverlap",
                "no other policy was seen to match the same issues",
            );
        }
        let message = format!("{}; narrow one of them", with.join("; "));
        condition("Unambiguous", false, "Overlap", &message)
    }

    pub(super) fn decidable(&self, entry: &Entry) -> Condition {
        match self.undecided.get(&entry.name) {
            None => {
                condition("Decidable", true, "AllKnown", "whether it is for an issue could always be told")
            }
            Some((issue, what)) => {
                let message = format!(
                    "whether it is for {issue} could not be told, so nothing is done about that: {what} are not known"
                );
                condition("Decidable", false, "LabelsUnknown", &message)
            }
        }
    }
}

pub(super) fn accepted(entry: &Entry) -> Condition {
    if entry.refusals.is_empty() {
        return condition("Accepted", true, "Valid", "in use");
    }
    let reasons: Vec<String> = entry.refusals.iter().map(ToString::to_string).collect();
    condition("Accepted", false, "EmptyMeansNothing", &format!("matches nothing: {}", reasons.join("; ")))
}

fn condition(kind: &str, holds: bool, reason: &str, message: &str) -> Condition {
    Condition {
        kind: kind.to_owned(),
        status: if holds { "True" } else { "False" }.to_owned(),
        reason: reason.to_owned(),
        message: message.to_owned(),
        last_transition_time: None,
    }
}

fn dated(condition: Condition, before: &[Condition], now: Timestamp) -> Condition {
    let same = before.iter().find(|old| old.kind == condition.kind && old.status == condition.status);
    let since = same.and_then(|old| old.last_transition_time).unwrap_or(now);
    Condition { last_transition_time: Some(since), ..condition }
}
