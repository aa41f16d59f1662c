//! ControllerRevisions: the templates that StatefulSets and DaemonSets have had.

use serde_json::{Map, Value, json};

use super::{Context, pod_template};
use crate::kinds::{self, Kind};
use crate::storage::Address;

/// The label that says which template a pod is of.
pub(super) const LABEL: &str = "controller-revision-hash";
/// The label that a StatefulSet's revisions bear; a DaemonSet's bear the one of pods.
const OF_STATEFUL_SET: &str = "controller.kubernetes.io/hash";
/// Revisions that are kept beside those in use, where the spec does not say.
const HISTORY: i64 = 10;
/// What makes a revision's data a patch that restores the template as it was.
const DIRECTIVE: &str = "$patch";

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
        None => drop(cx.create(&address, revision(kind, value, &name, &hash, newest + 1))),
    }
    forget_old(cx, value, &name, all);
    name
}

/// As clients find it, by the template's labels, and as `kubectl rollout undo` sends it: a strategic
/// merge patch.
fn revision(kind: Kind, value: &Value, name: &str, hash: &str, number: i64) -> Value {
    let mut template = value["spec"]["template"].clone();
    let mut labels = template["metadata"]["labels"].as_object().cloned().unwrap_or_else(Map::new);
    let label = if kind == kinds::STATEFUL_SET { OF_STATEFUL_SET } else { LABEL };
    labels.insert(label.to_owned(), hash.into());
    template[DIRECTIVE] = "replace".into();
    let mut revision = json!({
        "metadata": {
            "name": name,
            "labels": labels,
            "ownerReferences": [pod_template::owner_reference(kind, value)],
        },
        "data": {"spec": {"template": template}},
        "revision": number,
    });
    // Why it was made, among others: `kubernetes.io/change-cause`.
    if value["metadata"]["annotations"].is_object() {
        revision["metadata"]["annotations"] = value["metadata"]["annotations"].clone();
    }
    revision
}

/// The template that a revision keeps.
pub(super) fn template(cx: &Context<'_>, workload: &Address, name: &str) -> Option<Value> {
    let address = Address::new(kinds::CONTROLLER_REVISION, &workload.namespace, name);
    let mut template = cx.read(&address)?["data"]["spec"]["template"].clone();
    if let Some(fields) = template.as_object_mut() {
        fields.remove(DIRECTIVE);
    }
    Some(template)
}

fn all(cx: &Context<'_>, value: &Value) -> Vec<(Address, i64)> {
    let owned = cx.view.owned(uid(value)).filter(|address| address.kind == kinds::CONTROLLER_REVISION);
    owned
        .filter_map(|address| Some((address.clone(), cx.read(address)?["revision"].as_i64().unwrap_or(0))))
        .collect()
}

/// Deletes the oldest that neither are `newest`, nor complete, nor any pod's, beyond the number that is kept.
fn forget_old(cx: &Context<'_>, value: &Value, newest: &str, mut all: Vec<(Address, i64)>) {
    let kept = value["spec"]["revisionHistoryLimit"].as_i64().unwrap_or(HISTORY);
    let kept = usize::try_from(kept).unwrap_or(0);
    if all.len() <= kept {
        return;
    }
    all.retain(|(address, _)| address.name != newest && !is_in_use(cx, value, &address.name));
    all.sort_by_key(|(_, number)| *number);
    let surplus = all.len().saturating_sub(kept);
    for (address, _) in all.into_iter().take(surplus) {
        if let Some(object) = cx.registry.storage().get(&address) {
            cx.delete(&address, &object.uid);
        }
    }
}

fn is_in_use(cx: &Context<'_>, value: &Value, name: &str) -> bool {
    let hash = name.rsplit('-').next().unwrap_or_default();
    // Pods of a StatefulSet bear the revision's name, those of a DaemonSet its hash.
    let is_of_it = |label: &str| label == name || label == hash;
    value["status"]["currentRevision"] == name
        || cx.view.pods.controlled_by(uid(value)).any(|pod| pod.object.label(LABEL).is_some_and(is_of_it))
}

fn uid(value: &Value) -> &str {
    value["metadata"]["uid"].as_str().unwrap_or_default()
}
