//! How a rollout moves: up as far as the surge allows, down as far as availability allows.

use super::super::Context;
use super::{Deployment, Revision};

/// How many pods a new ReplicaSet begins with.
pub(super) fn first_size(deployment: &Deployment, old: &[Revision]) -> i64 {
    if deployment.recreates {
        let is_clear = old.iter().all(|revision| revision.replicas == 0);
        return if is_clear { deployment.replicas } else { 0 };
    }
    let total: i64 = old.iter().map(|revision| revision.replicas).sum();
    (deployment.replicas + deployment.surge - total).clamp(0, deployment.replicas)
}

/// Takes the rollout one step on, or follows a change of size.
pub(super) fn step(
    cx: &Context<'_>,
    deployment: &Deployment,
    new: Option<&mut Revision>,
    old: &mut [Revision],
) {
    if deployment.is_paused {
        resize_paused(cx, deployment, new, old);
        return;
    }
    let Some(new) = new else { return };
    if deployment.recreates {
        recreate(cx, deployment, new, old);
        return;
    }
    grow(cx, deployment, new, old);
    shrink(cx, deployment, new, old);
}

/// A paused Deployment follows changes of size alone, with the one ReplicaSet that it has pods of.
fn resize_paused(
    cx: &Context<'_>,
    deployment: &Deployment,
    new: Option<&mut Revision>,
    old: &mut [Revision],
) {
    let mut active: Vec<&mut Revision> =
        new.into_iter().chain(old.iter_mut()).filter(|revision| revision.replicas > 0).collect();
    if let [only] = active.as_mut_slice() {
        only.scale(cx, deployment, deployment.replicas);
    }
}

/// First all old pods go; when the last is gone, the new ones come.
fn recreate(cx: &Context<'_>, deployment: &Deployment, new: &mut Revision, old: &mut [Revision]) {
    for revision in old.iter_mut() {
        revision.scale(cx, deployment, 0);
    }
    let uids = old.iter().filter_map(|revision| revision.value["metadata"]["uid"].as_str());
    let is_clear = uids.into_iter().all(|uid| cx.view.pods.controlled_by(uid).all(|pod| pod.has_ended()));
    if is_clear {
        new.scale(cx, deployment, deployment.replicas);
    }
}

fn grow(cx: &Context<'_>, deployment: &Deployment, new: &mut Revision, old: &[Revision]) {
    if new.replicas >= deployment.replicas {
        new.scale(cx, deployment, deployment.replicas);
        return;
    }
    let total: i64 = old.iter().map(|revision| revision.replicas).sum::<i64>() + new.replicas;
    let room = (deployment.replicas + deployment.surge - total).max(0);
    let size = (new.replicas + room).min(deployment.replicas);
    new.scale(cx, deployment, size);
}

fn shrink(cx: &Context<'_>, deployment: &Deployment, new: &Revision, old: &mut [Revision]) {
    let of_old: i64 = old.iter().map(|revision| revision.replicas).sum();
    if of_old == 0 {
        return;
    }
    let least = deployment.replicas - deployment.unavailable;
    let new_unavailable = new.replicas - new.status("availableReplicas");
    let mut room = of_old + new.replicas - least - new_unavailable;
    room = weed_unhealthy(cx, deployment, old, room);
    let available: i64 = old.iter().map(|one| one.status("availableReplicas").min(one.replicas)).sum::<i64>()
        + new.status("availableReplicas");
    let mut removable = (available - least).min(room);
    for revision in old.iter_mut() {
        if removable <= 0 {
            return;
        }
        let down = revision.replicas.min(removable);
        revision.scale(cx, deployment, revision.replicas - down);
        removable -= down;
    }
}

/// Old pods that are not available hold up nothing: they go first. Returns the room that is left.
fn weed_unhealthy(cx: &Context<'_>, deployment: &Deployment, old: &mut [Revision], room: i64) -> i64 {
    let mut left = room;
    for revision in old.iter_mut() {
        if left <= 0 {
            break;
        }
        let unhealthy = revision.replicas - revision.status("availableReplicas");
        let down = unhealthy.clamp(0, left);
        revision.scale(cx, deployment, revision.replicas - down);
        left -= down;
    }
    left
}
