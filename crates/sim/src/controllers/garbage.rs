//! Garbage collection: what is owned goes with its owner, before it (foreground), or stays (orphan).

use serde_json::Value;

use super::Context;
use crate::kinds;
use crate::registry::{Deletion, Propagation};
use crate::storage::Address;

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

/// Looks at an object that has owners, or that waits for what it owns.
pub(super) fn work(cx: &mut Context<'_>, address: &Address) {
    let Some(value) = cx.read(address) else { return };
    if !value["metadata"]["deletionTimestamp"].is_null() {
        if has_finalizer(&value, ORPHAN) {
            orphan(cx, &value);
            drop_finalizer(cx, address, ORPHAN);
        } else if has_finalizer(&value, FOREGROUND) {
            wait_for_dependents(cx, address, &value);
        }
        return;
    }
    follow_owners(cx, address, &value);
}

/// An object without any owner left goes; references to owners that are gone are dropped.
fn follow_owners(cx: &Context<'_>, address: &Address, value: &Value) {
    let references = value["metadata"]["ownerReferences"].as_array();
    let Some(references) = references.filter(|all| !all.is_empty()) else { return };
    let gone: Vec<&Value> = references.iter().filter(|one| !exists(cx, address, one)).collect();
    if gone.is_empty() {
        return;
    }
    if gone.len() == references.len() {
        cx.delete(address, value["metadata"]["uid"].as_str().unwrap_or_default());
        return;
    }
    let uids: Vec<Value> = gone.iter().map(|one| one["uid"].clone()).collect();
    drop_references(cx, address, &uids);
}

fn exists(cx: &Context<'_>, address: &Address, reference: &Value) -> bool {
    let known = cx.view.kinds();
    let kind = known.into_iter().find(|kind| {
        reference["kind"] == kind.kind && reference["apiVersion"] == kind.api_version().as_str()
    });
    // An owner of a kind that nobody has seen cannot be asked for: its dependents are left alone.
    let Some(kind) = kind else { return true };
    let namespace = if kind.is_namespaced { address.namespace.as_str() } else { "" };
    let owner = Address::new(kind, namespace, reference["name"].as_str().unwrap_or_default());
    let found = cx.registry.storage().get(&owner);
    found.is_some_and(|found| reference["uid"] == found.uid.as_str())
}

fn dependents(cx: &Context<'_>, owner: &Value) -> Vec<Address> {
    let uid = owner["metadata"]["uid"].as_str().unwrap_or_default();
    let pods = cx.view.pods.owned_by(uid).map(|pod| Address::clone(&pod.address));
    cx.view.owned(uid).cloned().chain(pods).collect()
}

fn orphan(cx: &Context<'_>, owner: &Value) {
    let uid = [owner["metadata"]["uid"].clone()];
    for address in dependents(cx, owner) {
        drop_references(cx, &address, &uid);
    }
}

fn drop_references(cx: &Context<'_>, address: &Address, uids: &[Value]) {
    cx.change(address, |value| {
        if let Some(all) = value["metadata"]["ownerReferences"].as_array_mut() {
            all.retain(|one| !uids.contains(&one["uid"]));
        }
    });
}

/// Ends what blocks the owner's end; lets the owner go when nothing does any more.
fn wait_for_dependents(cx: &Context<'_>, address: &Address, owner: &Value) {
    let uid = &owner["metadata"]["uid"];
    let mut is_blocked = false;
    for dependent in dependents(cx, owner) {
        let Some(value) = cx.read(&dependent) else { continue };
        let references = value["metadata"]["ownerReferences"].as_array().into_iter().flatten();
        let blocks =
            references.into_iter().any(|one| one["uid"] == *uid && one["blockOwnerDeletion"] == true);
        is_blocked |= blocks;
        if value["metadata"]["deletionTimestamp"].is_null() {
            let is_owner = !dependents(cx, &value).is_empty();
            let propagation = if is_owner { Propagation::Foreground } else { Propagation::Background };
            let own = value["metadata"]["uid"].as_str().map(str::to_owned);
            // A dependent that went meanwhile is what was wanted.
            let _ =
                cx.registry.delete(&dependent, &Deletion { uid: own, propagation, ..Deletion::default() });
        }
    }
    let is_pod = address.kind == kinds::POD;
    if !is_blocked || (is_pod && dependents(cx, owner).is_empty()) {
        drop_finalizer(cx, address, FOREGROUND);
    }
}

fn has_finalizer(value: &Value, finalizer: &str) -> bool {
    value["metadata"]["finalizers"].as_array().is_some_and(|all| all.iter().any(|own| own == finalizer))
}

fn drop_finalizer(cx: &Context<'_>, address: &Address, finalizer: &str) {
    cx.change(address, |value| {
        if let Some(all) = value["metadata"]["finalizers"].as_array_mut() {
            all.retain(|own| own != finalizer);
        }
    });
}
