//! What a message says, before any receiver gives it a form.

use jiff::Timestamp;
use model::labels::LabelSet;
use serde::Serialize;

/// A message about a group of alerts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// The receiver's name.
    pub receiver: String,
    /// `firing` if any of its alerts does, else `resolved`.
    pub status: Status,
    /// Its alerts, in order.
    pub alerts: Vec<MessageAlert>,
    /// The labels they are grouped by.
    pub group_labels: LabelSet,
    /// The labels that all of them have.
    pub common_labels: LabelSet,
    /// The annotations that all of them have.
    pub common_annotations: LabelSet,
    /// Where people reach us.
    pub external_url: String,
    /// What the group is known by.
    pub group_key: String,
    /// Why it is sent.
    pub reason: String,
    /// When it was put together.
    pub at: Timestamp,
    /// What tells this message from others to the same receiver.
    pub id: String,
}

/// Whether there is trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// There is.
    Firing,
    /// It is over.
    Resolved,
}

impl Status {
    /// The text used in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        }
    }
}

/// An alert in a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageAlert {
    /// Whether it fires.
    pub status: Status,
    /// Its labels.
    pub labels: LabelSet,
    /// Its annotations; also what the healer did about it.
    pub annotations: LabelSet,
    /// Since when.
    pub starts_at: Timestamp,
    /// Until when; year 1 while it fires, as Alertmanager writes it.
    pub ends_at: Timestamp,
    /// Where it came from.
    #[serde(rename = "generatorURL")]
    pub generator_url: String,
    /// The hash of its labels, in hexadecimal.
    pub fingerprint: String,
}

/// The first moment of year 1: how Go writes a time that is not there.
pub const NO_TIME: Timestamp = Timestamp::constant(-62_135_596_800, 0);

/// The labels (or annotations) that all sets have with the same value.
pub fn common<'a>(mut sets: impl Iterator<Item = &'a LabelSet>) -> LabelSet {
    let mut common = sets.next().cloned().unwrap_or_default();
    for set in sets {
        common.retain(|name, value| set.get(name) == Some(value));
    }
    common
}

impl Notification {
    /// How many of its alerts have this status.
    pub fn count(&self, status: Status) -> usize {
        self.alerts.iter().filter(|alert| alert.status == status).count()
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use crate::alerts::testing::{at, labels};

    pub(crate) fn alert(
        status: Status,
        pairs: &[(&str, &str)],
        annotations: &[(&str, &str)],
    ) -> MessageAlert {
        let set = labels(pairs);
        MessageAlert {
            status,
            fingerprint: model::labels::fingerprint_text(&set),
            labels: set,
            annotations: labels(annotations),
            starts_at: at(0),
            ends_at: if status == Status::Firing { NO_TIME } else { at(60) },
            generator_url: "http://prometheus/graph".into(),
        }
    }

    /// A message of two alerts that fire and one that is over.
    pub(crate) fn notification() -> Notification {
        let alerts = vec![
            alert(
                Status::Firing,
                &[("alertname", "Down"), ("job", "a"), ("severity", "critical")],
                &[("summary", "a is down")],
            ),
            alert(
                Status::Firing,
                &[("alertname", "Down"), ("job", "<b>"), ("severity", "critical")],
                &[("summary", "b is <down>")],
            ),
            alert(
                Status::Resolved,
                &[("alertname", "Down"), ("job", "c"), ("severity", "warning")],
                &[("summary", "c was down")],
            ),
        ];
        Notification {
            receiver: "team-a".into(),
            status: Status::Firing,
            group_labels: labels(&[("alertname", "Down")]),
            common_labels: common(alerts.iter().map(|alert| &alert.labels)),
            common_annotations: common(alerts.iter().map(|alert| &alert.annotations)),
            alerts,
            external_url: "http://alerter".into(),
            group_key: "{}:{alertname=\"Down\"}".into(),
            reason: "first".into(),
            at: at(0),
            id: "1".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_time_is_written_as_go_does() {
        assert_eq!(NO_TIME.to_string(), "0001-01-01T00:00:00Z");
    }

    #[test]
    fn what_is_common_to_all() {
        let message = testing::notification();
        assert_eq!(message.common_labels.into_keys().collect::<Vec<_>>(), ["alertname"]);
        assert!(message.common_annotations.is_empty());
    }
}
