//! Namespaces that are going: what is in them goes first.

use std::time::Duration;

use serde_json::json;

use super::condition::{self, Condition};
use super::{Context, Controller};
use crate::storage::Address;

/// How soon it looks again while something is left. The real one estimates it from what is left.
const AGAIN: Duration = Duration::from_secs(5);

/// Takes a namespace that is going one step further.
pub(super) fn work(cx: &mut Context<'_>, address: &Address) {
    let Some(namespace) = cx.read(address) else { return };
    if namespace["metadata"]["deletionTimestamp"].is_null() {
        return;
    }
    cx.change_status(address, |status| status["phase"] = "Terminating".into());
    let mut left = 0;
    let mut held = Vec::new();
    for kind in cx.view.kinds().into_iter().filter(|kind| kind.is_namespaced) {
        for (own, object) in cx.registry.storage().list(kind, Some(&address.name)).0 {
            if !object.is_terminating {
                cx.delete(&own, &object.uid);
            }
            if let Some(value) = cx.read(&own) {
                left += 1;
                if value["metadata"]["finalizers"].as_array().is_some_and(|all| !all.is_empty()) {
                    held.push(format!("{}.{}", kind.plural, kind.group));
                }
            }
        }
    }
    if left == 0 {
        cx.change(address, |namespace| namespace["spec"]["finalizers"] = json!([]));
        return;
    }
    tell(cx, address, left, &held);
    cx.after(Controller::Namespace, address, AGAIN);
}

fn tell(cx: &Context<'_>, address: &Address, left: usize, held: &[String]) {
    let now = cx.now;
    let remaining = format!("Some resources are remaining: {left} resource instances");
    let finalizers = format!("Some content in the namespace has finalizers remaining: {}", held.join(", "));
    cx.change_status(address, |status| {
        let mut say = |kind, is_so: bool, reason: [&str; 2], message: [&str; 2]| {
            let at = usize::from(is_so);
            let said =
                Condition { kind, status: ["False", "True"][at], reason: reason[at], message: message[at] };
            condition::set(status, said, now);
        };
        say(
            "NamespaceContentRemaining",
            left > 0,
            ["ContentRemoved", "SomeResourcesRemain"],
            ["All content successfully removed", &remaining],
        );
        say(
            "NamespaceFinalizersRemaining",
            !held.is_empty(),
            ["ContentHasNoFinalizers", "SomeFinalizersRemain"],
            ["All content-preserving finalizers finished", &finalizers],
        );
    });
}
