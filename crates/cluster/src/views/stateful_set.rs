//! StatefulSets.

use serde::Deserialize;

use super::text::{Text, nullable};
use super::workload::Template;
use super::{Amount, Meta, Selector};

/// A StatefulSet.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct StatefulSet {
    /// Its metadata.
    pub metadata: Meta,
    /// What was asked for.
    #[serde(default)]
    pub spec: Spec,
    /// What is.
    #[serde(default)]
    pub status: Status,
}

/// A StatefulSet's spec.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Spec {
    /// How many pods; the server writes 1 where nobody said.
    pub replicas: Option<i32>,
    /// Which pods are its own.
    #[serde(deserialize_with = "nullable")]
    pub selector: Selector,
    /// `OrderedReady` (one bad pod stops the rest) or `Parallel`.
    pub pod_management_policy: Text,
    /// How it replaces pods.
    #[serde(deserialize_with = "nullable")]
    pub update_strategy: UpdateStrategy,
    /// How its pods are numbered.
    #[serde(deserialize_with = "nullable")]
    pub ordinals: Ordinals,
    /// What its pods look like.
    pub template: Template,
}

/// How pods are numbered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Ordinals {
    /// The number of the first.
    #[serde(deserialize_with = "nullable")]
    pub start: i32,
}

/// How pods are replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UpdateStrategy {
    /// `RollingUpdate` or `OnDelete`.
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
    /// Pods below this ordinal keep the old revision on purpose.
    #[serde(deserialize_with = "nullable")]
    pub partition: i32,
    /// How many pods may be away at once; one where nobody said.
    pub max_unavailable: Option<Amount>,
}

/// A StatefulSet's status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Status {
    /// The generation that this status speaks of.
    #[serde(deserialize_with = "nullable")]
    pub observed_generation: i64,
    /// Pods there are.
    pub replicas: i32,
    /// Ready pods.
    pub ready_replicas: i32,
    /// Pods of the revision before.
    pub current_replicas: i32,
    /// Pods of the newest revision.
    pub updated_replicas: i32,
    /// Pods ready for long enough.
    pub available_replicas: i32,
    /// The revision before.
    pub current_revision: Text,
    /// The newest revision.
    pub update_revision: Text,
}
