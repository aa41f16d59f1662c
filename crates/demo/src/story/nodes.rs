//! The map: nodes by zone, and how they are.

use std::collections::BTreeMap;

use serde_json::Value;

/// The label of a node's zone.
const ZONE: &str = "topology.kubernetes.io/zone";
/// The taint by which the healer keeps new pods off a node.
const QUARANTINE: &str = "seaworthy.dev/quarantine";

/// What the control plane knows of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// It is ready.
    Ready,
    /// Its kubelet says that it is not ready.
    NotReady,
    /// Nobody has heard from its kubelet.
    Silent,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its zone.
    pub zone: String,
    /// How it is.
    pub health: Health,
    /// Whether the healer keeps new pods off it.
    pub is_quarantined: bool,
    /// Whether a person does.
    pub is_cordoned: bool,
}

/// All nodes.
#[derive(Clone, Debug, Default)]
pub struct Nodes {
    nodes: BTreeMap<String, Node>,
}

impl Nodes {
    /// A node is like this now; nothing where it is gone.
    pub(super) fn see(&mut self, name: &str, object: Option<Value>) {
        match object {
            Some(object) => drop(self.nodes.insert(name.to_owned(), Node::read(name, &object))),
            None => drop(self.nodes.remove(name)),
        }
    }

    /// By zone, in the order of their names.
    pub fn by_zone(&self) -> BTreeMap<&str, Vec<&Node>> {
        let mut zones: BTreeMap<&str, Vec<&Node>> = BTreeMap::new();
        for node in self.nodes.values() {
            zones.entry(&node.zone).or_default().push(node);
        }
        zones
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.nodes.len()
    }

    /// How many are so.
    pub fn count_of(&self, is_so: impl Fn(&Node) -> bool) -> usize {
        self.nodes.values().filter(|node| is_so(node)).count()
    }
}

impl Node {
    fn read(name: &str, object: &Value) -> Self {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let ready = list(&object["status"]["conditions"]).into_iter().find(|own| own["type"] == "Ready");
        let health = match ready.as_ref().and_then(|ready| ready["status"].as_str()) {
            Some("True") => Health::Ready,
            Some("False") => Health::NotReady,
            _ => Health::Silent,
        };
        Self {
            name: name.to_owned(),
            zone: object["metadata"]["labels"][ZONE].as_str().unwrap_or("no zone").to_owned(),
            health,
            is_quarantined: list(&object["spec"]["taints"]).iter().any(|taint| taint["key"] == QUARANTINE),
            is_cordoned: object["spec"]["unschedulable"] == true,
        }
    }
}
