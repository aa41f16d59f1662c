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

/// Whether a remediation is deferred by the same rule as before. Its reason may hold numbers, which
/// change.
fn is_again(before: &Outcome, outcome: &Outcome) -> bool {
    let subject =
        |outcome: &Outcome| (outcome.remediation.clone(), outcome.phase.clone(), outcome.rule.clone());
    outcome.phase == Phase::Deferred.as_str() && subject(before) == subject(outcome)
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

    /// Whether it is known, or says again what the newest one says.
    pub fn knows(&self, outcome: &Outcome) -> bool {
        self.told.get(&issue_of(outcome)).is_some_and(|told| {
            told.values().any(|known| known.id == outcome.id)
                || told.values().next_back().is_some_and(|newest| is_again(newest, outcome))
        })
    }

    /// When the newest word came that people must hear in an episode of `issue` that began at
    /// `began`. A deferral that comes back is none: the healer looks again and again, and what
    /// stood in the way the first time usually still does.
    pub fn news(&self, issue: &IssueRef, began: Timestamp) -> Option<Timestamp> {
        let mut before: Vec<&Outcome> = Vec::new();
        let mut newest = None;
        for (stamp, outcome) in self.of(issue, began).filter(|(_, outcome)| is_telling(outcome)) {
            if !before.iter().any(|known| is_again(known, outcome)) {
                before.push(outcome);
                newest = Some(stamp.receipt);
            }
        }
        newest
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
    fn a_deferral_that_comes_back_is_no_news() {
        let mut outcomes = Outcomes::default();
        let mut news = |at_second: i64, phase: &str, rule: &str| {
            let outcome = outcome(&format!("r/{at_second}"), phase, rule);
            let stamp =
                Stamp { receipt: at(at_second), incarnation: Incarnation(1), sequence: at_second as u64 };
            let known = outcomes.knows(&outcome);
            outcomes.add(stamp, outcome.clone());
            (known, outcomes.news(&issue_of(&outcome), at(0)))
        };
        assert_eq!(news(1, "Deferred", "EvictionFirst"), (false, Some(at(1))));
        assert_eq!(news(2, "Deferred", "EvictionFirst"), (true, Some(at(1))));
        assert_eq!(news(3, "Deferred", "Budget"), (false, Some(at(3))));
        assert_eq!(
            news(4, "Deferred", "EvictionFirst"),
            (false, Some(at(3))),
            "known, but not as the newest"
        );
        assert_eq!(news(5, "AwaitingApproval", ""), (false, Some(at(5))));
        assert_eq!(news(6, "AwaitingApproval", ""), (false, Some(at(6))), "the next step asks anew");
        assert_eq!(news(7, "Escalated", "AttemptCap"), (false, Some(at(7))));
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
