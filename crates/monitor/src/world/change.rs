//! Changes of the world: what the watches tell, and which subjects it touches.

use cluster::views;
use model::Lineage;

use super::index::Index;
use super::lease::Lease;
use super::name::Name;
use super::owner::Owner;
use super::table::{Id, Record, Table};
use super::{Controller, Deployment, Job, Node, Pod, ReplicaSet, Service, Slice, Stamp, Subject, World};
use crate::kind::Kind;
use crate::now::Now;

/// An object as a watch decoded it. Boxed where it is large: changes wait in a queue.
pub(crate) enum Object {
    Pod(Box<views::Pod>),
    Node(Box<views::Node>),
    Lease(Box<views::Lease>),
    Deployment(Box<views::Deployment>),
    ReplicaSet(Box<views::ReplicaSet>),
    StatefulSet(Box<views::StatefulSet>),
    DaemonSet(Box<views::DaemonSet>),
    Job(Box<views::Job>),
    Service(Box<views::Service>),
    EndpointSlice(Box<views::EndpointSlice>),
}

impl Object {
    /// Its kind.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Pod(_) => Kind::Pod,
            Self::Node(_) => Kind::Node,
            Self::Lease(_) => Kind::Lease,
            Self::Deployment(_) => Kind::Deployment,
            Self::ReplicaSet(_) => Kind::ReplicaSet,
            Self::StatefulSet(_) => Kind::StatefulSet,
            Self::DaemonSet(_) => Kind::DaemonSet,
            Self::Job(_) => Kind::Job,
            Self::Service(_) => Kind::Service,
            Self::EndpointSlice(_) => Kind::EndpointSlice,
        }
    }

    fn meta(&self) -> &views::Meta {
        match self {
            Self::Pod(view) => &view.metadata,
            Self::Node(view) => &view.metadata,
            Self::Lease(view) => &view.metadata,
            Self::Deployment(view) => &view.metadata,
            Self::ReplicaSet(view) => &view.metadata,
            Self::StatefulSet(view) => &view.metadata,
            Self::DaemonSet(view) => &view.metadata,
            Self::Job(view) => &view.metadata,
            Self::Service(view) => &view.metadata,
            Self::EndpointSlice(view) => &view.metadata,
        }
    }
}

/// What a watch tells.
pub(crate) enum Change {
    /// A list begins.
    ListStarted(Kind),
    /// An object is there, new or changed.
    Applied(Object),
    /// An object that the list has named, or a change brought, could not be read.
    Malformed { kind: Kind, namespace: String, name: String, deleted: bool },
    /// An object has gone.
    Deleted(Object),
    /// A list is complete.
    ListDone(Kind),
    /// The server is there, and nothing was missed.
    Heard(Kind),
    /// The server is there, and its store takes writes.
    Progressed(Kind),
}

impl Change {
    /// The kind that it is about.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::ListStarted(kind)
            | Self::ListDone(kind)
            | Self::Heard(kind)
            | Self::Progressed(kind)
            | Self::Malformed { kind, .. } => *kind,
            Self::Applied(object) | Self::Deleted(object) => object.kind(),
        }
    }
}

/// What a change touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Touched {
    /// A subject is new, or changed in something that checks read.
    Changed(Subject),
    /// A subject is gone; its place may be another's at the next change.
    Gone(Subject),
    /// A lineage has lost a pod.
    PodLeft(Lineage),
    /// A controller is gone, and its lineages with it if nothing else is left of them.
    ControllerGone { kind: &'static str, namespace: Name, name: Name },
}

impl World {
    /// Takes a change in and adds what it touches to `touched`.
    pub(crate) fn apply(&mut self, change: Change, now: Now, touched: &mut Vec<Touched>) {
        match change {
            Change::Heard(_) => {}
            Change::Progressed(kind) => {
                if kind == Kind::Lease {
                    self.listening.hear(now.steady);
                }
            }
            Change::ListStarted(kind) => self.list_started(kind),
            Change::ListDone(kind) => {
                for id in self.list_done(kind) {
                    self.remove(kind, id, now, touched);
                }
            }
            Change::Applied(object) => self.put(object, now, touched),
            Change::Deleted(object) => {
                let meta = object.meta();
                self.delete(object.kind(), &meta.namespace, &meta.name, now, touched);
            }
            Change::Malformed { kind, namespace, name, deleted: true } => {
                self.delete(kind, &namespace, &name, now, touched);
            }
            Change::Malformed { kind, namespace, name, deleted: false } => {
                self.keep(kind, &namespace, &name);
            }
        }
    }

