//! What the kinds of workloads have in common.

use serde::Deserialize;

use super::text::{Annotations, Pairs, Text, nullable};

/// The template of a workload's pods: what evidence about a rollout shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Template {
    /// Its labels and annotations.
    #[serde(deserialize_with = "nullable")]
    pub metadata: TemplateMeta,
    /// Its containers.
    #[serde(deserialize_with = "nullable")]
    pub spec: TemplateSpec,
}

/// A template's metadata.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct TemplateMeta {
    /// The pods' labels.
    pub labels: Pairs,
    /// Those that Seaworthy reads, such as the time of the last rollout restart.
    pub annotations: Annotations,
}

/// A template's spec.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct TemplateSpec {
    /// The containers.
    #[serde(deserialize_with = "nullable")]
    pub containers: Vec<TemplateContainer>,
}

/// A container of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct TemplateContainer {
    /// Its name.
    pub name: Text,
    /// Its image.
    pub image: Text,
}
