//! What makes alerts one episode.

use std::fmt;
use std::str::FromStr;

use model::Lineage;
use model::labels::{self, LabelSet};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The key of an episode: the identity labels of an issue of ours, or all labels of a foreign
/// alert. Written `issue-` or `alert-` and sixteen hexadecimal digits.
///
/// The two kinds never meet, so that a foreign alert that wears our labels can neither resolve nor
/// relabel an issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EpisodeKey {
    issue: bool,
    hash: u64,
}

impl EpisodeKey {
    /// The key of an issue: what stays the same while severity, node or team change.
    pub fn of_issue(labels: &LabelSet) -> Self {
        let identity: LabelSet = labels
            .iter()
            .filter(|(name, _)| labels::IDENTITY.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        Self { issue: true, hash: labels::fingerprint(&identity) }
    }

    /// The key of anybody else's alert: its fingerprint.
    pub fn of_foreign(labels: &LabelSet) -> Self {
        Self { issue: false, hash: labels::fingerprint(labels) }
    }

    /// Whether it is an issue of ours.
    pub const fn is_issue(self) -> bool {
        self.issue
    }
}

impl fmt::Display for EpisodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:016x}", if self.issue { "issue" } else { "alert" }, self.hash)
    }
}

/// A text that is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the key of an episode: it looks like issue-00000000000000ff")]
pub struct NotAKey(String);

impl FromStr for EpisodeKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let (issue, digits) = match text.split_once('-') {
            Some(("issue", digits)) => (true, digits),
            Some(("alert", digits)) => (false, digits),
            _ => return Err(NotAKey(text.to_owned())),
        };
        let hash = if digits.len() == 16 { u64::from_str_radix(digits, 16).ok() } else { None };
        hash.map(|hash| Self { issue, hash }).ok_or_else(|| NotAKey(text.to_owned()))
    }
}

impl Serialize for EpisodeKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EpisodeKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// An issue as holds, outcomes and causes name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IssueRef {
    /// The cluster.
    pub cluster: String,
    /// Whose trouble.
    pub lineage: Lineage,
    /// Which check.
    pub check: String,
}

impl IssueRef {
    /// Reads it from an issue's labels; `None` where they are not all there.
    pub fn of(set: &LabelSet) -> Option<Self> {
        Some(Self {
            cluster: set.get(labels::CLUSTER)?.clone(),
            lineage: set.get(labels::LINEAGE)?.parse().ok()?,
            check: set.get(labels::CHECK)?.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::testing::labels;

    #[test]
    fn routing_labels_are_no_identity_for_issues_only() {
        let calm = labels(&[("alertname", "X"), ("lineage", "Node/n"), ("severity", "warning")]);
        let grave = labels(&[("alertname", "X"), ("lineage", "Node/n"), ("severity", "critical")]);
        assert_eq!(EpisodeKey::of_issue(&calm), EpisodeKey::of_issue(&grave));
        assert_ne!(EpisodeKey::of_foreign(&calm), EpisodeKey::of_foreign(&grave));
    }

    #[test]
    fn a_foreign_alert_never_has_the_key_of_an_issue() {
        let only_identity = labels(&[("alertname", "X"), ("lineage", "Node/n")]);
        assert_ne!(EpisodeKey::of_issue(&only_identity), EpisodeKey::of_foreign(&only_identity));
    }

    #[test]
    fn a_key_survives_its_text() {
        let key = EpisodeKey::of_foreign(&labels(&[("a", "b")]));
        assert_eq!(key.to_string().parse(), Ok(key));
        for text in ["", "issue-", "issue-12", "other-00000000000000ff", "alert-00000000000000fg"] {
            assert!(text.parse::<EpisodeKey>().is_err(), "{text}");
        }
    }
}
