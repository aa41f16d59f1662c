//! Whom a change concerns.

use std::sync::Arc;
use std::time::Duration;

use super::{Controller, Controllers, taint_eviction};
use crate::kinds::{self, Kind};
use crate::storage::{Address, Change};
use crate::view::{Event, Node, Pod, View};

/// Puts whom an event concerns into the queue.
pub(super) fn notice(controllers: &mut Controllers, event: &Event, view: &View, at: Duration) {
    match event {
        Event::Pod { before, after } => pod(controllers, before.as_ref(), after.as_ref(), view, at),
        Event::Node { before, after } => node(controllers, before.as_ref(), after.as_ref(), view, at),
        Event::Other(change) => other(controllers, change, view, at),
    }
}

fn pod(
    controllers: &mut Controllers,
    before: Option<&Arc<Pod>>,
    after: Option<&Arc<Pod>>,
    view: &View,
    at: Duration,
) {
    let queue = &mut controllers.queue;
    for pod in before.into_iter().chain(after) {
        if let Some(owner) = &pod.controller
            && let Some((controller, kind)) = keeper(&owner.kind)
        {
            queue.add(controller, Address::new(kind, &pod.address.namespace, &owner.name), at);
        }
        for (kind, controller) in [
            (kinds::SERVICE, Controller::EndpointSlice),
            (kinds::POD_DISRUPTION_BUDGET, Controller::DisruptionBudget),
        ] {
            for address in view.in_namespace(kind, &pod.address.namespace) {
                if view.selectors.get(address).is_some_and(|selector| selector.matches(&pod.object)) {
                    queue.add(controller, address.clone(), at);
                }
            }
        }
    }
    let owned = [before, after].map(|pod| pod.map_or(&[][..], |pod| &pod.object.owners));
    match (before, after) {
        (Some(gone), None) => {
            owner_may_go(controllers, gone, view, at);
            controllers.tainted.remove(&*gone.address);
        }
        (_, Some(pod)) => {
            if owned[0] != owned[1] || (pod.is_terminating() && !owned[1].is_empty()) {
                controllers.queue.add(Controller::Garbage, Address::clone(&pod.address), at);
            }
            let is_new_there = before.is_none_or(|before| before.node != pod.node);
            let node = view.nodes.get(&pod.node);
            if is_new_there && node.is_some_and(|node| taint_eviction::has_such_taints(node)) {
                controllers.queue.add(Controller::TaintEviction, Address::clone(&pod.address), at);
            }
        }
        (None, None) => {}
    }
    if let (Some(before), Some(after)) = (before, after)
        && before.is_terminating() != after.is_terminating()
    {
        deployments_that_wait(controllers, after, at);
    }
}

/// An owner that waits for its dependents looks again when one is gone.
fn owner_may_go(controllers: &mut Controllers, gone: &Pod, view: &View, at: Duration) {
    let Some(owner) = &gone.controller else { return };
    let Some((_, kind)) = keeper(&owner.kind) else { return };
    let address = Address::new(kind, &gone.address.namespace, &owner.name);
    controllers.queue.add(Controller::Garbage, address, at);
    deployments_that_wait(controllers, gone, at);
    dependents_may_go(controllers, &gone.object.uid, view, at);
}

/// A Deployment that recreates waits for the last old pod to be gone: its ReplicaSet has told the
/// number of its replicas long before.
fn deployments_that_wait(controllers: &mut Controllers, pod: &Pod, at: Duration) {
    let Some(owner) = pod.controller.as_ref().filter(|owner| owner.kind == "ReplicaSet") else { return };
    if let Some((deployment, _)) = owner.name.rsplit_once('-') {
        let address = Address::new(kinds::DEPLOYMENT, &pod.address.namespace, deployment);
        controllers.queue.add(Controller::Deployment, address, at);
    }
}

fn keeper(kind: &str) -> Option<(Controller, Kind)> {
    match kind {
        "ReplicaSet" => Some((Controller::ReplicaSet, kinds::REPLICA_SET)),
        "StatefulSet" => Some((Controller::StatefulSet, kinds::STATEFUL_SET)),
        "DaemonSet" => Some((Controller::DaemonSet, kinds::DAEMON_SET)),
        "Job" => Some((Controller::Job, kinds::JOB)),
        _ => None,
    }
}

