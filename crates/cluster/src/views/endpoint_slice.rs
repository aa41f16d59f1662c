//! EndpointSlices: what stands behind a Service.

use serde::Deserialize;

use super::Meta;
use super::text::{Text, nullable};

/// The label that names a slice's Service.
pub const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// An EndpointSlice. A Service may have several.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointSlice {
    /// Its metadata.
    pub metadata: Meta,
    /// `IPv4`, `IPv6` or `FQDN`.
    #[serde(default)]
    pub address_type: Text,
    /// The endpoints; addresses are left out, pods are found by `target_ref`.
    #[serde(default, deserialize_with = "nullable")]
    pub endpoints: Vec<Endpoint>,
}

/// One endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Endpoint {
    /// How it is.
    #[serde(deserialize_with = "nullable")]
    pub conditions: EndpointConditions,
    /// The pod behind it, where there is one.
    pub target_ref: Option<TargetRef>,
}

/// How an endpoint is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct EndpointConditions {
    /// Whether it takes new traffic; the API says to read a missing value as true.
    pub ready: Option<bool>,
    /// Like ready, but also while it terminates.
    pub serving: Option<bool>,
    /// Whether it terminates.
    pub terminating: Option<bool>,
}

/// What is behind an endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct TargetRef {
    /// Kind, mostly `Pod`.
    pub kind: Text,
    /// Name.
    pub name: Text,
}

impl EndpointSlice {
    /// The Service it belongs to, in its own namespace.
    pub fn service(&self) -> Option<&str> {
        self.metadata.labels.get(SERVICE_NAME)
    }

    /// How many endpoints take new traffic.
    pub fn ready(&self) -> usize {
        self.endpoints.iter().filter(|endpoint| endpoint.conditions.ready.unwrap_or(true)).count()
    }
}
