//! Objects that are there, new or changed, and what that touches.

use cluster::views;

use super::change::{Object, Touched};
use super::lease::Lease;
use super::name::Name;
use super::table::{Id, Record, Table};
use super::{
    Controller, Deployment, Job, Namespace, Node, Pod, ReplicaSet, Service, Slice, Stamp, Subject, World,
};
use crate::kind::Kind;
use crate::now::Now;

impl World {
    pub(super) fn put(&mut self, object: Object, now: Now, touched: &mut Vec<Touched>) {
        let (team, names) = (&self.settings.team_label, &mut self.names);
        match object {
            Object::Pod(view) => {
                let mut pod = Pod::new(&view, team, names);
                pod.take_back(now.wall);
                self.put_pod(pod, touched);
            }
            Object::Node(view) => {
                let mut node = Node::new(&view, team, names);
                node.take_back(now.wall);
                let (id, is_news) = put_plain(&mut self.nodes, node);
                touched.extend(is_news.then_some(Touched::Changed(Subject::Node(id))));
            }
            Object::Lease(view) => self.put_lease(&view, now, touched),
            Object::Deployment(view) => {
                let deployment = Deployment::new(&view, team, names);
                self.put_deployment(deployment, touched);
            }
            Object::ReplicaSet(view) => {
                let set = ReplicaSet::new(&view, names);
                self.put_replica_set(set, touched);
            }
            Object::StatefulSet(view) => {
                let set = Controller::stateful_set(&view, team, names);
                self.put_controller(Kind::StatefulSet, set, touched);
            }
            Object::DaemonSet(view) => {
                let set = Controller::daemon_set(&view, team, names);
                self.put_controller(Kind::DaemonSet, set, touched);
            }
            Object::Job(view) => {
                let job = Job::new(&view, names);
                self.put_job(job, touched);
            }
            Object::Service(view) => {
                let service = Service::new(&view, team, names);
                self.put_service(service, now, touched);
            }
            Object::EndpointSlice(view) => {
                let slice = Slice::new(&view, names);
                self.put_slice(slice, now, touched);
            }
            Object::Namespace(view) => {
                let namespace = Namespace::new(&view, names);
                self.put_namespace(namespace, touched);
            }
        }
    }

    fn put_pod(&mut self, pod: Pod, touched: &mut Vec<Touched>) {
        let (id, old) = self.pods.put(pod);
        let Some(new) = self.pods.at(id) else { return };
        if old.as_ref() == Some(new) {
            return;
        }
        let (old_node, old_owner) = old.map(|old| (old.node, old.owner)).unwrap_or_default();
        if old_node != new.node {
            old_node.inspect(|node| self.pods_by_node.remove(None, node, id));
            new.node.as_ref().inspect(|node| self.pods_by_node.add(None, node, id));
        }
        self.pods_by_owner.reown(&new.namespace, old_owner.as_ref(), new.owner.as_ref(), id);
        touched.push(Touched::Changed(Subject::Pod(id)));
    }

    /// A renewal wakes no check. The node's own timer looks at the lease when it could have
    /// lapsed; only who was silent for longer than a renewal takes is looked at again at once.
    fn put_lease(&mut self, view: &views::Lease, now: Now, touched: &mut Vec<Touched>) {
        let old = self.leases.get("", &view.metadata.name);
        if old.is_none_or(|old| old.renewed_at() != view.spec.renew_time) {
            self.listening.hear(now.steady);
        }
        let was_silent = old.is_none_or(|old| old.is_overdue(&self.listening, now.steady));
        let skew = self.settings.clock_skew;
        let lease = Lease::new(view, old, &self.listening, skew, now, &mut self.names);
        self.leases.put(lease);
        if was_silent && let Some(node) = self.nodes.id("", &view.metadata.name) {
            touched.push(Touched::Changed(Subject::Node(node)));
        }
    }

    fn put_deployment(&mut self, deployment: Deployment, touched: &mut Vec<Touched>) {
        let namespace = deployment.namespace.clone();
        let (id, old) = self.deployments.put(deployment);
        let Some(new) = self.deployments.at(id) else { return };
        if old.as_ref() == Some(new) {
            return;
        }
        touched.push(Touched::Changed(Subject::Deployment(id)));
        let serves = |own: &Deployment| (own.replicas > 0, own.pod_labels.clone());
        let same_for_services = old.as_ref().map(serves) == Some(serves(new));
        if old.is_none() {
            self.index_in_namespace(Kind::Deployment, &namespace, id);
        }
        if !same_for_services {
            self.touch_services(&namespace, touched);
        }
    }

    fn put_controller(&mut self, kind: Kind, controller: Controller, touched: &mut Vec<Touched>) {
        let namespace = controller.namespace.clone();
        let table = if kind == Kind::StatefulSet { &mut self.stateful_sets } else { &mut self.daemon_sets };
        let (id, old) = table.put(controller);
        let Some(new) = table.at(id) else { return };
        let serves = |own: &Controller| (own.desired > 0, own.pod_labels.clone());
        let same_for_services = old.as_ref().map(serves) == Some(serves(new));
        if old.is_none() {
            self.index_in_namespace(kind, &namespace, id);
        }
        if !same_for_services {
            self.touch_services(&namespace, touched);
        }
    }

