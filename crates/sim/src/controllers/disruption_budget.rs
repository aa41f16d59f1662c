//! PodDisruptionBudget: how many of its pods may be evicted now. The eviction API takes from
//! `disruptionsAllowed` and notes whom it took it for; here it is counted anew.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::amount::{self, Round};
use super::condition::{self, Condition};
use super::{Context, Controller};
use crate::kinds::{self, Kind};
use crate::storage::Address;
use crate::view::Pod;

/// How long an eviction that was granted counts although its pod shows no sign of going, in seconds.
const GRANT_S: i64 = 120;

/// Counts a budget anew.
pub(super) fn work(cx: &mut Context<'_>, address: &Address) {
    let Some(budget) = cx.read(address) else { return };
    let Some(selector) = cx.view.selectors.get(address) else { return };
    let pods = cx.view.pods.in_namespace(&address.namespace);
    let pods: Vec<Arc<Pod>> =
        pods.filter(|pod| selector.matches(&pod.object) && !pod.has_ended()).cloned().collect();
    let granted = granted(&budget["status"]["disruptedPods"], &pods, cx.now);
    let next = granted.values().filter_map(condition::read_time).min();
    let healthy = pods.iter().filter(|pod| {
        pod.is_ready() && !pod.is_terminating() && !granted.contains_key(pod.address.name.as_str())
    });
    let healthy = healthy.count() as i64;
    let (expected, desired) = expectation(cx, &budget["spec"], &pods);
    let allowed = if expected > 0 { (healthy - desired).max(0) } else { 0 };
    let now = cx.now;
    cx.change_status(address, |status| {
        let conditions = status["conditions"].take();
        *status = json!({
            "observedGeneration": budget["metadata"]["generation"], "disruptionsAllowed": allowed,
            "currentHealthy": healthy, "desiredHealthy": desired, "expectedPods": expected,
        });
        if conditions.is_array() {
            status["conditions"] = conditions;
        }
        if !granted.is_empty() {
            status["disruptedPods"] = granted.into();
        }
        let (to, reason) =
            if allowed > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
        let said = Condition { kind: "DisruptionAllowed", status: to, reason, message: "" };
        condition::set(status, said, now);
    });
    if let Some(next) = next.and_then(|at| at.checked_add(SignedDuration::from_secs(GRANT_S + 1)).ok()) {
        cx.when(Controller::DisruptionBudget, address, next);
    }
}

/// The grants that still count: of pods that are there and not going yet.
fn granted(disrupted: &Value, pods: &[Arc<Pod>], now: Timestamp) -> Map<String, Value> {
    let counts = |name: &str, since: &Value| {
        let is_waiting = pods.iter().any(|pod| pod.address.name == name && !pod.is_terminating());
        let until = condition::read_time(since)
            .and_then(|since| since.checked_add(SignedDuration::from_secs(GRANT_S)).ok());
        is_waiting && until.is_some_and(|until| until >= now)
    };
    let all = disrupted.as_object().into_iter().flatten();
    all.filter(|(name, since)| counts(name, since)).map(|(name, at)| (name.clone(), at.clone())).collect()
}

/// How many pods there should be, and how many of them must be healthy.
fn expectation(cx: &Context<'_>, spec: &Value, pods: &[Arc<Pod>]) -> (i64, i64) {
    let there = pods.len() as i64;
    let most = &spec["maxUnavailable"];
    if !most.is_null() {
        let expected = scale(cx, pods);
        let unavailable = amount::of(most, expected, Round::Up).unwrap_or(0);
        return (expected, (expected - unavailable).max(0));
    }
    let least = &spec["minAvailable"];
    if let Some(count) = least.as_i64() {
        return (there, count);
    }
    if least.is_null() {
        // Neither is said: one must be there.
        return (there, 1);
    }
    let expected = scale(cx, pods);
    // What cannot be read allows nothing.
    (expected, amount::of(least, expected, Round::Up).unwrap_or(expected))
}

/// How many pods their controllers want together.
fn scale(cx: &Context<'_>, pods: &[Arc<Pod>]) -> i64 {
    let mut scales: BTreeMap<String, i64> = BTreeMap::new();
    // Most pods of a budget have one owner: each is read once.
    let owners: BTreeSet<Address> = pods
        .iter()
        .filter_map(|pod| {
            let owner = pod.controller.as_ref()?;
            Some(Address::new(scalable(&owner.kind)?, &pod.address.namespace, &owner.name))
        })
        .collect();
    for mut address in owners {
        let mut value = cx.read(&address).unwrap_or_default();
        if let Some(above) = deployment_of(&value) {
            address = Address::new(kinds::DEPLOYMENT, &address.namespace, above);
            value = cx.read(&address).unwrap_or_default();
        }
        let uid = value["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
        scales.insert(uid, value["spec"]["replicas"].as_i64().unwrap_or(0));
    }
    scales.values().sum()
}

fn scalable(kind: &str) -> Option<Kind> {
    match kind {
        "ReplicaSet" => Some(kinds::REPLICA_SET),
        "StatefulSet" => Some(kinds::STATEFUL_SET),
        _ => None,
    }
}

fn deployment_of(set: &Value) -> Option<&str> {
    let owners = set["metadata"]["ownerReferences"].as_array()?;
    let above = owners.iter().find(|owner| owner["controller"] == true && owner["kind"] == "Deployment")?;
    above["name"].as_str()
}
