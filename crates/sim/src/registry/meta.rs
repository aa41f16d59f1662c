//! The metadata that the server keeps, whatever a client says of it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Part, Status};
use crate::kinds::{self, Kind};
use crate::storage::{Address, Object};

/// Longest name the server makes, in bytes, and what it leaves for the suffix.
const NAME_MAX: usize = 63;
const SUFFIX: usize = 5;

/// Where the controller of Deployments keeps the revision.
const REVISION: &str = "deployment.kubernetes.io/revision";

/// A point in time as the API writes it.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// What is left of a `generateName` so that the name is not too long.
pub(super) fn cut_base(base: &str) -> &str {
    let mut end = base.len().min(NAME_MAX - SUFFIX);
    while !base.is_char_boundary(end) {
        end -= 1;
    }
    &base[..end]
}

/// Gives a new object what only the server gives.
pub(super) fn settle_new(value: &mut Value, address: &Address, uid: &str, now: Timestamp) {
    let kind = address.kind;
    value["apiVersion"] = kind.api_version().into();
    value["kind"] = kind.kind.into();
    let meta = &mut value["metadata"];
    if kind.is_namespaced {
        meta["namespace"] = address.namespace.as_str().into();
    } else if let Some(fields) = meta.as_object_mut() {
        fields.remove("namespace");
    }
    meta["uid"] = uid.into();
    meta["creationTimestamp"] = time(now).into();
    if let Some(fields) = meta.as_object_mut() {
        fields.remove("deletionTimestamp");
        fields.remove("deletionGracePeriodSeconds");
        fields.remove("selfLink");
    }
    if has_generation(kind, value) {
        value["metadata"]["generation"] = 1.into();
    }
}

/// `value` as it is kept at a revision.
pub(super) fn stored(mut value: Value, revision: u64) -> Object {
    value["metadata"]["resourceVersion"] = revision.to_string().into();
    Object::new(&value)
}

/// A write that names a UID or a version is for that one alone.
pub(super) fn check_preconditions(address: &Address, current: &Value, wanted: &Value) -> Result<(), Status> {
    for field in ["uid", "resourceVersion"] {
        let asked = wanted["metadata"][field].as_str().unwrap_or_default();
        if asked.is_empty() || current["metadata"][field] == asked {
            continue;
        }
        return Err(match field {
            "uid" => {
                Status::uid_conflict(address, asked, current["metadata"]["uid"].as_str().unwrap_or_default())
            }
            _ => Status::conflict(address),
        });
    }
    Ok(())
}

/// What no client can change.
pub(super) fn keep_identity(after: &mut Value, before: &Value, address: &Address) -> Result<(), Status> {
    if !after.is_object() || !after["metadata"].is_object() {
        return Err(Status::bad_request("the object provided is unrecognized"));
    }
    check_preconditions(address, before, after)?;
    for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp", "generation"] {
        restore(&mut after["metadata"], &before["metadata"], field);
    }
    // Only a deletion sets these, and nothing takes them back.
    for field in ["deletionTimestamp", "deletionGracePeriodSeconds"] {
        restore(&mut after["metadata"], &before["metadata"], field);
    }
    after["apiVersion"] = before["apiVersion"].clone();
    after["kind"] = before["kind"].clone();
    Ok(())
}

/// The half that a write is not for stays as it was.
pub(super) fn keep_other_part(after: &mut Value, before: &Value, kind: Kind, part: Part) {
    if !kind.subresources.contains(&"status") {
        return;
    }
    match part {
        Part::Main => restore(after, before, "status"),
        Part::Status => {
            let status = after["status"].take();
            *after = before.clone();
            after["status"] = status;
            if after["status"].is_null() {
                restore(after, &json!({}), "status");
            }
        }
    }
}

/// A spec that changes is a new generation.
pub(super) fn raise_generation(kind: Kind, after: &mut Value, before: &Value) {
    let Some(generation) = before["metadata"]["generation"].as_i64() else { return };
    if kind == kinds::POD && is_binding(after, before) {
        return;
    }
    let differs = |field: &str| after.get(field) != before.get(field);
    let fields = after.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    let is_new = fields
        .chain(before.as_object().into_iter().flatten().map(|(name, _)| name.as_str()))
        .any(|field| !matches!(field, "metadata" | "status" | "apiVersion" | "kind") && differs(field));
    let is_new = is_new || (kind == kinds::DEPLOYMENT && annotations(after) != annotations(before));
    if is_new {
        after["metadata"]["generation"] = (generation + 1).into();
    }
}

/// A pod gets its node: that is no new generation.
fn is_binding(after: &Value, before: &Value) -> bool {
    let has_node = |value: &Value| value["spec"]["nodeName"].as_str().is_some_and(|node| !node.is_empty());
    has_node(after) && !has_node(before)
}

/// The real server counts annotations of Deployments as part of what is wanted. The controller's own
/// comes with the status there, and so does not count.
fn annotations(deployment: &Value) -> Vec<(&String, &Value)> {
    let all = deployment["metadata"]["annotations"].as_object().into_iter().flatten();
    all.filter(|(name, _)| *name != REVISION).collect()
}

/// Kinds that have a spec and no generations.
const WITHOUT: &[Kind] = &[
    kinds::LEASE,
    kinds::NAMESPACE,
    kinds::NODE,
    kinds::SERVICE,
    kinds::PERSISTENT_VOLUME,
    kinds::PERSISTENT_VOLUME_CLAIM,
];

fn has_generation(kind: Kind, value: &Value) -> bool {
    kind == kinds::ENDPOINT_SLICE || (value.get("spec").is_some() && !WITHOUT.contains(&kind))
}

fn restore(after: &mut Value, before: &Value, field: &str) {
    match before.get(field) {
        Some(value) => after[field] = value.clone(),
        None => {
            if let Some(fields) = after.as_object_mut() {
                fields.remove(field);
            }
        }
    }
}
