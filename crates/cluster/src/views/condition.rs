//! Conditions, which most kinds carry in their status.

use jiff::Timestamp;
use serde::Deserialize;

use super::text::{Text, nullable};

/// One condition of an object.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// Which one: `Ready`, `PodScheduled`, `Progressing`.
    #[serde(rename = "type")]
    pub kind: Text,
    /// Whether it holds.
    pub status: Status,
    /// A word for why.
    #[serde(default, deserialize_with = "nullable")]
    pub reason: Text,
    /// A sentence for why: the scheduler's words, for one.
    #[serde(default, deserialize_with = "nullable")]
    pub message: Text,
    /// Since when it has had this status.
    #[serde(default)]
    pub last_transition_time: Option<Timestamp>,
    /// When it was last written without a change (nodes only).
    #[serde(default)]
    pub last_heartbeat_time: Option<Timestamp>,
    /// When it was last changed at all (Deployments only): progress, for `Progressing`.
    #[serde(default)]
    pub last_update_time: Option<Timestamp>,
}

/// Whether a condition holds. What the server does not know either is not `False`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Status {
    /// It holds.
    True,
    /// It does not.
    False,
    /// Nobody can say; also any word that later versions may bring.
    #[serde(other)]
    Unknown,
}

/// The condition `kind` among `conditions`.
pub fn find<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.kind == kind)
}
