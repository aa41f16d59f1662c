//! What came of remediations, and which of it people are told.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use model::hold::{CORRELATED_FAILURE, Outcome};
use model::remediation::Phase;

use super::episodes::IssueRef;
use crate::entries::Stamp;

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
    let is_aside = outcome.phase == Phase::Deferred.as_str() && outcome.rule == CORRELATED_FAILURE;
    let is_for_people =
        TELLING.iter().any(|phase| phase.as_str() == outcome.phase) || outcome.phase == "Failed";
    is_for_people && !is_aside
}

/// Whether a remediation stands where it stood before: deferred by the same rule, or asking for the
/// same approval. A deferral's reason may hold numbers, which change; an approval's says which plan
/// is asked for, and whether one was given and has expired.
fn is_again(before: &Outcome, outcome: &Outcome) -> bool {
    let subject = |outcome: &Outcome| {
        let asks = outcome.phase == Phase::AwaitingApproval.as_str();
        let question = if asks { outcome.message.clone() } else { String::new() };
        (outcome.remediation.clone(), outcome.phase.clone(), outcome.rule.clone(), question)
    };
    is_wait(outcome) && subject(before) == subject(outcome)
}

/// Whether the remediation goes on.
fn is_wait(outcome: &Outcome) -> bool {
    [Phase::Deferred, Phase::AwaitingApproval].iter().any(|wait| wait.as_str() == outcome.phase)
}

/// Whether it is a repair that worked.
pub fn is_success(outcome: &Outcome) -> bool {
    outcome.phase == Phase::Succeeded.as_str()
}

