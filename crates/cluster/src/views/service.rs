//! Services.

use serde::Deserialize;

use super::Meta;
use super::text::{Pairs, Text, nullable};

/// A Service.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Service {
    /// Its metadata.
    pub metadata: Meta,
    /// What was asked for.
    #[serde(default)]
    pub spec: Spec,
}

/// A Service's spec.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Spec {
    /// `ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName`.
    #[serde(rename = "type")]
    pub kind: Text,
    /// `None` when headless.
    #[serde(rename = "clusterIP")]
    pub cluster_ip: Text,
    /// Labels of the pods behind it. Without any, somebody else keeps its endpoints.
    pub selector: Pairs,
    /// Whether endpoints are published before they are ready.
    #[serde(deserialize_with = "nullable")]
    pub publish_not_ready_addresses: bool,
}
