//! Heal, then page: pages that wait while the healer works on an issue. The alerter judges holds
//! itself; each ends by itself, whatever becomes of the healer.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use model::hold::{Hold, State};

use super::episodes::IssueRef;
use crate::entries::Stamp;

/// A hold may reach us this much earlier than the issue it is for: monitor and healer do not wait
/// for each other.
const AHEAD_MAX: SignedDuration = SignedDuration::from_secs(60);

/// Two deadlines closer than this are the same one, told again.
const SAME_DEADLINE: SignedDuration = SignedDuration::from_secs(2);

/// How long pages may be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// For one episode in all.
    pub cap: SignedDuration,
    /// After a success, for the resolve to arrive.
    pub grace: SignedDuration,
    /// Without a sign of life from the healer.
    pub silence: SignedDuration,
}

/// All holds that are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holds {
    told: BTreeMap<IssueRef, BTreeMap<Stamp, Hold>>,
    /// When a hold was last repeated unchanged. Not journaled: a sign of life is no fact.
    signs: BTreeMap<IssueRef, Timestamp>,
}

/// A hold in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// When it is over at the latest.
    pub until: Timestamp,
    /// The remediation.
    pub remediation: String,
    /// Whether the repair was verified and only the resolve is waited for.
    pub succeeded: bool,
}

/// The issue a hold is for.
pub fn issue_of(hold: &Hold) -> IssueRef {
    IssueRef { cluster: hold.cluster.clone(), lineage: hold.lineage.clone(), check: hold.check.clone() }
}

impl Holds {
    /// Adds an entry.
    pub fn add(&mut self, stamp: Stamp, hold: Hold) {
        self.told.entry(issue_of(&hold)).or_default().insert(stamp, hold);
    }

    /// Drops entries older than `before`.
    pub fn expired(&self, before: Timestamp) -> Vec<Stamp> {
        self.told.values().flat_map(BTreeMap::keys).filter(|stamp| stamp.receipt < before).copied().collect()
    }

    /// Drops an entry.
    pub fn remove(&mut self, stamp: &Stamp) {
        for told in self.told.values_mut() {
            told.remove(stamp);
        }
        self.told.retain(|_, told| !told.is_empty());
        let told = &self.told;
        self.signs.retain(|issue, _| told.contains_key(issue));
    }

    /// Whether `hold`, received at `now`, says something new and must be journaled. If not, it is
    /// a sign of life, which is noted by [`Self::sign`].
    pub fn is_news(&self, hold: &Hold, now: Timestamp) -> bool {
        let told = self.told.get(&issue_of(hold)).and_then(BTreeMap::last_key_value);
        told.is_none_or(|(stamp, known)| {
            let later = deadline(now, hold).duration_since(deadline(stamp.receipt, known));
            known.remediation != hold.remediation || known.state != hold.state || later > SAME_DEADLINE
        })
    }

    /// Notes that the healer is alive.
    pub fn sign(&mut self, hold: &Hold, now: Timestamp) {
        self.signs.insert(issue_of(hold), now);
    }

    /// The hold in force for an episode of `issue` that began at `began`. `since` is when this
    /// process began to listen: silence before that is not the healer's. After the clock was set
    /// back, none is: a page too many is better than one that waits for hours.
    pub fn in_force(
        &self,
        issue: &IssueRef,
        began: Timestamp,
        rules: Rules,
        since: Timestamp,
        now: Timestamp,
    ) -> Option<InForce> {
        let earliest = began.saturating_sub(AHEAD_MAX).unwrap_or(began);
        let told: Vec<(&Stamp, &Hold)> =
            self.told.get(issue)?.iter().filter(|(stamp, _)| stamp.receipt >= earliest).collect();
        let ((first, _), (latest, hold)) = (told.first()?, told.last()?);
        if latest.is_ahead_of(now) {
            return None;
        }
        let until = match hold.state {
            State::Failed | State::Released => return None,
            State::Taken => {
                let heard = self.signs.get(issue).copied().unwrap_or(latest.receipt);
                let heard = heard.max(latest.receipt).max(since);
                deadline(latest.receipt, hold).min(later(heard, rules.silence))
            }
            State::Succeeded => {
                let same = told.iter().filter(|(_, other)| other.remediation == hold.remediation);
                let promised = same.map(|(stamp, hold)| deadline(stamp.receipt, hold)).max();
                promised.unwrap_or(latest.receipt).min(later(latest.receipt, rules.grace))
            }
        };
        let until = until.min(later(first.receipt, rules.cap));
        (until > now).then(|| InForce {
            until,
            remediation: hold.remediation.clone(),
            succeeded: hold.state == State::Succeeded,
        })
    }