/// An outcome as one sentence: phase, rule, reason.
pub fn sentence(outcome: &Outcome) -> String {
    let rule = if outcome.rule.is_empty() { String::new() } else { format!(" by {}", outcome.rule) };
    // The healer's reason begins with the rule that gives it, which is said already.
    let reason = outcome.message.strip_prefix(&outcome.rule).and_then(|rest| rest.strip_prefix(": "));
    let reason = reason.filter(|_| !outcome.rule.is_empty()).unwrap_or(&outcome.message);
    let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
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

    /// When the word that people must hear in an episode of `issue` that began at `began` first came:
    /// the newest one, for it is what they would be told. A deferral or a question that comes back is
    /// as old as it was the first time: the healer looks again and again, and what stood in the way
    /// then usually still does, whatever else stood there for a moment. But that a repair has ended is
    /// told whatever comes after it: a word that was long on its way, or another repair's.
    pub fn news(&self, issue: &IssueRef, began: Timestamp) -> Option<Timestamp> {
        let telling = || self.of(issue, began).filter(|(_, outcome)| is_telling(outcome));
        let (newest_stamp, newest) = telling().next_back()?;
        let first = telling().find(|(_, outcome)| is_again(outcome, newest));
        let end = telling().rfind(|(_, outcome)| !is_wait(outcome));
        let first = first.map_or(newest_stamp, |(stamp, _)| stamp).receipt;
        Some(end.map_or(first, |(stamp, _)| stamp.receipt.max(first)))
    }

    /// The outcomes for an episode of `issue` that began at `began`, oldest first.
    pub fn of(
        &self,
        issue: &IssueRef,
        began: Timestamp,
    ) -> impl DoubleEndedIterator<Item = (&Stamp, &Outcome)> {
        let earliest = began.saturating_sub(AHEAD_MAX).unwrap_or(began);
        self.told.get(issue).into_iter().flatten().filter(move |(stamp, _)| stamp.receipt >= earliest)
    }

    /// Entries older than `before`, and repetitions: where a remediation goes back and forth between two
    /// rules for days, the first word of each counts, and the newest of all.
    pub fn expired(&self, before: Timestamp) -> Vec<Stamp> {
        let mut gone = Vec::new();
        for told in self.told.values() {
            let newest = told.keys().next_back();
            let mut said: Vec<&Outcome> = Vec::new();
            for (stamp, outcome) in told {
                let repeats = said.iter().any(|earlier| is_again(earlier, outcome));
                if stamp.receipt < before || (repeats && newest != Some(stamp)) {
                    gone.push(*stamp);
                } else {
                    said.push(outcome);
                }
            }
        }
        gone
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

    fn stamp(receipt: i64) -> Stamp {
        Stamp { receipt: at(receipt), incarnation: Incarnation(1), sequence: receipt as u64 }
    }

    #[test]
    fn each_is_known_once_whatever_the_order() {
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
            let known = outcomes.knows(&outcome);
            outcomes.add(stamp(at_second), outcome.clone());
            (known, outcomes.news(&issue_of(&outcome), at(0)))
        };
        assert_eq!(news(1, "Deferred", "EvictionFirst"), (false, Some(at(1))));
        assert_eq!(news(2, "Deferred", "EvictionFirst"), (true, Some(at(1))));
        assert_eq!(news(3, "Deferred", "Budget"), (false, Some(at(3))));
        assert_eq!(
            news(4, "Deferred", "EvictionFirst"),
            (false, Some(at(1))),
            "known, but not as the newest, and as old as when it was first said"
        );
        assert_eq!(news(5, "AwaitingApproval", ""), (false, Some(at(5))));
        assert_eq!(news(6, "Deferred", "EmptyMeansNothing"), (false, Some(at(6))));
        assert_eq!(news(7, "AwaitingApproval", ""), (false, Some(at(5))), "the same question");
        assert_eq!(news(8, "Escalated", "AttemptCap"), (false, Some(at(8))));
        assert_eq!(news(9, "Deferred", "Budget"), (false, Some(at(8))), "it was long on its way");
    }

    #[test]
    fn a_question_that_is_another_one_is_news() {
        let mut outcomes = Outcomes::default();
        for (at_second, message, expected) in [
            (1, "waits for the approval of plan a", 1),
            (2, "the approval by ada of plan a has expired", 2),
            (3, "waits for the approval of plan a", 1),
            (4, "waits for the approval of plan b", 4),
        ] {
            let id = format!("r/{at_second}");
            let outcome =
                Outcome { message: message.into(), ..outcome(&id, "AwaitingApproval", "ObserveByDefault") };
            outcomes.add(stamp(at_second), outcome.clone());
            assert_eq!(outcomes.news(&issue_of(&outcome), at(0)), Some(at(expected)), "{message}");
        }
    }

    #[test]
    fn what_goes_back_and_forth_does_not_fill_the_journal() {
        let mut outcomes = Outcomes::default();
        for second in 1..=100 {
            let rule = ["Budget", "SmallPool"][second as usize % 2];
            outcomes.add(stamp(second), outcome(&format!("r/{second}"), "Deferred", rule));
        }
        let before = outcomes.clone();
        for stamp in outcomes.expired(at(0)) {
            outcomes.remove(&stamp);
        }
        let issue = issue_of(&outcome("", "", ""));
        let kept: Vec<i64> = outcomes
            .of(&issue, at(0))
            .map(|(stamp, _)| stamp.receipt.duration_since(at(0)).as_secs())
            .collect();
        assert_eq!(kept, [1, 2, 100]);
        assert_eq!(outcomes.news(&issue, at(0)), before.news(&issue, at(0)), "nobody is told anew");
        assert_eq!(outcomes.expired(at(50)).len(), 2, "what is old goes all the same");
    }

    #[test]
    fn a_person_is_told_what_needs_one() {
        for (phase, rule, telling) in [
            ("Deferred", "Budget", true),
            ("Deferred", CORRELATED_FAILURE, false),
            ("Denied", "", true),
            ("Escalated", "", true),
            ("Succeeded", "", false),
            ("Acting", "", false),
        ] {
            assert_eq!(is_telling(&outcome("1", phase, rule)), telling, "{phase} {rule}");
        }
        let text = sentence(&outcome("1", "Deferred", "EvictionFirst"));
        assert_eq!(text, "Deferred by EvictionFirst: no room in the budget");
        let mut named = outcome("1", "Deferred", "EvictionFirst");
        named.message = format!("EvictionFirst: {}", named.message);
        assert_eq!(sentence(&named), text, "the rule is named once");
    }
}
