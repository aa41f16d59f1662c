//! What came of remediations, and which of it people are told.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use model::hold::Outcome;
use model::remediation::Phase;

use crate::entries::Stamp;
use crate::episodes::IssueRef;

/// As for holds: the healer's word may come before the issue it is about.
const AHEAD_MAX: SignedDuration = SignedDuration::from_secs(60);

/// Phases that need a person: a page that has already left is followed by another message.
const TELLING: [Phase; 5] =
    [Phase::Deferred, Phase::Denied, Phase::Escalated, Phase::AwaitingApproval, Phase::Rejected];

/// All outcomes that are known, once each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    told: BTreeMap<IssueRef, BTreeMap<Stamp, Outcome>>,
}

/// The issue an outcome is about.
pub fn issue_of(outcome: &Outcome) -> IssueRef {
    IssueRef {
        cluster: outcome.cluster.clone(),
        lineage: outcome.lineage.clone(),
        check: outcome.check.clone(),
    }
}

/// Whether people must hear of it even when they know of the issue.
pub fn is_telling(outcome: &Outcome) -> bool {
    TELLING.iter().any(|phase| phase.as_str() == outcome.phase) || outcome.phase == "Failed"
}

/// Whether it is a repair that worked.
pub fn is_success(outcome: &Outcome) -> bool {
    outcome.phase == Phase::Succeeded.as_str()
}

/// An outcome as one sentence: phase, rule, reason.
pub fn sentence(outcome: &Outcome) -> String {
    let rule = if outcome.rule.is_empty() { String::new() } else { format!(" by {}", outcome.rule) };
    let reason = if outcome.message.is_empty() { String::new() } else { format!(": {}", outcome.message) };
    format!("{}{rule}{reason}", outcome.phase)
}

impl Outcomes {
    /// Adds an entry. The healer repeats an outcome until it is accepted; the earliest counts.
    pub fn add(&mut self, stamp: Stamp, outcome: Outcome) {
        let told = self.told.entry(issue_of(&outcome)).or_default();
        let same = told.iter().find(|(_, known)| known.id == outcome.id).map(|(stamp, _)| *stamp);
        match same {
            Some(known) if known <= stamp => {}
            Some(known) => {
                told.remove(&known);
                told.insert(stamp, outcome);
            }
            None => {
                told.insert(stamp, outcome);
            }
        }
    }

    /// Whether it is known.
    pub fn knows(&self, outcome: &Outcome) -> bool {
        self.told
            .get(&issue_of(outcome))
            .is_some_and(|told| told.values().any(|known| known.id == outcome.id))
    }

    /// The outcomes for an episode of `issue` that began at `began` and ended at `ended`, oldest first.
    pub fn of(
        &self,
        issue: &IssueRef,
        began: Timestamp,
    ) -> impl DoubleEndedIterator<Item = (&Stamp, &Outcome)> {
        let earliest = began.saturating_sub(AHEAD_MAX).unwrap_or(began);
        self.told.get(issue).into_iter().flatten().filter(move |(stamp, _)| stamp.receipt >= earliest)
    }

    /// Entries older than `before`.
    pub fn expired(&self, before: Timestamp) -> Vec<Stamp> {
        self.told.values().flat_map(BTreeMap::keys).filter(|stamp| stamp.receipt < before).copied().collect()
    }

    /// Drops an entry.
    pub fn remove(&mut self, stamp: &Stamp) {
        for told in self.told.values_mut() {
            told.remove(stamp);
        }
        self.told.retain(|_, told| !told.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::testing::at;
    use crate::entries::Incarnation;

    fn outcome(id: &str, phase: &str, rule: &str) -> Outcome {
        Outcome {
            id: id.into(),
            cluster: "c".into(),
            lineage: "Node/n".parse().unwrap(),
            check: "X".into(),
            remediation: "r".into(),
            phase: phase.into(),
            rule: rule.into(),
            message: "no room in the budget".into(),
            at: at(0),
        }
    }

    #[test]
    fn each_is_known_once_whatever_the_order() {
        let stamp =
            |receipt| Stamp { receipt: at(receipt), incarnation: Incarnation(1), sequence: receipt as u64 };
        let (mut forth, mut back) = (Outcomes::default(), Outcomes::default());
        let told = [(5, outcome("r/1", "Deferred", "EvictionFirst")), (9, outcome("r/1", "Deferred", ""))];
        for (at, outcome) in &told {
            forth.add(stamp(*at), outcome.clone());
        }
        for (at, outcome) in told.iter().rev() {
            back.add(stamp(*at), outcome.clone());
        }
        assert_eq!(forth, back);
        assert_eq!(forth.of(&issue_of(&told[0].1), at(0)).count(), 1);
    }

    #[test]
    fn a_person_is_told_what_needs_one() {
        for (phase, telling) in [
            ("Deferred", true),
            ("Denied", true),
            ("Escalated", true),
            ("Succeeded", false),
            ("Acting", false),
        ] {
            assert_eq!(is_telling(&outcome("1", phase, "")), telling, "{phase}");
        }
        let text = sentence(&outcome("1", "Deferred", "EvictionFirst"));
        assert_eq!(text, "Deferred by EvictionFirst: no room in the budget");
    }
}
