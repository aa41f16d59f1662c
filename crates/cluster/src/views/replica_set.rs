//! ReplicaSets: the step between a pod and its Deployment, and one revision of a rollout.

use serde::Deserialize;

use super::text::nullable;
use super::workload::Template;
use super::{Condition, Meta, Selector};

/// A ReplicaSet. Its revision is the annotation `deployment.kubernetes.io/revision`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ReplicaSet {
    /// Its metadata.
    pub metadata: Meta,
    /// What was asked for.
    #[serde(default)]
    pub spec: Spec,
    /// What is.
    #[serde(default)]
    pub status: Status,
}

/// A ReplicaSet's spec.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Spec {
    /// How many pods.
    pub replicas: Option<i32>,
    /// Which pods are its own.
    #[serde(deserialize_with = "nullable")]
    pub selector: Selector,
    /// What its pods look like.
    pub template: Template,
}

/// A ReplicaSet's status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Status {
    /// The generation that this status speaks of.
    pub observed_generation: i64,
    /// Pods there are.
    pub replicas: i32,
    /// Ready pods.
    pub ready_replicas: i32,
    /// Pods ready for long enough.
    pub available_replicas: i32,
    /// `ReplicaFailure`: quota or admission refuse its pods.
    #[serde(deserialize_with = "nullable")]
    pub conditions: Vec<Condition>,
}
