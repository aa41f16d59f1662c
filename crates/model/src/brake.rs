//! The cluster-wide pause.

use jiff::Timestamp;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The name of the one Brake that counts.
pub const NAME: &str = "cluster";

/// Stops the healer. Absent or unreadable counts as paused.
#[derive(CustomResource, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "seaworthy.dev",
    version = "v1alpha1",
    kind = "Brake",
    plural = "brakes",
    category = "seaworthy",
    printcolumn = r#"{"name":"Paused","type":"boolean","jsonPath":".spec.paused"}"#,
    printcolumn = r#"{"name":"Until","type":"string","jsonPath":".spec.until"}"#,
    printcolumn = r#"{"name":"Reason","type":"string","jsonPath":".spec.reason"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    doc = "The cluster-wide pause of Seaworthy's healer. One object, named \"cluster\"; absent or unreadable counts as paused."
)]
#[serde(rename_all = "camelCase")]
pub struct BrakeSpec {
    /// Whether the healer must not act.
    pub paused: bool,
    /// Why, for those who wonder.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// When the pause ends by itself; without it, it lasts until somebody resumes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub until: Option<Timestamp>,
}

impl BrakeSpec {
    /// Whether the brake holds at `now`.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.paused && self.until.is_none_or(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_ends_at_its_date_and_not_before() {
        let until: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let brake = BrakeSpec { paused: true, reason: String::new(), until: Some(until) };
        assert!(brake.holds(until - jiff::SignedDuration::from_secs(1)));
        assert!(!brake.holds(until));
        assert!(BrakeSpec { until: None, ..brake.clone() }.holds(until));
        assert!(!BrakeSpec { paused: false, ..brake }.holds(until));
    }
}
