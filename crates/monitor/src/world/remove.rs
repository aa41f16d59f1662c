//! Objects that are gone, and what that touches.

use super::change::Touched;
use super::name::Name;
use super::table::Id;
use super::{Subject, World};
use crate::kind::Kind;
use crate::now::Now;

impl World {
    pub(super) fn delete(
        &mut self,
        kind: Kind,
        namespace: &str,
        name: &str,
        now: Now,
        touched: &mut Vec<Touched>,
    ) {
        if let Some(id) = self.id(kind, namespace, name) {
            self.remove(kind, id, now, touched);
        }
    }

    pub(super) fn remove(&mut self, kind: Kind, id: Id, now: Now, touched: &mut Vec<Touched>) {
        match kind {
            Kind::Pod => {
                let Some(pod) = self.pods.remove(id) else { return };
                touched.push(Touched::PodLeft(self.lineage_of_pod(&pod)));
                pod.node.inspect(|node| self.pods_by_node.remove(None, node, id));
                self.pods_by_owner.reown(&pod.namespace, pod.owner.as_ref(), None, id);
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
                self.replica_sets_by_owner.reown(&gone.namespace, gone.owner.as_ref(), None, id);
                if gone.serves().is_some() {
                    self.unindex_in_namespace(kind, &gone.namespace, id);
                    self.touch_services(&gone.namespace, touched);
                }
                let name = self.names.intern(&gone.name);
                let kind = kind.as_str();
                touched.push(Touched::ControllerGone { kind, namespace: gone.namespace, name });
            }
            Kind::Job => {
                let Some(gone) = self.jobs.remove(id) else { return };
                self.jobs_by_owner.reown(&gone.namespace, gone.owner.as_ref(), None, id);
                let name = self.names.intern(&gone.name);
                let kind = kind.as_str();
                touched.push(Touched::ControllerGone { kind, namespace: gone.namespace, name });
            }
            Kind::Service => {
                let Some(gone) = self.services.remove(id) else { return };
                self.unindex_in_namespace(kind, &gone.namespace, id);
                touched.push(Touched::Gone(Subject::Service(id)));
            }
            Kind::Namespace => drop(self.namespaces.remove(id)),
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

    pub(super) fn unindex_in_namespace(&mut self, kind: Kind, namespace: &Name, id: Id) {
        let kind = self.names.intern(kind.as_str());
        self.by_namespace.remove(Some(&kind), namespace, id);
    }
}
