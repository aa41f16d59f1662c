//! What the healer tells the alerter: that it has taken an issue up (hold the page), and how it
//! ended.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Lineage;

/// The rule that defers whatever is one trouble of many with a common cause. People hear of it with
/// the troubles themselves: a message for each that is held would be the storm it is to spare them.
pub const CORRELATED_FAILURE: &str = "CorrelatedFailure";

/// State of a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// The healer works on it: pages wait until the deadline.
    Taken,
    /// The repair was verified: the hold lasts until the resolve arrives, within its deadline.
    Succeeded,
    /// The repair failed or ended without success: the page leaves at once.
    Failed,
    /// The healer gave it back untouched (deferred, denied, cancelled): the page leaves at once.
    Released,
}

/// A hold of one issue's page, sent at every change and again as a sign of life.
/// It carries remaining time, not a date: clocks differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hold {
    /// The cluster the issue is in.
    pub cluster: String,
    /// Whose trouble.
    pub lineage: Lineage,
    /// Which check.
    pub check: String,
    /// The remediation that took it up.
    pub remediation: String,
    /// What the hold is now.
    pub state: State,
    /// How long it may still last, in milliseconds.
    pub remaining_ms: u64,
}

/// The end of a remediation, or a decision a person should know of. An edge, not a level: posted
/// once, retried until accepted, recognised by `id`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// Idempotency key: remediation and the number of its transition.
    pub id: String,
    /// The cluster.
    pub cluster: String,
    /// Whose trouble.
    pub lineage: Lineage,
    /// Which check.
    pub check: String,
    /// The remediation.
    pub remediation: String,
    /// Its phase: `Succeeded`, `Failed`, `Escalated`, `Deferred`, `Denied`, `AwaitingApproval`, ….
    pub phase: String,
    /// The rule that decided, where one did.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rule: String,
    /// In plain words.
    pub message: String,
    /// When it happened, by the healer's clock.
    pub at: Timestamp,
}
