//! What is done alike with the records of every kind.

use super::World;
use super::table::Id;
use crate::kind::Kind;

/// Calls a method of the table of a kind.
macro_rules! table {
    ($world:ident, $kind:expr, $($call:tt)*) => {
        match $kind {
            Kind::Pod => $world.pods.$($call)*,
            Kind::Node => $world.nodes.$($call)*,
            Kind::Lease => $world.leases.$($call)*,
            Kind::Deployment => $world.deployments.$($call)*,
            Kind::ReplicaSet => $world.replica_sets.$($call)*,
            Kind::StatefulSet => $world.stateful_sets.$($call)*,
            Kind::DaemonSet => $world.daemon_sets.$($call)*,
            Kind::Job => $world.jobs.$($call)*,
            Kind::Service => $world.services.$($call)*,
            Kind::EndpointSlice => $world.slices.$($call)*,
            Kind::Namespace => $world.namespaces.$($call)*,
        }
    };
}

impl World {
    /// How many records of a kind there are.
    pub(crate) fn count(&self, kind: Kind) -> usize {
        table!(self, kind, len())
    }

    /// Where the record of an object is.
    pub(super) fn id(&self, kind: Kind, namespace: &str, name: &str) -> Option<Id> {
        table!(self, kind, id(own_namespace(kind, namespace), name))
    }

    /// A list begins: until it ends, records that it has not named yet stay.
    pub(super) fn list_started(&mut self, kind: Kind) {
        table!(self, kind, list_started());
    }

    /// Notes that a list named an object that could not be read.
    pub(super) fn keep(&mut self, kind: Kind, namespace: &str, name: &str) {
        table!(self, kind, keep(own_namespace(kind, namespace), name));
    }

    /// A list ended: the places of the records that it did not name, which are to be removed.
    pub(super) fn list_done(&mut self, kind: Kind) -> Vec<Id> {
        table!(self, kind, list_done())
    }
}

/// Leases are known by their node, which has no namespace.
fn own_namespace(kind: Kind, namespace: &str) -> &str {
    if kind == Kind::Lease { "" } else { namespace }
}
