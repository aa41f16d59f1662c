//! Jobs: only who owns them and whether they ended, for the lineage of their pods.

use serde::Deserialize;

use super::text::nullable;
use super::{Condition, Meta};

/// A Job.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Job {
    /// Its metadata; its controller is a CronJob or nobody.
    pub metadata: Meta,
    /// What is.
    #[serde(default)]
    pub status: Status,
}

/// A Job's status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Status {
    /// `Complete`, `Failed`, `Suspended`.
    #[serde(deserialize_with = "nullable")]
    pub conditions: Vec<Condition>,
}
