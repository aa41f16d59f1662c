//! A pod whose labels are not those that its set selects any more is let go: the set makes another in
//! its place, and whoever relabelled it has it for themselves.

use std::sync::Arc;

use serde_json::Value;

use super::Context;
use crate::view::{Pod, Selector};

/// The pods that bear a set's reference, without those that it lets go.
pub(super) fn own(cx: &Context<'_>, set: &Value) -> Vec<Arc<Pod>> {
    let uid = set["metadata"]["uid"].as_str().unwrap_or_default();
    let selector = Selector::of(&set["spec"]["selector"]);
    let (own, strays): (Vec<_>, Vec<_>) =
        cx.view.pods.controlled_by(uid).cloned().partition(|pod| selector.matches(&pod.object));
    for pod in strays.iter().filter(|pod| !pod.is_terminating()) {
        cx.change(&pod.address, |value| {
            if let Some(owners) = value["metadata"]["ownerReferences"].as_array_mut() {
                owners.retain(|owner| owner["uid"] != uid);
            }
        });
    }
    own
}
