//! ControllerRevisions: the templates that StatefulSets and DaemonSets have had.

use serde_json::{Value, json};

use super::{Context, pod_template};
use crate::kinds::{self, Kind};
use crate::storage::Address;

/// The label that says which template a pod is of.
pub(super) const LABEL: &str = "controller-revision-hash";
/// Revisions that are kept beside the newest, where the spec does not say.
const HISTORY: i64 = 10;

/// Keeps the template of a workload as a revision; its name. A template that comes back is the
/// revision it was, with a new number.
pub(super) fn keep(cx: &Context<'_>, kind: Kind, workload: &Address, value: &Value) -> String {
    let hash = pod_template::hash(&value["spec"]["template"], 0);
    let name = format!("{}-{hash}", workload.name);
    let address = Address::new(kinds::CONTROLLER_REVISION, &workload.namespace, &name);
    let all = all(cx, value);
    let newest = all.iter().map(|(_, number)| *number).max().unwrap_or(0);
    match all.iter().find(|(own, _)| own.name == name) {
        Some((_, number)) if *number == newest => {}
        Some(_) => cx.change(&address, |revision| revision["revision"] = (newest + 1).into()),
        None => {
            let revision = json!({
                "metadata": {
                    "name": name,
                    "labels": {LABEL: hash},
                    "ownerReferences": [pod_template::owner_reference(kind, value)],
                },
                "data": {"spec": {"template": value["spec"]["template"]}},
                "revision": newest + 1,
            });
            let _ = cx.create(&address, revision);
            forget_old(cx, value, all);
        }
    }
    name
}

/// The template that a revision keeps.
pub(super) fn template(cx: &Context<'_>, workload: &Address, name: &str) -> Option<Value> {
    let address = Address::new(kinds::CONTROLLER_REVISION, &workload.namespace, name);
    Some(cx.read(&address)?["data"]["spec"]["template"].clone())
}

fn all(cx: &Context<'_>, value: &Value) -> Vec<(Address, i64)> {
    let uid = value["metadata"]["uid"].as_str().unwrap_or_default();
    let owned = cx.view.owned(uid).filter(|address| address.kind == kinds::CONTROLLER_REVISION);
    owned
        .filter_map(|address| Some((address.clone(), cx.read(address)?["revision"].as_i64().unwrap_or(0))))
        .collect()
}

fn forget_old(cx: &Context<'_>, value: &Value, mut all: Vec<(Address, i64)>) {
    let kept = value["spec"]["revisionHistoryLimit"].as_i64().unwrap_or(HISTORY);
    let surplus = all.len().saturating_sub(usize::try_from(kept).unwrap_or(0));
    all.sort_by_key(|(_, number)| *number);
    for (address, _) in all.into_iter().take(surplus) {
        let is_in_use = value["status"]["currentRevision"] == address.name.as_str();
        if let (false, Some(object)) = (is_in_use, cx.registry.storage().get(&address)) {
            cx.delete(&address, &object.uid);
        }
    }
}
