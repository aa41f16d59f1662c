//! StatefulSet: pods with names of their own, made and replaced one after the other.
//!
//! What it is known for is kept: with `OrderedReady`, a pod that does not become ready holds up
//! everything after it, its own repair by a new template included; a person (or a healer) has to
//! delete it.

mod template;

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Context, Controller, replica_set};
use crate::storage::Address;
use crate::view::{Phase, Pod};
use template::Templates;

/// A StatefulSet as it was read.
struct StatefulSet {
    address: Address,
    value: Value,
    uid: String,
    replicas: i64,
    /// The first ordinal.
    start: i64,
    is_parallel: bool,
    min_ready_s: i64,
}

/// Takes a StatefulSet one step on.
pub(super) fn work(cx: &mut Context<'_>, address: &Address) {
    let Some(value) = cx.read(address) else { return };
    let set = StatefulSet::new(address, value);
    if !set.value["metadata"]["deletionTimestamp"].is_null() {
        return;
    }
    let templates = Templates::find(cx, &set.address, &set.value);
    if set.fill(cx, &templates) && set.condemn(cx) {
        set.update(cx, &templates);
    }
    set.tell(cx, &templates);
}

impl StatefulSet {
    fn new(address: &Address, value: Value) -> Self {
        let spec = &value["spec"];
        Self {
            address: address.clone(),
            uid: value["metadata"]["uid"].as_str().unwrap_or_default().to_owned(),
            replicas: spec["replicas"].as_i64().unwrap_or(1),
            start: spec["ordinals"]["start"].as_i64().unwrap_or(0),
            is_parallel: spec["podManagementPolicy"] == "Parallel",
            min_ready_s: spec["minReadySeconds"].as_i64().unwrap_or(0),
            value,
        }
    }

    fn pods(&self, cx: &Context<'_>) -> Vec<Arc<Pod>> {
        cx.view.pods.controlled_by(&self.uid).cloned().collect()
    }

    fn pod(&self, cx: &Context<'_>, ordinal: i64) -> Option<Arc<Pod>> {
        let name = format!("{}-{ordinal}", self.address.name);
        let address = Address::new(crate::kinds::POD, &self.address.namespace, &name);
        cx.view.pods.get(&address).filter(|pod| pod.is_controlled_by(&self.uid)).cloned()
    }

    fn ordinals(&self) -> std::ops::Range<i64> {
        self.start..self.start + self.replicas
    }

    fn is_available(&self, cx: &Context<'_>, pod: &Pod) -> bool {
        pod.phase == Phase::Running
            && !pod.is_terminating()
            && pod.available_from(self.min_ready_s).is_some_and(|from| from <= cx.now)
    }

    /// Makes what is missing, in order. Whether nothing holds up what comes after.
    fn fill(&self, cx: &mut Context<'_>, templates: &Templates) -> bool {
        for ordinal in self.ordinals() {
            match self.pod(cx, ordinal) {
                // A pod that has ended is replaced under its name.
                Some(pod) if pod.has_ended() && !pod.is_terminating() => {
                    cx.delete(&pod.address, &pod.object.uid);
                    return false;
                }
                None => {
                    templates.create_pod(cx, &self.value, &self.address, ordinal, self.start);
                    if !self.is_parallel {
                        return false;
                    }
                }
                Some(pod) if !self.is_parallel && !self.is_available(cx, &pod) => {
                    self.look_again(cx, &pod);
                    return false;
                }
                Some(_) => {}
            }
        }
        true
    }

    /// Ends pods beyond the number, from the last. Whether there are none.
    fn condemn(&self, cx: &Context<'_>) -> bool {
        let range = self.ordinals();
        let mut surplus: Vec<(i64, Arc<Pod>)> = self
            .pods(cx)
            .into_iter()
            .filter_map(|pod| Some((self.ordinal(&pod)?, pod)))
            .filter(|(ordinal, _)| !range.contains(ordinal))
            .collect();
        surplus.sort_by_key(|(ordinal, _)| std::cmp::Reverse(*ordinal));
        for (_, pod) in &surplus {
            if !pod.is_terminating() {
                cx.delete(&pod.address, &pod.object.uid);
            }
            if !self.is_parallel {
                return false;
            }
        }
        surplus.is_empty() || self.is_parallel
    }

    /// Replaces one pod of an old template, from the last, once all after it are well.
    fn update(&self, cx: &mut Context<'_>, templates: &Templates) {
        let strategy = &self.value["spec"]["updateStrategy"];
        if strategy["type"] == "OnDelete" {
            return;
        }
        let partition = strategy["rollingUpdate"]["partition"].as_i64().unwrap_or(0);
        for ordinal in self.ordinals().rev() {
            if ordinal < partition {
                return;
            }
            let Some(pod) = self.pod(cx, ordinal) else { return };
            if !templates.is_current(&pod) && !pod.is_terminating() {
                cx.delete(&pod.address, &pod.object.uid);
                return;
            }
            if !self.is_available(cx, &pod) {
                self.look_again(cx, &pod);
                return;
            }
        }
    }

    fn ordinal(&self, pod: &Pod) -> Option<i64> {
        pod.address.name.strip_prefix(self.address.name.as_str())?.strip_prefix('-')?.parse().ok()
    }

    /// A pod that is ready becomes available by itself.
    fn look_again(&self, cx: &mut Context<'_>, pod: &Pod) {
        if let Some(from) = pod.available_from(self.min_ready_s).filter(|from| *from > cx.now) {
            cx.when(Controller::StatefulSet, &self.address, from);
        }
    }

    fn tell(&self, cx: &mut Context<'_>, templates: &Templates) {
        // What is on its way out, or has ended, counts until it is gone.
        let pods: Vec<Arc<Pod>> = self.pods(cx);
        let running: Vec<Arc<Pod>> = pods.iter().filter(|pod| pod.phase == Phase::Running).cloned().collect();
        let staying = || pods.iter().filter(|pod| !pod.is_terminating());
        let count = replica_set::available(cx.now, &running, self.min_ready_s);
        if let Some(next) = count.next {
            cx.when(Controller::StatefulSet, &self.address, next);
        }
        let ready = running.iter().filter(|pod| pod.is_ready()).count();
        let updated = staying().filter(|pod| templates.is_current(pod)).count();
        let of_current = staying().filter(|pod| templates.is_before(pod)).count();
        let is_complete = updated == pods.len()
            && ready == pods.len()
            && i64::try_from(updated).is_ok_and(|updated| updated == self.replicas);
        let current = if is_complete { &templates.update } else { &templates.current };
        let generation = self.value["metadata"]["generation"].clone();
        let collisions = self.value["status"]["collisionCount"].as_i64().unwrap_or(0);
        let of_current = if is_complete { updated } else { of_current };
        let mut status = json!({
            "observedGeneration": generation, "replicas": pods.len(), "availableReplicas": count.available,
            "currentRevision": current, "updateRevision": templates.update, "collisionCount": collisions,
        });
        let counts =
            [("readyReplicas", ready), ("updatedReplicas", updated), ("currentReplicas", of_current)];
        for (field, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
            status[field] = count.into();
        }
        cx.change_status(&self.address, |own| *own = status);
    }
}
