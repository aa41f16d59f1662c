//! Alerts as they are kept: normalised, valid, and merged as Alertmanager merges them.

mod ingest;
mod merge;
mod wire;

use std::cmp::Ordering;

use jiff::Timestamp;
use model::labels::{self, LabelSet};
use serde::{Deserialize, Serialize};

pub use ingest::{Defaults, Ingested, Invalid, normalise};
pub use merge::join;
pub use wire::{Batch, Rejected};

/// Prometheus's hash of an alert's labels.
pub type Fingerprint = u64;

/// An alert with all its times filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// Identity; none has an empty value.
    pub labels: LabelSet,
    /// What may change.
    #[serde(default, skip_serializing_if = "LabelSet::is_empty")]
    pub annotations: LabelSet,
    /// Since when.
    pub starts_at: Timestamp,
    /// Until when, unless it is posted again. At or before [`Self::updated_at`]: it is over.
    pub ends_at: Timestamp,
    /// Whether the end was not given but made from the time-out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub timeout: bool,
    /// Where it came from, for a person to follow.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub generator_url: String,
    /// When it was received.
    pub updated_at: Timestamp,
}

impl Alert {
    /// Whether it had ended at `now`.
    pub fn ended(&self, now: Timestamp) -> bool {
        self.ends_at <= now
    }

    /// Whether it was over when it was received: a resolve.
    pub fn is_resolve(&self) -> bool {
        self.ended(self.updated_at)
    }

    /// The hash of its labels.
    pub fn fingerprint(&self) -> Fingerprint {
        labels::fingerprint(&self.labels)
    }

    /// Whether the other says the same, times aside.
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.labels == other.labels
            && self.annotations == other.annotations
            && self.generator_url == other.generator_url
    }
}

/// The order in which alerts stand in messages: by `job` and `instance` where they have them (those
/// that have none come last), then by all labels.
pub fn order(left: &LabelSet, right: &LabelSet) -> Ordering {
    for name in ["job", "instance"] {
        let by_label = match (left.get(name), right.get(name)) {
            (Some(left), Some(right)) => left.cmp(right),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        };
        if by_label.is_ne() {
            return by_label;
        }
    }
    left.cmp(right)
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// A time so many seconds after 2026-01-01.
    pub(crate) fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_767_225_600 + seconds).unwrap()
    }

    pub(crate) fn labels(pairs: &[(&str, &str)]) -> LabelSet {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// An alert that was received at `received`.
    pub(crate) fn alert(pairs: &[(&str, &str)], starts: i64, ends: i64, received: i64) -> Alert {
        Alert {
            labels: labels(pairs),
            annotations: LabelSet::new(),
            starts_at: at(starts),
            ends_at: at(ends),
            timeout: false,
            generator_url: String::new(),
            updated_at: at(received),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::labels;
    use super::*;

    #[test]
    fn messages_are_ordered_by_job_and_instance_first() {
        let mut sets = [
            labels(&[("alertname", "A")]),
            labels(&[("alertname", "Z"), ("job", "a"), ("instance", "2")]),
            labels(&[("alertname", "Y"), ("job", "a"), ("instance", "1")]),
            labels(&[("alertname", "B"), ("job", "a")]),
        ];
        sets.sort_by(order);
        let names: Vec<&str> = sets.iter().map(|set| set["alertname"].as_str()).collect();
        assert_eq!(names, ["Y", "Z", "B", "A"]);
    }
}
