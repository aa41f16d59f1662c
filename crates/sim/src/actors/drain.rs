//! How a node is drained: by evictions, which budgets may refuse, and which are then asked for
//! again.

use std::time::Duration;

use serde_json::Value;

use super::Actor;

/// Between two rounds: kubectl waits as long when a budget refuses.
const AGAIN: Duration = Duration::from_secs(5);

impl Actor {
    /// Evicts what runs on a node, as long as it takes until nothing is left that can be moved.
    pub async fn drain(&self, node: &str) {
        loop {
            let left = self.movable(node).await;
            if left.is_empty() {
                return;
            }
            for pod in left.iter().filter(|pod| pod["metadata"]["deletionTimestamp"].is_null()) {
                self.evict(pod).await;
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// What runs on a node and would not come back there.
    pub async fn movable(&self, node: &str) -> Vec<Value> {
        let mut pods = self.list(&format!("/api/v1/pods?fieldSelector=spec.nodeName%3D{node}")).await;
        pods.retain(|pod| {
            let has_ended = matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
            !has_ended && !matches!(owner_kind(pod), "DaemonSet" | "Node")
        });
        pods
    }
}

/// The kind of a pod's controller; empty where it has none.
pub(crate) fn owner_kind(pod: &Value) -> &str {
    pod["metadata"]["ownerReferences"][0]["kind"].as_str().unwrap_or_default()
}
