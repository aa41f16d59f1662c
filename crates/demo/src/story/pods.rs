//! The pods, as far as they are counted.

use std::collections::BTreeMap;

use serde_json::Value;

/// All pods, and whether they are ready.
#[derive(Clone, Debug, Default)]
pub struct Pods {
    ready: BTreeMap<(String, String), bool>,
}

impl Pods {
    /// A pod, by namespace and name, is like this now; nothing where it is gone.
    pub(super) fn see(&mut self, key: (String, String), object: Option<Value>) {
        let Some(object) = object else {
            self.ready.remove(&key);
            return;
        };
        let conditions = object["status"]["conditions"].as_array();
        let is_ready = conditions
            .into_iter()
            .flatten()
            .any(|condition| condition["type"] == "Ready" && condition["status"] == "True");
        self.ready.insert(key, is_ready);
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.ready.len()
    }

    /// How many of them are ready.
    pub fn ready(&self) -> usize {
        self.ready.values().filter(|is_ready| **is_ready).count()
    }
}
