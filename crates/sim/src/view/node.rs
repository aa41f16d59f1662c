//! A node, as far as the machinery of a cluster reads it.

use std::collections::BTreeMap;
use std::sync::Arc;

use compact_str::CompactString;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::quantity::Resources;
use super::taint::Taint;
use crate::storage::Object;

/// Where a zone's name stands.
pub const ZONE: &str = "topology.kubernetes.io/zone";
/// Where a node's own name stands among its labels.
pub const HOSTNAME: &str = "kubernetes.io/hostname";

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub name: CompactString,
    /// As it is stored.
    pub object: Arc<Object>,
    /// Whether it is cordoned.
    pub is_unschedulable: bool,
    /// Its taints.
    pub taints: Box<[Taint]>,
    /// What pods can have of it.
    pub allocatable: Resources,
    /// The status of each condition, by type.
    pub conditions: BTreeMap<CompactString, CompactString>,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Default, Deserialize)]
struct Spec {
    #[serde(default)]
    unschedulable: Option<bool>,
    #[serde(default)]
    taints: Option<Vec<Taint>>,
}

#[derive(Default, Deserialize)]
struct Status {
    #[serde(default)]
    allocatable: Option<Map<String, Value>>,
    #[serde(default)]
    conditions: Option<Vec<Condition>>,
}

#[derive(Deserialize)]
struct Condition {
    #[serde(rename = "type")]
    kind: CompactString,
    status: CompactString,
}

impl Node {
    /// What an object says; `None` where it is no node.
    pub fn read(name: &str, object: &Arc<Object>) -> Option<Self> {
        let raw: Raw = object.read()?;
        let conditions = raw.status.conditions.unwrap_or_default();
        Some(Self {
            name: name.into(),
            object: Arc::clone(object),
            is_unschedulable: raw.spec.unschedulable.unwrap_or(false),
            taints: raw.spec.taints.unwrap_or_default().into(),
            allocatable: Resources::of(raw.status.allocatable.as_ref()),
            conditions: conditions.into_iter().map(|one| (one.kind, one.status)).collect(),
        })
    }

    /// The zone it is in; empty where it has none.
    pub fn zone(&self) -> &str {
        self.object.label(ZONE).unwrap_or_default()
    }

    /// `True`, `False`, `Unknown`; empty where it has not said yet.
    pub fn ready(&self) -> &str {
        self.conditions.get("Ready").map_or("", CompactString::as_str)
    }

    /// Whether what decides about placing pods is the same.
    pub fn takes_the_same_pods(&self, other: &Self) -> bool {
        self.is_unschedulable == other.is_unschedulable
            && self.taints == other.taints
            && self.allocatable == other.allocatable
            && self.object.labels == other.object.labels
            && self.object.is_terminating == other.object.is_terminating
    }
}
