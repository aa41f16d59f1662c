//! What is changed of a healer's requests.

use http::Method;
use serde_json::{Value, json};

/// A request that can be tampered with.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Its method.
    pub method: Method,
    /// Its path.
    pub path: String,
    /// Its body.
    pub body: Value,
}

/// Our own taint, and the annotation that says whose it is.
const QUARANTINE: &str = "seaworthy.dev/quarantine";

impl Call {
    fn is_eviction(&self) -> bool {
        self.path.ends_with("/eviction")
    }

    fn is_on_node(&self) -> bool {
        self.path.starts_with("/api/v1/nodes/") && self.method == Method::PATCH
    }

    /// Whether it writes what became of a remediation.
    pub(crate) fn is_record(&self) -> bool {
        self.method != Method::GET
            && self.path.starts_with("/apis/seaworthy.dev/")
            && self.path.contains("/remediations/")
    }
}

/// Any pod of that name will do.
pub(super) fn without_uid(call: &mut Call) {
    if call.is_eviction() {
        call.body["deleteOptions"] = Value::Null;
    }
}

/// Whatever was changed meanwhile is overwritten.
pub(super) fn without_version(call: &mut Call) {
    if let Some(meta) = call.body["metadata"].as_object_mut().filter(|_| call.method == Method::PATCH) {
        meta.remove("resourceVersion");
    }
}

/// Disruption budgets are not asked.
pub(super) fn delete_for_evict(call: &mut Call) {
    if call.is_eviction() {
        call.path.truncate(call.path.len() - "/eviction".len());
        call.method = Method::DELETE;
        let uid = call.body["deleteOptions"]["preconditions"]["uid"].clone();
        call.body = json!({"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid}});
    }
}

/// The list of taints is taken to be all ours.
pub(super) fn without_others_taints(call: &mut Call) {
    if call.is_on_node() && call.body["spec"]["taints"].is_array() {
        let taints = call.body["spec"]["taints"].as_array().into_iter().flatten();
        let own: Vec<Value> = taints.filter(|taint| taint["key"] == QUARANTINE).cloned().collect();
        call.body["spec"]["taints"] = own.into();
    }
}

/// A release that leaves taint and annotation where they are.
pub(super) fn release_nothing(call: &mut Call) {
    let marks = call.body.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut);
    let Some(marks) = marks.filter(|marks| marks.get(QUARANTINE).is_some_and(Value::is_null)) else { return };
    marks.remove(QUARANTINE);
    if let Some(taints) = call.body.pointer_mut("/spec/taints").and_then(Value::as_array_mut) {
        taints.push(json!({"key": QUARANTINE, "effect": "NoSchedule"}));
    }
}

/// An intent is written under the first epoch, whoever leads now. What is written of it later knows
/// better.
pub(super) fn intend_under_the_first_epoch(call: &mut Call) {
    let epoch = call.body["status"]["epoch"].clone();
    let attempts = call.body.pointer_mut("/status/attempts").and_then(Value::as_array_mut);
    let newest = attempts.and_then(|attempts| attempts.last_mut());
    if let Some(newest) = newest.filter(|newest| newest["closed"].is_null() && newest["epoch"] == epoch) {
        newest["epoch"] = 1.into();
        call.body["status"]["epoch"] = 1.into();
    }
}