    fn put_replica_set(&mut self, set: ReplicaSet, touched: &mut Vec<Touched>) {
        let (id, old) = self.replica_sets.put(set);
        let Some(new) = self.replica_sets.at(id) else { return };
        if old.as_ref() == Some(new) {
            return;
        }
        let old_owner = old.as_ref().and_then(|old| old.owner.as_ref());
        self.replica_sets_by_owner.reown(&new.namespace, old_owner, new.owner.as_ref(), id);
        if old.as_ref().is_none_or(|old| old.owner != new.owner) {
            self.touch_pods_of(Kind::ReplicaSet, &new.namespace, &new.name, touched);
        }
        // Which revision is the newest decides which pods are folded under the rollout.
        let deployment = new.owner.as_ref().filter(|owner| owner.kind() == Kind::Deployment.as_str());
        let deployment = deployment.and_then(|owner| self.deployments.id(&new.namespace, owner.name()));
        touched.extend(deployment.map(|id| Touched::Changed(Subject::Deployment(id))));
        let (before, after) = (old.as_ref().and_then(ReplicaSet::serves), new.serves());
        let (namespace, is_same) = (new.namespace.clone(), before == after);
        match (before.is_some(), after.is_some()) {
            (false, true) => self.index_in_namespace(Kind::ReplicaSet, &namespace, id),
            (true, false) => self.unindex_in_namespace(Kind::ReplicaSet, &namespace, id),
            _ => {}
        }
        if !is_same {
            self.touch_services(&namespace, touched);
        }
    }

    fn put_job(&mut self, job: Job, touched: &mut Vec<Touched>) {
        let (id, old) = self.jobs.put(job);
        let Some(new) = self.jobs.at(id) else { return };
        if old.as_ref() == Some(new) {
            return;
        }
        let old_owner = old.as_ref().and_then(|old| old.owner.as_ref());
        self.jobs_by_owner.reown(&new.namespace, old_owner, new.owner.as_ref(), id);
        if old.is_none_or(|old| old.owner != new.owner) {
            self.touch_pods_of(Kind::Job, &new.namespace, &new.name, touched);
        }
    }

    fn put_service(&mut self, mut service: Service, now: Now, touched: &mut Vec<Touched>) {
        let namespace = service.namespace.clone();
        let known = self.services.get(&service.namespace, &service.name);
        service.empty_since = self.empty_since(&service, known, now);
        let (id, old) = self.services.put(service);
        if old.as_ref() != self.services.at(id) {
            touched.push(Touched::Changed(Subject::Service(id)));
        }
        if old.is_none() {
            self.index_in_namespace(Kind::Service, &namespace, id);
        }
    }

    fn put_slice(&mut self, slice: Slice, now: Now, touched: &mut Vec<Touched>) {
        let namespace = slice.namespace.clone();
        let (id, old) = self.slices.put(slice);
        let Some(new) = self.slices.at(id) else { return };
        if old.as_ref() == Some(new) {
            return;
        }
        let new_service = new.service.clone();
        let old_service = old.and_then(|old| old.service);
        if old_service != new_service {
            if let Some(service) = old_service {
                self.slices_by_service.remove(Some(&namespace), &service, id);
                self.refill(&namespace, &service, now, touched);
            }
            if let Some(service) = &new_service {
                self.slices_by_service.add(Some(&namespace), service, id);
            }
        }
        if let Some(service) = &new_service {
            self.refill(&namespace, service, now, touched);
        }
    }

    fn put_namespace(&mut self, namespace: Namespace, touched: &mut Vec<Touched>) {
        let was_ending = self.is_ending(&namespace.name);
        let (name, is_ending) = (namespace.name.clone(), namespace.terminating);
        self.namespaces.put(namespace);
        if is_ending != was_ending {
            let deployments = self.by_namespace.get(Kind::Deployment.as_str(), &name).iter();
            touched.extend(deployments.map(|id| Touched::Changed(Subject::Deployment(*id))));
            self.touch_services(&name, touched);
        }
    }

    /// Since when a Service has no ready endpoint: as `known` of it before, or from now on.
    fn empty_since(&self, service: &Service, known: Option<&Service>, now: Now) -> Stamp {
        if self.slices_of(service).any(|slice| slice.ready > 0) {
            return Stamp::NONE;
        }
        match known {
            Some(known) if known.empty_since != Stamp::NONE && known.uid == service.uid => known.empty_since,
            _ => now.wall.into(),
        }
    }

    /// A Service's endpoints changed.
    pub(super) fn refill(&mut self, namespace: &str, service: &str, now: Now, touched: &mut Vec<Touched>) {
        let Some(id) = self.services.id(namespace, service) else { return };
        let Some(known) = self.services.at(id) else { return };
        let empty_since = self.empty_since(known, Some(known), now);
        // While it stays filled, nothing that the check reads has changed; while it stays empty,
        // the evidence may have.
        let is_news = empty_since != Stamp::NONE || known.empty_since != Stamp::NONE;
        if let Some(service) = self.services.at_mut(id) {
            service.empty_since = empty_since;
        }
        touched.extend(is_news.then_some(Touched::Changed(Subject::Service(id))));
    }

    pub(super) fn touch_services(&self, namespace: &str, touched: &mut Vec<Touched>) {
        let services = self.by_namespace.get(Kind::Service.as_str(), namespace).iter();
        touched.extend(services.map(|id| Touched::Changed(Subject::Service(*id))));
    }

    fn touch_pods_of(&self, kind: Kind, namespace: &str, name: &str, touched: &mut Vec<Touched>) {
        let pods = self.pods_by_owner.get(namespace, &super::owner::key(kind.as_str(), name)).iter();
        touched.extend(pods.map(|id| Touched::Changed(Subject::Pod(*id))));
    }

    fn index_in_namespace(&mut self, kind: Kind, namespace: &Name, id: Id) {
        let kind = self.names.intern(kind.as_str());
        self.by_namespace.add(Some(&kind), namespace, id);
    }
}

/// Puts a record in that belongs to nothing; whether that was news.
fn put_plain<R: Record + PartialEq>(table: &mut Table<R>, record: R) -> (Id, bool) {
    let (id, old) = table.put(record);
    (id, old.as_ref() != table.at(id))
}