fn node(
    controllers: &mut Controllers,
    before: Option<&Arc<Node>>,
    after: Option<&Arc<Node>>,
    view: &View,
    at: Duration,
) {
    let Some(name) = after.or(before).map(|node| &node.name) else { return };
    match after {
        Some(_) if before.is_none() => controllers.nodes.hear(name, at),
        Some(_) => {}
        None => controllers.nodes.forget(name),
    }
    if let (Some(gone), None) = (before, after) {
        dependents_may_go(controllers, &gone.object.uid, view, at);
    }
    let is_same = before.zip(after).is_some_and(|(before, after)| {
        before.takes_the_same_pods(after) && before.conditions == after.conditions
    });
    if is_same {
        return;
    }
    let queue = &mut controllers.queue;
    for controller in [Controller::NodeTaints, Controller::DaemonNode] {
        queue.add(controller, Address::new(kinds::NODE, "", name), at);
    }
    let taints = [before, after].map(|node| node.map_or(&[][..], |node| &node.taints));
    if taints[0] != taints[1] {
        for pod in view.pods.on_node(name) {
            queue.add(Controller::TaintEviction, Address::clone(&pod.address), at);
        }
    }
}

fn other(controllers: &mut Controllers, change: &Change, view: &View, at: Duration) {
    let address = &change.address;
    if address.kind == kinds::LEASE {
        if address.namespace == "kube-node-lease" && !change.is_deletion {
            controllers.nodes.hear(&address.name, at);
        }
        if change.before.is_some() && !change.is_deletion {
            return;
        }
    }
    let queue = &mut controllers.queue;
    if let Some(controller) = worker(address.kind) {
        queue.add(controller, address.clone(), at);
    }
    if address.kind == kinds::REPLICA_SET
        && let Some((deployment, _)) = address.name.rsplit_once('-')
    {
        queue.add(
            Controller::Deployment,
            Address::new(kinds::DEPLOYMENT, &address.namespace, deployment),
            at,
        );
    }
    if matches!(address.kind.plural, "replicasets" | "statefulsets" | "deployments") {
        // A budget that is a share of them counts with their size.
        for budget in view.in_namespace(kinds::POD_DISRUPTION_BUDGET, &address.namespace) {
            queue.add(Controller::DisruptionBudget, budget.clone(), at);
        }
    }
    if change.is_deletion {
        dependents_may_go(controllers, &change.after.uid, view, at);
        owners_may_go(controllers, change, at);
    } else if !change.after.owners.is_empty() || change.after.is_terminating {
        queue.add(Controller::Garbage, address.clone(), at);
    }
}

/// What is owned looks whether it has an owner left.
fn dependents_may_go(controllers: &mut Controllers, uid: &str, view: &View, at: Duration) {
    let pods = view.pods.owned_by(uid).map(|pod| Address::clone(&pod.address));
    for dependent in view.owned(uid).cloned().chain(pods) {
        controllers.queue.add(Controller::Garbage, dependent, at);
    }
}

/// Owners that wait for their dependents look again when one is gone.
fn owners_may_go(controllers: &mut Controllers, change: &Change, at: Duration) {
    if change.after.owners.is_empty() {
        return;
    }
    let value = change.after.value();
    for owner in value["metadata"]["ownerReferences"].as_array().into_iter().flatten() {
        let kind = kinds::BUILT_IN
            .iter()
            .find(|kind| owner["kind"] == kind.kind && owner["apiVersion"] == kind.api_version().as_str());
        if let Some(kind) = kind {
            let namespace = if kind.is_namespaced { change.address.namespace.as_str() } else { "" };
            let name = owner["name"].as_str().unwrap_or_default();
            controllers.queue.add(Controller::Garbage, Address::new(*kind, namespace, name), at);
        }
    }
}

fn worker(kind: Kind) -> Option<Controller> {
    match (kind.group, kind.plural) {
        ("apps", "deployments") => Some(Controller::Deployment),
        ("apps", "replicasets") => Some(Controller::ReplicaSet),
        ("apps", "statefulsets") => Some(Controller::StatefulSet),
        ("apps", "daemonsets") => Some(Controller::DaemonSet),
        ("batch", "jobs") => Some(Controller::Job),
        ("", "services") => Some(Controller::EndpointSlice),
        ("policy", "poddisruptionbudgets") => Some(Controller::DisruptionBudget),
        ("", "namespaces") => Some(Controller::Namespace),
        _ => None,
    }
}
