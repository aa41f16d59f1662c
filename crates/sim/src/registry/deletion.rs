//! How objects end: at once, after a time of grace, or when the last finalizer is gone.

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Registry, Status, meta};
use crate::kinds;
use crate::storage::{Address, Object};

/// What becomes of the objects that an object owns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Propagation {
    /// They go after it.
    #[default]
    Background,
    /// It goes after them.
    Foreground,
    /// They stay.
    Orphan,
}

/// How to delete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deletion {
    /// Only this object, not a namesake.
    pub uid: Option<String>,
    /// Only this version.
    pub resource_version: Option<String>,
    /// Seconds of grace, for pods; what their spec says where it is not given.
    pub grace_seconds: Option<i64>,
    /// What becomes of what it owns.
    pub propagation: Propagation,
}

/// What a deletion came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// It is gone; this is how it was last.
    Gone(Arc<Object>),
    /// It is on its way: a time of grace or finalizers hold it.
    Going(Arc<Object>),
}

/// Whether nothing holds an object any more whose deletion was asked for.
pub(super) fn is_finished(value: &Value) -> bool {
    let meta = &value["metadata"];
    !meta["deletionTimestamp"].is_null()
        && meta["deletionGracePeriodSeconds"].as_i64().unwrap_or(0) == 0
        && meta["finalizers"].as_array().is_none_or(Vec::is_empty)
        && !is_filled(value)
}

/// A namespace has finalizers in its spec, too: until the controller has emptied it.
fn is_filled(value: &Value) -> bool {
    value["kind"] == "Namespace" && value["spec"]["finalizers"].as_array().is_some_and(|all| !all.is_empty())
}

pub(super) fn delete(registry: &Registry, address: &Address, deletion: &Deletion) -> Result<Deleted, Status> {
    let current = registry.get(address)?;
    let mut value = current.value();
    check(address, &value, deletion)?;
    let grace = grace(address, &value, deletion);
    let meta = &mut value["metadata"];
    let was_going = !meta["deletionTimestamp"].is_null();
    if let Some(finalizer) = finalizer(deletion.propagation) {
        add_finalizer(meta, finalizer);
    }
    // A namespace goes when it is empty, which no grace period says.
    let has_grace = address.kind != kinds::NAMESPACE;
    let before = meta["deletionGracePeriodSeconds"].as_i64();
    let is_shorter = has_grace && before.is_none_or(|before| grace < before);
    if !was_going || is_shorter {
        let from = registry.now();
        let until = from.saturating_add(SignedDuration::from_secs(grace)).unwrap_or(from);
        meta["deletionTimestamp"] = meta::time(until).into();
        if has_grace {
            meta["deletionGracePeriodSeconds"] = grace.into();
        }
    }
    if !was_going && let Some(generation) = value["metadata"]["generation"].as_i64() {
        value["metadata"]["generation"] = (generation + 1).into();
    }
    if is_finished(&value) {
        // What goes at once goes as it is: nobody sees it on its way.
        let last = if was_going || address.kind == kinds::POD { value } else { current.value() };
        let last =
            registry.storage.remove(address, |_, revision| Ok::<_, Status>(meta::stored(last, revision)))?;
        return Ok(Deleted::Gone(last));
    }
    if address.kind == kinds::NAMESPACE {
        value["status"]["phase"] = "Terminating".into();
    }
    if value == current.value() {
        return Ok(Deleted::Going(current));
    }
    let going =
        registry.storage.put(address, |_, revision| Ok::<_, Status>(meta::stored(value, revision)))?;
    Ok(Deleted::Going(going))
}

fn check(address: &Address, current: &Value, deletion: &Deletion) -> Result<(), Status> {
    let wanted =
        [("uid", "UID", &deletion.uid), ("resourceVersion", "ResourceVersion", &deletion.resource_version)];
    for (field, shown, wanted) in wanted {
        let found = current["metadata"][field].as_str().unwrap_or_default();
        if let Some(wanted) = wanted.as_deref().filter(|wanted| *wanted != found) {
            return Err(Status::deletion_conflict(address, shown, wanted, found));
        }
    }
    Ok(())
}

/// Pods end politely, once they are on a node and have not ended by themselves.
fn grace(address: &Address, pod: &Value, deletion: &Deletion) -> i64 {
    let is_pod = address.kind == kinds::POD;
    let is_placed = pod["spec"]["nodeName"].as_str().is_some_and(|node| !node.is_empty());
    let has_ended = matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
    if !is_pod || !is_placed || has_ended {
        return 0;
    }
    let own = pod["spec"]["terminationGracePeriodSeconds"].as_i64().unwrap_or(30);
    deletion.grace_seconds.unwrap_or(own).max(0)
}

fn finalizer(propagation: Propagation) -> Option<&'static str> {
    match propagation {
        Propagation::Background => None,
        Propagation::Foreground => Some("foregroundDeletion"),
        Propagation::Orphan => Some("orphan"),
    }
}

fn add_finalizer(meta: &mut Value, finalizer: &str) {
    if !meta["finalizers"].is_array() {
        meta["finalizers"] = json!([]);
    }
    if let Some(all) = meta["finalizers"].as_array_mut()
        && !all.iter().any(|own| own == finalizer)
    {
        all.push(finalizer.into());
    }
}
