//! Nodes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::text::{Pairs, Text, nullable};
use super::{Condition, Meta};

/// A node, as far as checks and the governor read it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Node {
    /// Its metadata. Zone and region are labels: see [`Node::zone`].
    pub metadata: Meta,
    /// What was asked for.
    #[serde(default)]
    pub spec: Spec,
    /// What is.
    #[serde(default)]
    pub status: Status,
}

/// A node's spec.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Spec {
    /// Cordoned: by a person, by kured, by an autoscaler, never by us.
    pub unschedulable: bool,
    /// Its taints: one atomic list, to be written with the resourceVersion it was read at.
    #[serde(deserialize_with = "nullable")]
    pub taints: Vec<Taint>,
    /// The machine at the cloud, where there is one.
    #[serde(rename = "providerID")]
    pub provider_id: Text,
}

/// A taint. Complete, because the list is written back as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Taint {
    /// Its key.
    pub key: Text,
    /// Its value; may be empty.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub value: Text,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    pub effect: Text,
    /// When it was added (`NoExecute` only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_added: Option<Timestamp>,
    /// Fields that later versions may add: they must survive our writing the list back.
    #[serde(flatten)]
    pub other: serde_json::Map<String, serde_json::Value>,
}

impl Taint {
    /// A taint without a time, as `NoSchedule` ones are.
    pub fn new(key: &str, value: &str, effect: &str) -> Self {
        let (key, value, effect) = (key.into(), value.into(), effect.into());
        Self { key, value, effect, time_added: None, other: serde_json::Map::new() }
    }
}

/// A node's status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Status {
    /// Its conditions: `Ready`, `MemoryPressure`, `DiskPressure`, `PIDPressure`, and those that
    /// others add.
    #[serde(deserialize_with = "nullable")]
    pub conditions: Vec<Condition>,
    /// What pods may use, in the API's notation.
    pub allocatable: Pairs,
    /// What it runs.
    pub node_info: Info,
}

/// What a node runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Info {
    /// Changes at every reboot.
    #[serde(rename = "bootID")]
    pub boot_id: Text,
    /// The kubelet's version.
    pub kubelet_version: Text,
}

/// The label that says a node's zone.
pub const ZONE: &str = "topology.kubernetes.io/zone";

/// Labels that mark a node of the control plane.
const CONTROL_PLANE: &[&str] = &["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"];

impl Node {
    /// Its zone; empty where nobody said.
    pub fn zone(&self) -> &str {
        self.metadata.labels.get(ZONE).unwrap_or_default()
    }

    /// Whether the cluster's own control plane runs there.
    pub fn is_control_plane(&self) -> bool {
        CONTROL_PLANE.iter().any(|label| self.metadata.labels.contains(label))
    }
}
