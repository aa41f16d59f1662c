//! What faults do as somebody else who is at work in the cluster, and with machines that come and go.

use serde_json::Value;

use super::Stage;
use crate::actors::Actor;
use crate::blueprint::Machine;
use crate::kinds;
use crate::registry::Part;
use crate::storage::Address;

impl Stage {
    /// A controller that works through the API under its own name.
    pub fn controller(&self, name: &'static str) -> Actor {
        Actor::controller(&self.cluster.server, name)
    }

    /// The person with kubectl.
    pub fn person(&self) -> Actor {
        Actor::person(&self.cluster.server)
    }

    /// Sets somebody to work for a fault, until [`Self::end_work`] of the same name and subject. Of a
    /// fault that is played by one at most at a time the subject may be less than its own.
    pub fn begin_work(&self, fault: &str, subject: &str, doing: impl Future<Output = ()> + Send + 'static) {
        self.actors.begin(format!("{fault} {subject}"), self.environment.spawn("actor", doing));
    }

    /// Ends somebody's work where it stands.
    pub fn end_work(&self, fault: &str, subject: &str) {
        self.actors.end(&format!("{fault} {subject}"));
    }

    /// All nodes by name, as they are stored.
    pub fn nodes(&self) -> Vec<(String, Value)> {
        let (all, _) = self.registry().storage().list(kinds::NODE, None);
        all.into_iter().map(|(address, node)| (address.name.to_string(), node.value())).collect()
    }

    /// A node as it is stored.
    pub fn node(&self, name: &str) -> Option<Value> {
        Some(self.registry().get(&Address::new(kinds::NODE, "", name)).ok()?.value())
    }

    /// Takes all taints of a key off a node.
    pub fn untaint(&self, node: &str, key: &str) {
        self.change_node(node, |value| {
            if let Some(taints) = value["spec"]["taints"].as_array_mut() {
                taints.retain(|taint| taint["key"] != key);
            }
            Value::Null
        });
    }

    /// A new machine joins where another one stands, under the next free name, which is returned.
    pub fn join_beside(&self, other: &str) -> Option<String> {
        let labels = self.node(other)?["metadata"]["labels"].clone();
        let nodes = self.nodes();
        let numbers = nodes.iter().filter_map(|(name, _)| name.strip_prefix("n-")?.parse::<u32>().ok());
        let name = format!("n-{}", numbers.max().map_or(0, |last| last + 1));
        Machine::like(&name, &labels).join(self.registry()).ok()?;
        Some(name)
    }

    /// A machine is taken away, and its Node with it, whatever would hold that.
    pub fn take_away(&self, node: &str) {
        self.kubelets().remove_node(node);
        let address = Address::new(kinds::NODE, "", node);
        // It is gone already where no finalizer held it.
        let _ = self.registry().modify(&address, Part::Main, |value| {
            value["metadata"]["finalizers"] = Value::Null;
            Ok(())
        });
    }
}

/// Whether a node bears a taint of this key.
pub(super) fn is_tainted(node: &Value, key: &str) -> bool {
    node["spec"]["taints"].as_array().is_some_and(|taints| taints.iter().any(|taint| taint["key"] == key))
}

/// Whether a node says that it is ready.
pub(super) fn is_ready(node: &Value) -> bool {
    let conditions = node["status"]["conditions"].as_array().into_iter().flatten();
    conditions.into_iter().any(|one| one["type"] == "Ready" && one["status"] == "True")
}
