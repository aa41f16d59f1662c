//! Pods as an API server tells them.

use serde_json::{Value, json};

/// A pod of a real cluster, as the API server wrote it.
const RECORDED: &str = include_str!("../../../cluster/src/views/fixtures/pod.json");

/// So many pods a workload has, and a node.
const OF_A_WORKLOAD: usize = 10;
const ON_A_NODE: usize = 30;

/// The recorded pod, running and ready, with marks where pods differ.
pub(crate) struct Template(String);

impl Template {
    pub(crate) fn read() -> Self {
        let mut pod: Value = serde_json::from_str(RECORDED).expect("a pod");
        pod["metadata"]["name"] = "web-@WORKLOAD@-5d89786b8c-@POD@".into();
        pod["metadata"]["namespace"] = "team-@TEAM@".into();
        pod["metadata"]["uid"] = "0f6b3c1a-5f0e-4c55-9a53-@POD@".into();
        pod["metadata"]["resourceVersion"] = "1@POD@".into();
        pod["metadata"]["ownerReferences"][0]["name"] = "web-@WORKLOAD@-5d89786b8c".into();
        pod["metadata"]["ownerReferences"][0]["uid"] = "678c749e-bb4f-45d0-ac7a-@WORKLOAD@".into();
        pod["spec"]["nodeName"] = "node-@NODE@".into();
        pod["status"]["phase"] = "Running".into();
        for list in ["conditions", "containerStatuses"] {
            for entry in pod["status"][list].as_array_mut().expect("it was recorded") {
                make_well(entry);
            }
        }
        Self(pod.to_string())
    }

    /// The pod of this number.
    pub(crate) fn pod(&self, number: usize) -> String {
        let digits = |number: usize| format!("{number:012}");
        self.0
            .replace("@POD@", &digits(number))
            .replace("@WORKLOAD@", &digits(number / OF_A_WORKLOAD))
            .replace("@NODE@", &(number / ON_A_NODE).to_string())
            .replace("@TEAM@", &(number / OF_A_WORKLOAD % 50).to_string())
    }

    /// One that keeps failing.
    pub(crate) fn failing(&self, number: usize) -> String {
        let mut pod: Value = serde_json::from_str(&self.pod(number)).expect("a pod");
        let container = &mut pod["status"]["containerStatuses"][0];
        container["ready"] = false.into();
        container["restartCount"] = 9.into();
        container["state"] = json!({"waiting": {"reason": "CrashLoopBackOff"}});
        container["lastState"] =
            json!({"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": "2025-12-31T23:59:40Z"}});
        pod.to_string()
    }
}

/// A condition or a container's status as that of a pod that is well.
fn make_well(entry: &mut Value) {
    if entry.get("type").is_some() {
        entry["status"] = "True".into();
    } else {
        entry["ready"] = true.into();
        entry["restartCount"] = 0.into();
        entry["state"] = json!({"running": {"startedAt": "2025-12-31T00:00:00Z"}});
        entry["lastState"] = json!({});
    }
}
