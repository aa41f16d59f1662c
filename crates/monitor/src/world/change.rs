//! Changes of the world: what the watches tell, and which subjects it touches.

use cluster::views;
use model::Lineage;

use super::name::Name;
use super::{Subject, World};
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
    Namespace(Box<views::Namespace>),
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
            Self::Namespace(_) => Kind::Namespace,
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
            Self::Namespace(view) => &view.metadata,
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
}
