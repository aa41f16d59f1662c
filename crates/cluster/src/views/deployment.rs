//! Deployments.

use serde::Deserialize;

use super::text::{Text, nullable};
use super::workload::Template;
use super::{Amount, Condition, Meta, Selector};

/// A Deployment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Deployment {
    /// Its metadata.
    pub metadata: Meta,
    /// What was asked for.
    #[serde(default)]
    pub spec: Spec,
    /// What is.
    #[serde(default)]
    pub status: Status,
}

/// A Deployment's spec.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Spec {
    /// How many pods; the server writes 1 where nobody said.
    pub replicas: Option<i32>,
    /// Whether its rollout is held.
    pub paused: bool,
    /// Which pods are its own.
    #[serde(deserialize_with = "nullable")]
    pub selector: Selector,
    /// Seconds without progress after which the server calls it stuck.
    pub progress_deadline_seconds: Option<i32>,
    /// How it replaces pods.
    #[serde(deserialize_with = "nullable")]
    pub strategy: Strategy,
    /// What its pods look like.
    pub template: Template,
}

/// How pods are replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Strategy {
    /// `RollingUpdate`, or `Recreate` for a Deployment, `OnDelete` for a DaemonSet.
    #[serde(rename = "type")]
    pub kind: Text,
    /// Its parameters.
    #[serde(deserialize_with = "nullable")]
    pub rolling_update: RollingUpdate,
}

/// Parameters of a rolling update.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RollingUpdate {
    /// How many pods may be away at once.
    pub max_unavailable: Option<Amount>,
}

/// A Deployment's status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Status {
    /// The generation that this status speaks of.
    pub observed_generation: i64,
    /// Pods of any revision.
    pub replicas: i32,
    /// Pods of the newest revision.
    pub updated_replicas: i32,
    /// Ready pods.
    pub ready_replicas: i32,
    /// Pods ready for long enough.
    pub available_replicas: i32,
    /// Pods still missing.
    pub unavailable_replicas: i32,
    /// `Available`, `Progressing`, `ReplicaFailure`.
    #[serde(deserialize_with = "nullable")]
    pub conditions: Vec<Condition>,
}
