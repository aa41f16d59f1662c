//! DaemonSets.

use serde::Deserialize;

use super::deployment::Strategy;
use super::text::nullable;
use super::workload::Template;
use super::{Meta, Selector};

/// A DaemonSet.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct DaemonSet {
    /// Its metadata.
    pub metadata: Meta,
    /// What was asked for.
    #[serde(default)]
    pub spec: Spec,
    /// What is.
    #[serde(default)]
    pub status: Status,
}

/// A DaemonSet's spec.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Spec {
    /// Which pods are its own.
    #[serde(deserialize_with = "nullable")]
    pub selector: Selector,
    /// `RollingUpdate` or `OnDelete`.
    #[serde(deserialize_with = "nullable")]
    pub update_strategy: Strategy,
    /// What its pods look like.
    pub template: Template,
}

/// A DaemonSet's status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Status {
    /// The generation that this status speaks of.
    pub observed_generation: i64,
    /// Nodes that should run it.
    pub desired_number_scheduled: i32,
    /// Nodes that should and do.
    pub current_number_scheduled: i32,
    /// Nodes that should not and do.
    pub number_misscheduled: i32,
    /// Nodes where it is ready.
    pub number_ready: i32,
    /// Nodes where it has been ready for long enough.
    pub number_available: i32,
    /// Nodes where it is missing.
    pub number_unavailable: i32,
    /// Nodes that run the newest revision.
    pub updated_number_scheduled: i32,
}
