//! Leases: signs of life of nodes, and claims of leaders.

use jiff::Timestamp;
use serde::Deserialize;

use super::Meta;
use super::text::{Text, nullable};

/// The namespace of the nodes' leases.
pub const NODE_NAMESPACE: &str = "kube-node-lease";

/// A lease. Who judges its age does so by having seen it change, on an own monotonic clock:
/// `renew_time` comes from somebody else's.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Lease {
    /// Its metadata; a node's lease has the node's name.
    pub metadata: Meta,
    /// Its state.
    #[serde(default)]
    pub spec: Spec,
}

/// A lease's state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Spec {
    /// Who holds it; empty when nobody does.
    #[serde(deserialize_with = "nullable")]
    pub holder_identity: Text,
    /// For how long after a renewal, in seconds.
    pub lease_duration_seconds: Option<i64>,
    /// When it was last renewed, by the holder's clock.
    pub renew_time: Option<Timestamp>,
    /// When the holder took it, by the holder's clock.
    pub acquire_time: Option<Timestamp>,
    /// How often it changed hands.
    pub lease_transitions: Option<i64>,
}
