//! The ReplicaSets of a Deployment: one for each template it has had.

use serde_json::{Value, json};

use super::super::{Context, pod_template};
use super::{Deployment, Revision};
use crate::kinds;
use crate::storage::Address;

/// The revision's number, on ReplicaSets and on the Deployment.
const REVISION: &str = "deployment.kubernetes.io/revision";
const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
const MOST: &str = "deployment.kubernetes.io/max-replicas";
/// Which template a pod is of.
const HASH: &str = "pod-template-hash";
/// Old ReplicaSets that are kept, where the spec does not say.
const HISTORY: i64 = 10;

/// The ReplicaSet of the current template, and the others, oldest first.
pub(super) fn find(cx: &Context<'_>, deployment: &Deployment) -> (Option<Revision>, Vec<Revision>) {
    let uid = deployment.uid();
    let owned = cx.view.owned(uid).filter(|address| address.kind == kinds::REPLICA_SET);
    let read = owned.filter_map(|address| Some(Revision::new(address.clone(), cx.read(address)?)));
    let mut all: Vec<Revision> = read.filter(|revision| is_controlled_by(&revision.value, uid)).collect();
    all.sort_by_key(|revision| {
        let created = revision.value["metadata"]["creationTimestamp"].as_str().unwrap_or_default().to_owned();
        (created, number(&revision.value), revision.address.name.clone())
    });
    let is_current = |revision: &Revision| {
        is_same(&revision.value["spec"]["template"], &deployment.value["spec"]["template"])
    };
    let new = all.iter().position(is_current).map(|at| all.remove(at));
    (new, all)
}

/// Makes the ReplicaSet of the current template.
pub(super) fn create(cx: &Context<'_>, deployment: &Deployment, old: &[Revision]) -> Option<Revision> {
    let value = &deployment.value;
    let collisions = value["status"]["collisionCount"].as_u64().unwrap_or(0);
    let hash = pod_template::hash(&value["spec"]["template"], collisions);
    let mut template = value["spec"]["template"].clone();
    template["metadata"]["labels"][HASH] = hash.as_str().into();
    let mut selector = value["spec"]["selector"].clone();
    selector["matchLabels"][HASH] = hash.as_str().into();
    let mut set = json!({
        "metadata": {
            "name": format!("{}-{hash}", deployment.address.name),
            "labels": template["metadata"]["labels"],
            "annotations": value["metadata"]["annotations"],
            "ownerReferences": [pod_template::owner_reference(kinds::DEPLOYMENT, value)],
        },
        "spec": {
            "replicas": super::rollout::first_size(deployment, old),
            "selector": selector,
            "template": template,
        },
    });
    if deployment.min_ready_s > 0 {
        set["spec"]["minReadySeconds"] = deployment.min_ready_s.into();
    }
    if let Some(own) = set["metadata"]["annotations"].as_object_mut() {
        own.remove("kubectl.kubernetes.io/last-applied-configuration");
    } else {
        set["metadata"]["annotations"] = json!({});
    }
    set["metadata"]["annotations"][REVISION] = (newest(old) + 1).to_string().into();
    annotate_size(&mut set, deployment);
    let address = Address::new(kinds::REPLICA_SET, &deployment.address.namespace, "");
    match cx.create(&address, set) {
        Ok(object) => {
            let value = object.value();
            let name = value["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            let size = value["spec"]["replicas"].as_i64().unwrap_or(0);
            if size > 0 {
                deployment.tell(cx, &format!("Scaled up replica set {name} from 0 to {size}"));
            }
            let made = Revision::new(Address { name: name.into(), ..address }, value);
            Some(Revision { is_made_now: true, ..made })
        }
        Err(status) if status.reason == "AlreadyExists" => {
            // Another template has the same hash: count the collision and make another name.
            cx.change_status(&deployment.address, |status| {
                status["collisionCount"] = (collisions + 1).into();
            });
            None
        }
        Err(_) => None,
    }
}

/// The current template bears the highest number, also when it had been current before (a rollback).
pub(super) fn keep_current(cx: &Context<'_>, deployment: &Deployment, new: &Revision, old: &[Revision]) {
    let own = number(&new.value);
    let wanted = if own > newest(old) { own } else { newest(old) + 1 };
    let text = wanted.to_string();
    if own != wanted {
        cx.change(&new.address, |set| set["metadata"]["annotations"][REVISION] = text.as_str().into());
    }
    if deployment.value["metadata"]["annotations"][REVISION] != text.as_str() {
        cx.change(&deployment.address, |own| own["metadata"]["annotations"][REVISION] = text.as_str().into());
    }
}

/// Deletes empty ReplicaSets beyond the history that is kept, oldest first.
pub(super) fn forget_old(cx: &Context<'_>, deployment: &Deployment, old: &[Revision]) {
    let kept = deployment.value["spec"]["revisionHistoryLimit"].as_i64().unwrap_or(HISTORY);
    let surplus = old.len().saturating_sub(usize::try_from(kept).unwrap_or(0));
    let mut oldest: Vec<&Revision> = old.iter().collect();
    oldest.sort_by_key(|revision| number(&revision.value));
    for revision in oldest.into_iter().take(surplus) {
        if revision.replicas == 0 && revision.status("replicas") == 0 {
            cx.delete(&revision.address, revision.value["metadata"]["uid"].as_str().unwrap_or_default());
        }
    }
}

/// Notes on a ReplicaSet how large the whole is to be.
pub(super) fn annotate_size(set: &mut Value, deployment: &Deployment) {
    let annotations = &mut set["metadata"]["annotations"];
    annotations[DESIRED] = deployment.replicas.to_string().into();
    annotations[MOST] = (deployment.replicas + deployment.surge).to_string().into();
}

fn newest(revisions: &[Revision]) -> i64 {
    revisions.iter().map(|revision| number(&revision.value)).max().unwrap_or(0)
}

fn number(set: &Value) -> i64 {
    let text = set["metadata"]["annotations"][REVISION].as_str();
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn is_controlled_by(set: &Value, uid: &str) -> bool {
    let owners = set["metadata"]["ownerReferences"].as_array().into_iter().flatten();
    owners.into_iter().any(|owner| owner["controller"] == true && owner["uid"] == uid)
}

fn is_same(of_set: &Value, of_deployment: &Value) -> bool {
    let mut without = of_set.clone();
    if let Some(labels) = without["metadata"]["labels"].as_object_mut() {
        labels.remove(HASH);
    }
    let mut own = of_deployment.clone();
    if let Some(labels) = own["metadata"]["labels"].as_object_mut() {
        labels.remove(HASH);
    }
    without == own
}