    fn put(&mut self, object: Object, now: Now, touched: &mut Vec<Touched>) {
        let (team, names) = (&self.settings.team_label, &mut self.names);
        match object {
            Object::Pod(view) => {
                let pod = Pod::new(&view, team, names);
                self.put_pod(pod, touched);
            }
            Object::Node(view) => {
                let (id, is_news) = put_plain(&mut self.nodes, Node::new(&view, team, names));
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
        reown(&mut self.pods_by_owner, &new.namespace, old_owner.as_ref(), new.owner.as_ref(), id);
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
        reown(&mut self.replica_sets_by_owner, &new.namespace, old_owner, new.owner.as_ref(), id);
        if old.is_none_or(|old| old.owner != new.owner) {
            self.touch_pods_of(Kind::ReplicaSet, &new.namespace, &new.name, touched);
        }
        // Which revision is the newest decides which pods are folded under the rollout.
        let deployment = new.owner.as_ref().filter(|owner| owner.kind() == Kind::Deployment.as_str());
        let deployment = deployment.and_then(|owner| self.deployments.id(&new.namespace, owner.name()));
        touched.extend(deployment.map(|id| Touched::Changed(Subject::Deployment(id))));
    }

    fn put_job(&mut self, job: Job, touched: &mut Vec<Touched>) {
        let (id, old) = self.jobs.put(job);
        let Some(new) = self.jobs.at(id) else { return };
        if old.as_ref() == Some(new) {
            return;
        }
        let old_owner = old.as_ref().and_then(|old| old.owner.as_ref());
        reown(&mut self.jobs_by_owner, &new.namespace, old_owner, new.owner.as_ref(), id);
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

    fn delete(&mut self, kind: Kind, namespace: &str, name: &str, now: Now, touched: &mut Vec<Touched>) {
        if let Some(id) = self.id(kind, namespace, name) {
            self.remove(kind, id, now, touched);
        }
    }

    fn remove(&mut self, kind: Kind, id: Id, now: Now, touched: &mut Vec<Touched>) {
        match kind {
            Kind::Pod => {
                let Some(pod) = self.pods.remove(id) else { return };
                touched.push(Touched::PodLeft(self.lineage_of_pod(&pod)));
                pod.node.inspect(|node| self.pods_by_node.remove(None, node, id));
                reown(&mut self.pods_by_owner, &pod.namespace, pod.owner.as_ref(), None, id);
                touched.push(Touched::Gone(Subject::Pod(id)));
            }
            Kind::Node => {
                let gone = self.nodes.remove(id);
                touched.extend(gone.map(|_| Touched::Gone(Subject::Node(id))));
            }
            Kind::Lease => {
                let lease = self.leases.remove(id);
                let node = lease.and_then(|lease| self.nodes.id("", &lease.name));
                touched.extend(node.map(|id| Touched::Changed(Subject::Node(id))));
            }
            Kind::Deployment => {
                let Some(gone) = self.deployments.remove(id) else { return };
                touched.push(Touched::Gone(Subject::Deployment(id)));
                self.controller_gone(kind, gone.namespace, gone.name, id, touched);
            }
            Kind::StatefulSet => {
                let Some(gone) = self.stateful_sets.remove(id) else { return };
                self.controller_gone(kind, gone.namespace, gone.name, id, touched);
            }
            Kind::DaemonSet => {
                let Some(gone) = self.daemon_sets.remove(id) else { return };
                self.controller_gone(kind, gone.namespace, gone.name, id, touched);
            }
            Kind::ReplicaSet => {
                let Some(gone) = self.replica_sets.remove(id) else { return };
                reown(&mut self.replica_sets_by_owner, &gone.namespace, gone.owner.as_ref(), None, id);
                let name = self.names.intern(&gone.name);
                let kind = kind.as_str();
                touched.push(Touched::ControllerGone { kind, namespace: gone.namespace, name });
            }
            Kind::Job => {
                let Some(gone) = self.jobs.remove(id) else { return };
                reown(&mut self.jobs_by_owner, &gone.namespace, gone.owner.as_ref(), None, id);
                let name = self.names.intern(&gone.name);
                let kind = kind.as_str();
                touched.push(Touched::ControllerGone { kind, namespace: gone.namespace, name });
            }
            Kind::Service => {
                let Some(gone) = self.services.remove(id) else { return };
                self.unindex_in_namespace(kind, &gone.namespace, id);
                touched.push(Touched::Gone(Subject::Service(id)));
            }
            Kind::EndpointSlice => {
                let Some(gone) = self.slices.remove(id) else { return };
                if let Some(service) = gone.service {
                    self.slices_by_service.remove(Some(&gone.namespace), &service, id);
                    self.refill(&gone.namespace, &service, now, touched);
                }
            }
        }
    }

    fn controller_gone(
        &mut self,
        kind: Kind,
        namespace: Name,
        name: Name,
        id: Id,
        touched: &mut Vec<Touched>,
    ) {
        self.unindex_in_namespace(kind, &namespace, id);
        self.touch_services(&namespace, touched);
        touched.push(Touched::ControllerGone { kind: kind.as_str(), namespace, name });
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
    fn refill(&mut self, namespace: &str, service: &str, now: Now, touched: &mut Vec<Touched>) {
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

    fn touch_services(&self, namespace: &str, touched: &mut Vec<Touched>) {
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

    fn unindex_in_namespace(&mut self, kind: Kind, namespace: &Name, id: Id) {
        let kind = self.names.intern(kind.as_str());
        self.by_namespace.remove(Some(&kind), namespace, id);
    }
}

/// Calls a method of the table of a kind.
macro_rules! of_kind {
    ($world:expr, $kind:expr, $table:ident => $call:expr) => {
        match $kind {
            Kind::Pod => {
                let $table = &mut $world.pods;
                $call
            }
            Kind::Node => {
                let $table = &mut $world.nodes;
                $call
            }
            Kind::Lease => {
                let $table = &mut $world.leases;
                $call
            }
            Kind::Deployment => {
                let $table = &mut $world.deployments;
                $call
            }
            Kind::ReplicaSet => {
                let $table = &mut $world.replica_sets;
                $call
            }
            Kind::StatefulSet => {
                let $table = &mut $world.stateful_sets;
                $call
            }
            Kind::DaemonSet => {
                let $table = &mut $world.daemon_sets;
                $call
            }
            Kind::Job => {
                let $table = &mut $world.jobs;
                $call
            }
            Kind::Service => {
                let $table = &mut $world.services;
                $call
            }
            Kind::EndpointSlice => {
                let $table = &mut $world.slices;
                $call
            }
        }
    };
}

impl World {
    fn list_started(&mut self, kind: Kind) {
        of_kind!(self, kind, table => table.list_started());
    }

    fn list_done(&mut self, kind: Kind) -> Vec<Id> {
        of_kind!(self, kind, table => table.list_done())
    }

    fn keep(&mut self, kind: Kind, namespace: &str, name: &str) {
        let namespace = own_namespace(kind, namespace);
        of_kind!(self, kind, table => table.keep(namespace, name));
    }

    fn id(&mut self, kind: Kind, namespace: &str, name: &str) -> Option<Id> {
        let namespace = own_namespace(kind, namespace);
        of_kind!(self, kind, table => table.id(namespace, name))
    }
}

/// Leases are known by their node, which has no namespace.
fn own_namespace(kind: Kind, namespace: &str) -> &str {
    if kind == Kind::Lease { "" } else { namespace }
}

/// Puts a record in that belongs to nothing; whether that was news.
fn put_plain<R: Record + PartialEq>(table: &mut Table<R>, record: R) -> (Id, bool) {
    let (id, old) = table.put(record);
    (id, old.as_ref() != table.at(id))
}

fn reown(index: &mut Index, namespace: &Name, old: Option<&Owner>, new: Option<&Owner>, id: Id) {
    if old == new {
        return;
    }
    if let Some(old) = old {
        index.remove(Some(namespace), old.key(), id);
    }
    if let Some(new) = new {
        index.add(Some(namespace), new.key(), id);
    }
}
