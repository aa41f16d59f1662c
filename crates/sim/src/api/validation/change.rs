//! What cannot be changed once it is there.

use serde_json::Value;

use super::{Errors, error, is_one_of};
use crate::kinds::{self, Kind};

/// Kinds whose selector is for good.
const WITH_SELECTOR: &[Kind] = &[kinds::DEPLOYMENT, kinds::REPLICA_SET, kinds::DAEMON_SET, kinds::JOB];

/// What can be changed of a StatefulSet's spec.
const OF_STATEFUL_SETS: &[&str] = &[
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
];

/// What is for good of an event: everything but what it is counted by.
const OF_EVENTS_KEPT: &[&str] = &[
    "action",
    "reason",
    "type",
    "note",
    "regarding",
    "related",
    "reportingController",
    "reportingInstance",
    "eventTime",
];

pub(super) fn check(kind: Kind, before: &Value, after: &Value) -> Errors {
    let mut errors = finalizers(&before["metadata"], &after["metadata"]);
    let (was, is) = (&before["spec"], &after["spec"]);
    if kind == kinds::POD && !is_allowed_to_pods(was, is) {
        let why = "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,\
                   `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to \
                   existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was \
                   previously negative)";
        errors.push(error("spec", why));
    }
    if kind == kinds::EVENT_EVENTS {
        let changed = OF_EVENTS_KEPT.iter().filter(|field| before[**field] != after[**field]);
        let why = |field: &str| format!("Invalid value: {}: field is immutable", after[field]);
        errors.extend(changed.map(|field| error(field, &why(field))));
    }
    if is_one_of(kind, WITH_SELECTOR) && was["selector"] != is["selector"] {
        errors
            .push(error("spec.selector", &format!("Invalid value: {}: field is immutable", is["selector"])));
    }
    if kind == kinds::JOB && was["template"] != is["template"] {
        errors.push(error("spec.template", "Invalid value: field is immutable"));
    }
    if kind == kinds::STATEFUL_SET && without(was, OF_STATEFUL_SETS) != without(is, OF_STATEFUL_SETS) {
        let fields: Vec<String> = OF_STATEFUL_SETS.iter().map(|field| format!("'{field}'")).collect();
        let (last, others) =
            fields.split_last().map_or(("", &[][..]), |(last, others)| (last.as_str(), others));
        let why = format!(
            "Forbidden: updates to statefulset spec for fields other than {} and {last} are forbidden",
            others.join(", ")
        );
        errors.push(error("spec", &why));
    }
    errors
}

/// What is on its way out cannot be held anew.
fn finalizers(before: &Value, after: &Value) -> Errors {
    let list = |meta: &Value| meta["finalizers"].as_array().cloned().unwrap_or_default();
    let had = list(before);
    let new: Vec<String> =
        list(after).iter().filter(|one| !had.contains(one)).map(ToString::to_string).collect();
    if before["deletionTimestamp"].is_null() || new.is_empty() {
        return Errors::new();
    }
    let why = format!(
        "Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
        new.join(", ")
    );
    vec![error("metadata.finalizers", &why)]
}

/// Whether a pod may be changed so, except by its subresources.
fn is_allowed_to_pods(was: &Value, is: &Value) -> bool {
    const FREE: &[&str] = &["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"];
    let tolerations = |spec: &Value| spec["tolerations"].as_array().cloned().unwrap_or_default();
    let kept = tolerations(is);
    let (mut was_rest, mut is_rest) = (without(was, FREE), without(is, FREE));
    for containers in ["containers", "initContainers"] {
        for spec in [&mut was_rest, &mut is_rest] {
            for container in spec.get_mut(containers).and_then(Value::as_array_mut).into_iter().flatten() {
                container["image"] = Value::Null;
            }
        }
    }
    let grace = |spec: &Value| spec["terminationGracePeriodSeconds"].as_i64();
    let is_grace_kept =
        grace(was) == grace(is) || (grace(was).is_some_and(|was| was < 0) && grace(is) == Some(1));
    was_rest == is_rest
        && is_grace_kept
        && tolerations(was).iter().all(|toleration| kept.contains(toleration))
}

fn without(spec: &Value, fields: &[&str]) -> Value {
    let mut spec = spec.clone();
    if let Some(own) = spec.as_object_mut() {
        own.retain(|name, _| !fields.contains(&name.as_str()));
    }
    spec
}
