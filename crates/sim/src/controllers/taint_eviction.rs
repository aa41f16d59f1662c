//! Taint eviction: pods leave a node with a `NoExecute` taint that they do not bear (any longer).

use std::collections::BTreeMap;
use std::time::Duration;

use super::condition::{self, Condition};
use super::{Context, Controller, Note};
use crate::storage::Address;
use crate::view::{Node, Pod};

/// Since when each pod is on a node with such taints.
pub(super) type Since = BTreeMap<Address, Duration>;

/// Looks at a pod whose node has, or had, such taints.
pub(super) fn work(cx: &mut Context<'_>, since: &mut Since, address: &Address) {
    let view = cx.view;
    let pod = view.pods.get(address).filter(|pod| !pod.is_terminating() && !pod.node.is_empty());
    let node = pod.and_then(|pod| view.nodes.get(&pod.node));
    let Some((pod, node)) = pod.zip(node).filter(|(_, node)| has_such_taints(node)) else {
        since.remove(address);
        return;
    };
    let patience = patience(pod, node);
    let Some(patience) = patience else {
        since.remove(address);
        return;
    };
    let from = *since.entry(address.clone()).or_insert(cx.at);
    if cx.at < from + patience {
        cx.queue.at(Controller::TaintEviction, address.clone(), from + patience);
        return;
    }
    since.remove(address);
    evict(cx, pod);
}

/// Whether pods may have to leave.
pub(super) fn has_such_taints(node: &Node) -> bool {
    node.taints.iter().any(|taint| taint.effect == "NoExecute")
}

/// How long a pod bears its node's taints; `None` for ever.
fn patience(pod: &Pod, node: &Node) -> Option<Duration> {
    let mut shortest: Option<i64> = None;
    for taint in node.taints.iter().filter(|taint| taint.effect == "NoExecute") {
        let bears = pod.spec.placement.tolerations.iter().filter(|one| one.tolerates(taint));
        let mut is_borne = false;
        for toleration in bears {
            is_borne = true;
            if let Some(seconds) = toleration.toleration_seconds {
                shortest = Some(shortest.map_or(seconds, |before| before.min(seconds)));
            }
        }
        if !is_borne {
            return Some(Duration::ZERO);
        }
    }
    shortest.map(|seconds| Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

fn evict(cx: &Context<'_>, pod: &Pod) {
    let now = cx.now;
    cx.change_status(&pod.address, |status| {
        let why = Condition {
            kind: "DisruptionTarget",
            status: "True",
            reason: "DeletionByTaintManager",
            message: "Taint manager: deleting due to NoExecute taint",
        };
        condition::set(status, why, now);
    });
    let message = format!("Marking for deletion Pod {}/{}", pod.address.namespace, pod.address.name);
    cx.tell(Note::of(
        &pod.address,
        &pod.object,
        "taint-eviction-controller",
        "TaintManagerEviction",
        &message,
    ));
    cx.delete(&pod.address, &pod.object.uid);
}
