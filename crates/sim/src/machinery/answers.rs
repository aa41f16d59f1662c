//! What kubelets answer when the API server asks them: logs, and what is used.

use super::Machinery;
use crate::api::{Logs, Usage};
use crate::storage::Address;
use crate::view::Resources;

impl Logs for Machinery {
    fn read(&self, pod: &Address, container: &str, previous: bool) -> Option<String> {
        let state = self.lock();
        let uid = &state.view.pods.get(pod)?.object.uid;
        state.fleet.log(uid, container, previous)
    }
}

impl Usage for Machinery {
    fn of_pod(&self, uid: &str) -> Option<Vec<(String, Resources)>> {
        self.lock().fleet.usage_of_pod(uid, self.at())
    }

    fn of_node(&self, node: &str) -> Option<Resources> {
        self.lock().fleet.usage_of_node(node, self.at())
    }
}
