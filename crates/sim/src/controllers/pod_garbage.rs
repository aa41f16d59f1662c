//! Pod garbage collection: pods on nodes that are no more, pods that were to go and never had a
//! node, and pods that ended, beyond a number.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use compact_str::CompactString;

use super::Context;
use super::condition::{self, Condition};
use crate::view::Pod;

/// How often it looks: the real one's period.
pub(super) const PERIOD: Duration = Duration::from_secs(20);
/// How long a node must be missing before its pods are taken for lost.
const QUARANTINE: Duration = Duration::from_secs(40);
/// Pods that ended are kept up to so many.
const ENDED_MAX: usize = 12_500;
const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";

/// Since when nodes that pods are bound to are missing.
pub(super) type Missing = BTreeMap<CompactString, Duration>;

/// One round.
pub(super) fn work(cx: &mut Context<'_>, missing: &mut Missing) {
    forget_ended(cx);
    end_unplaced(cx);
    end_on_missing_nodes(cx, missing);
    end_out_of_service(cx);
}

fn forget_ended(cx: &Context<'_>) {
    let mut ended: Vec<Arc<Pod>> = cx.view.pods.iter().filter(|pod| pod.has_ended()).cloned().collect();
    if ended.len() <= ENDED_MAX {
        return;
    }
    ended.sort_by_key(|pod| pod.created);
    for pod in ended.iter().take(ended.len() - ENDED_MAX) {
        cx.force_delete(&pod.address, &pod.object.uid);
    }
}

fn end_unplaced(cx: &Context<'_>) {
    let going = cx.view.pods.on_node("").filter(|pod| pod.is_terminating());
    end_all(cx, &going.cloned().collect::<Vec<_>>(), "PodGC: deleting terminating unscheduled pod");
}

fn end_on_missing_nodes(cx: &Context<'_>, missing: &mut Missing) {
    let gone: Vec<CompactString> =
        cx.view.pods.nodes().filter(|node| !cx.view.nodes.contains_key(*node)).cloned().collect();
    missing.retain(|node, _| gone.contains(node));
    for node in gone {
        let since = *missing.entry(node.clone()).or_insert(cx.at);
        if cx.at >= since + QUARANTINE {
            let pods: Vec<Arc<Pod>> = cx.view.pods.on_node(&node).cloned().collect();
            end_all(cx, &pods, "PodGC: node no longer exists");
        }
    }
}

/// A person said that the node is off for good: what is to go from it need not wait for its kubelet.
fn end_out_of_service(cx: &Context<'_>) {
    let off =
        cx.view.nodes.values().filter(|node| {
            node.ready() != "True" && node.taints.iter().any(|taint| taint.key == OUT_OF_SERVICE)
        });
    for node in off {
        let pods = cx.view.pods.on_node(&node.name).filter(|pod| pod.is_terminating());
        let pods: Vec<Arc<Pod>> = pods.cloned().collect();
        end_all(cx, &pods, "PodGC: node no longer exists");
    }
}

fn end_all(cx: &Context<'_>, pods: &[Arc<Pod>], message: &str) {
    let now = cx.now;
    for pod in pods {
        if !pod.has_ended() {
            cx.change_status(&pod.address, |status| {
                status["phase"] = "Failed".into();
                let (kind, reason) = ("DisruptionTarget", "DeletionByPodGC");
                condition::set(status, Condition { kind, status: "True", reason, message }, now);
            });
        }
        cx.force_delete(&pod.address, &pod.object.uid);
    }
}