    /// Whether the healer took up the episode that began at `began`.
    pub fn was_taken(&self, issue: &IssueRef, began: Timestamp) -> bool {
        let earliest = began.saturating_sub(AHEAD_MAX).unwrap_or(began);
        self.told.get(issue).is_some_and(|told| told.keys().any(|stamp| stamp.receipt >= earliest))
    }
}

fn deadline(receipt: Timestamp, hold: &Hold) -> Timestamp {
    let remaining = SignedDuration::try_from(Duration::from_millis(hold.remaining_ms));
    later(receipt, remaining.unwrap_or(SignedDuration::MAX))
}

fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.saturating_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::alerts::testing::at;
    use crate::entries::Incarnation;

    const RULES: Rules = Rules {
        cap: SignedDuration::from_secs(600),
        grace: SignedDuration::from_secs(60),
        silence: SignedDuration::from_secs(90),
    };

    fn hold(state: State, remaining: u64) -> Hold {
        Hold {
            cluster: "c".into(),
            lineage: "Node/n".parse().unwrap(),
            check: "X".into(),
            remediation: "r".into(),
            state,
            remaining_ms: remaining * 1000,
        }
    }

    fn holds(told: &[(i64, State, u64)]) -> Holds {
        let mut holds = Holds::default();
        for (sequence, (receipt, state, remaining)) in told.iter().enumerate() {
            let sequence = sequence as u64;
            let stamp = Stamp { receipt: at(*receipt), incarnation: Incarnation(1), sequence };
            holds.add(stamp, hold(*state, *remaining));
        }
        holds
    }

    fn until(told: &[(i64, State, u64)], signs: &[i64], now: i64) -> Option<i64> {
        let mut holds = holds(told);
        for sign in signs {
            holds.sign(&hold(State::Taken, 1), at(*sign));
        }
        let issue = issue_of(&hold(State::Taken, 0));
        let in_force = holds.in_force(&issue, at(0), RULES, at(0), at(now))?;
        Some(in_force.until.duration_since(at(0)).as_secs())
    }

    #[test]
    fn each_way_a_hold_ends() {
        use State::{Failed, Released, Succeeded, Taken};
        for (what, told, signs, now, expected) in [
            ("its deadline", vec![(0, Taken, 60)], vec![], 1, Some(60)),
            ("its deadline has come", vec![(0, Taken, 60)], vec![], 60, None),
            ("the healer's silence", vec![(0, Taken, 300)], vec![], 1, Some(90)),
            ("a sign of life", vec![(0, Taken, 300)], vec![80], 85, Some(170)),
            ("failure", vec![(0, Taken, 60), (10, Failed, 50)], vec![], 11, None),
            ("given back", vec![(0, Taken, 60), (10, Released, 50)], vec![], 11, None),
            ("grace after success", vec![(0, Taken, 300), (10, Succeeded, 290)], vec![], 11, Some(70)),
            ("success within the deadline", vec![(0, Taken, 30), (10, Succeeded, 0)], vec![], 11, Some(30)),
            ("taken up again", vec![(0, Failed, 0), (10, Taken, 50)], vec![], 11, Some(60)),
            ("the cap", vec![(0, Taken, 500), (500, Taken, 500)], vec![590], 591, Some(600)),
            ("a hold just ahead of its issue", vec![(-30, Taken, 90)], vec![], 1, Some(60)),
            ("a hold of an episode before", vec![(-100, Taken, 500)], vec![], 1, None),
        ] {
            assert_eq!(until(&told, &signs, now), expected, "{what}");
        }
    }

    #[test]
    fn a_repetition_is_no_news() {
        let holds = holds(&[(0, State::Taken, 60)]);
        for (what, hold, news) in [
            ("the same deadline", hold(State::Taken, 50), false),
            ("a later deadline", hold(State::Taken, 90), true),
            ("another state", hold(State::Succeeded, 50), true),
            ("another remediation", Hold { remediation: "s".into(), ..hold(State::Taken, 50) }, true),
        ] {
            assert_eq!(holds.is_news(&hold, at(10)), news, "{what}");
        }
    }

    proptest! {
        #[test]
        fn no_hold_outlasts_the_cap(
            told in prop::collection::vec((0..5000_i64, 0..4_usize, 0..100_000_u64), 1..20),
            now in 0..20_000_i64,
        ) {
            let states = [State::Taken, State::Succeeded, State::Failed, State::Released];
            let told: Vec<_> = told.into_iter().map(|(at, state, left)| (at, states[state], left)).collect();
            let first = told.iter().map(|(receipt, ..)| *receipt).min().unwrap();
            if let Some(until) = until(&told, &[now], now) {
                prop_assert!(until <= first + 600);
            }
        }
    }
}
