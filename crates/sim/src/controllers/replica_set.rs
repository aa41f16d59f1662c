//! ReplicaSet: as many pods as it says, no more, no fewer.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use compact_str::CompactString;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::condition::{self, Condition};
use super::{Context, Controller, Note, pod_template, release};
use crate::kinds;
use crate::registry::Status;
use crate::storage::Address;
use crate::view::{Phase, Pod};

/// Most pods made at one look; the rest at the next. The real one's burst.
const BURST: usize = 500;

/// Brings a ReplicaSet's pods to their number.
pub(super) fn work(cx: &mut Context<'_>, address: &Address) {
    let Some(set) = cx.read(address) else { return };
    let wanted = usize::try_from(set["spec"]["replicas"].as_i64().unwrap_or(1)).unwrap_or(0);
    let (pods, others): (Vec<Arc<Pod>>, Vec<_>) =
        release::own(cx, &set).into_iter().partition(|pod| pod.is_active());
    let is_going = !set["metadata"]["deletionTimestamp"].is_null();
    let mut refusal = None;
    if is_going {
        // The garbage collector ends its pods.
    } else if pods.len() < wanted {
        refusal = grow(cx, address, &set, wanted - pods.len());
    } else if pods.len() > wanted {
        shrink(cx, &pods, pods.len() - wanted);
    }
    let terminating = others.iter().filter(|pod| pod.is_terminating() && !pod.has_ended()).count();
    tell(cx, address, &set, &Own { pods, terminating }, refusal.as_ref());
}

fn grow(cx: &mut Context<'_>, address: &Address, set: &Value, missing: usize) -> Option<Status> {
    let name = &address.name;
    for _ in 0..missing.min(BURST) {
        let mut pod = pod_template::pod(kinds::REPLICA_SET, set);
        pod["metadata"]["generateName"] = format!("{name}-").into();
        if let Err(status) = cx.create(&pod_template::pods_of(address), pod) {
            cx.after(Controller::ReplicaSet, address, std::time::Duration::from_secs(5));
            return Some(status);
        }
    }
    None
}

fn shrink(cx: &Context<'_>, pods: &[Arc<Pod>], surplus: usize) {
    let mut per_node: BTreeMap<&CompactString, usize> = BTreeMap::new();
    for pod in pods {
        *per_node.entry(&pod.node).or_default() += 1;
    }
    let mut ranked: Vec<&Arc<Pod>> = pods.iter().collect();
    ranked.sort_by_key(|pod| rank(pod, per_node.get(&pod.node).copied().unwrap_or(0)));
    for pod in ranked.into_iter().take(surplus) {
        cx.delete(&pod.address, &pod.object.uid);
    }
}

/// Which pod goes first: the one that would be missed least. On no node, not running, not ready,
/// in company on its node, ready for the shortest time, restarted most, youngest.
fn rank(pod: &Pod, company: usize) -> impl Ord + use<> {
    let phase = match pod.phase {
        Phase::Pending => 0,
        Phase::Unknown => 1,
        _ => 2,
    };
    (
        !pod.node.is_empty(),
        phase,
        pod.is_ready(),
        Reverse(company),
        Reverse(pod.ready_since),
        Reverse(pod.restarts),
        Reverse(pod.created),
        pod.address.name.clone(),
    )
}

/// A set's pods: those that count, and how many are on their way out.
struct Own {
    pods: Vec<Arc<Pod>>,
    terminating: usize,
}

fn tell(cx: &mut Context<'_>, address: &Address, set: &Value, own: &Own, refusal: Option<&Status>) {
    let pods = &own.pods;
    let min_ready_s = set["spec"]["minReadySeconds"].as_i64().unwrap_or(0);
    let count = available(cx.now, pods, min_ready_s);
    if let Some(next) = count.next {
        cx.when(Controller::ReplicaSet, address, next);
    }
    let ready = pods.iter().filter(|pod| pod.is_ready()).count();
    let generation = set["metadata"]["generation"].clone();
    if let Some(refusal) = refusal {
        let (uid, message) =
            (set["metadata"]["uid"].as_str().unwrap_or_default(), format!("Error creating: {refusal}"));
        cx.tell(Note {
            about: address,
            uid,
            by: "replicaset-controller",
            reason: "FailedCreate",
            message: &message,
        });
    }
    let now = cx.now;
    cx.change_status(address, |status| {
        let before = status.take();
        *status = json!({
            "replicas": pods.len(), "observedGeneration": generation, "terminatingReplicas": own.terminating,
        });
        for (field, count) in [
            ("fullyLabeledReplicas", pods.len()),
            ("readyReplicas", ready),
            ("availableReplicas", count.available),
        ] {
            if count > 0 {
                status[field] = count.into();
            }
        }
        if before["conditions"].is_array() {
            status["conditions"] = before["conditions"].clone();
        }
        match refusal {
            Some(refusal) => {
                let (reason, message) = ("FailedCreate", refusal.message.as_str());
                condition::set(
                    status,
                    Condition { kind: "ReplicaFailure", status: "True", reason, message },
                    now,
                );
            }
            None => condition::remove(status, "ReplicaFailure"),
        }
    });
}

/// How many pods are available, and when the next one will be.
pub(super) struct Available {
    /// Pods that have been ready for long enough.
    pub available: usize,
    /// When that changes by itself.
    pub next: Option<Timestamp>,
}

/// Counts pods that have been ready for `min_ready_s` seconds.
pub(super) fn available(now: Timestamp, pods: &[Arc<Pod>], min_ready_s: i64) -> Available {
    let from = || pods.iter().filter_map(|pod| pod.available_from(min_ready_s));
    Available {
        available: from().filter(|from| *from <= now).count(),
        next: from().filter(|from| *from > now).min(),
    }
}
