//! What is looked at first when several remediations are due: the gravest, then the widest, then
//! the oldest, so that a flood of small troubles does not starve one that matters.

use std::cmp::Reverse;
use std::time::Duration;

use jiff::Timestamp;
use model::Severity;

/// The rank of one remediation; smaller goes first. Its name decides between equals, so that the
/// order is the same in every run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    severity: Reverse<Severity>,
    members: Reverse<usize>,
    since: Timestamp,
    name: String,
}

impl Rank {
    /// The rank of a trouble that has lasted `since` and shows on so many `members`.
    pub fn new(severity: Severity, members: usize, since: Timestamp, name: &str) -> Self {
        Self { severity: Reverse(severity), members: Reverse(members), since, name: name.to_owned() }
    }

    /// Whose rank it is.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Those that are due, the first one first.
pub fn due(mut ranked: Vec<(Rank, Option<Duration>)>, now: Duration) -> Vec<String> {
    ranked.retain(|(_, at)| at.is_some_and(|at| at <= now));
    ranked.sort();
    ranked.into_iter().map(|(rank, _)| rank.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rank(severity: Severity, members: usize, second: i64, name: &str) -> (Rank, Option<Duration>) {
        let since = Timestamp::from_second(second).unwrap();
        (Rank::new(severity, members, since, name), Some(Duration::ZERO))
    }

    #[test]
    fn severity_then_reach_then_age_then_name() {
        let later = (rank(Severity::Critical, 99, 0, "later").0, Some(Duration::from_secs(9)));
        let never = (rank(Severity::Critical, 99, 0, "never").0, None);
        let ranked = vec![
            rank(Severity::Warning, 9, 0, "small"),
            rank(Severity::Critical, 1, 5, "young"),
            later,
            rank(Severity::Critical, 1, 4, "b"),
            rank(Severity::Critical, 1, 4, "a"),
            rank(Severity::Critical, 7, 9, "wide"),
            never,
        ];
        assert_eq!(due(ranked, Duration::from_secs(1)), ["wide", "a", "b", "young", "small"]);
    }
}
