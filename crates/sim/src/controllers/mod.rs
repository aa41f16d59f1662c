//! The controllers of a cluster: what the controller manager of a real one runs, as far as it
//! matters for health. One file each; all of them work through one queue, in the order below.

mod amount;
pub mod condition;
mod context;
mod daemon_set;
mod deployment;
mod disruption_budget;
mod endpoint_slice;
mod garbage;
mod job;
mod namespace;
mod node_lifecycle;
mod notice;
mod pod_garbage;
pub mod pod_template;
mod queue;
mod recorder;
mod release;
mod replica_set;
mod revision;
mod settings;
mod stateful_set;
mod taint_eviction;

use std::time::Duration;

use crate::kinds;
use crate::storage::Address;
use crate::view::{Event, View};

pub use context::Context;
pub use endpoint_slice::SERVICE;
pub use queue::{Key, Queue};
pub use recorder::{Note, Recorder};
pub use settings::Settings;

/// The controllers, in the order in which they act at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Controller {
    /// Looks at all nodes.
    NodeMonitor,
    /// Taints of one node.
    NodeTaints,
    /// One pod on a tainted node.
    TaintEviction,
    /// Rollouts.
    Deployment,
    /// Copies.
    ReplicaSet,
    /// Copies with names.
    StatefulSet,
    /// Whose copies a change of one node concerns.
    DaemonNode,
    /// Copies per node.
    DaemonSet,
    /// Work that ends.
    Job,
    /// What stands behind Services.
    EndpointSlice,
    /// What may be evicted.
    DisruptionBudget,
    /// What is owned.
    Garbage,
    /// Pods nobody takes care of.
    PodGarbage,
    /// Namespaces that are going.
    Namespace,
}

/// How long after the server could not do what a controller asked it asks again: the real ones
/// begin with milliseconds, and double that.
const AGAIN: Duration = Duration::from_secs(5);

/// All controllers, and what they remember.
#[derive(Debug)]
pub struct Controllers {
    settings: Settings,
    queue: Queue,
    nodes: node_lifecycle::Nodes,
    tainted: taint_eviction::Since,
    missing: pod_garbage::Missing,
}

impl Controllers {
    /// Controllers that know nothing yet.
    pub fn new(settings: Settings) -> Self {
        let mut queue = Queue::default();
        queue.at(Controller::NodeMonitor, everything(), Duration::ZERO);
        queue.at(Controller::PodGarbage, everything(), Duration::ZERO);
        Self {
            settings,
            queue,
            nodes: node_lifecycle::Nodes::default(),
            tainted: taint_eviction::Since::default(),
            missing: pod_garbage::Missing::default(),
        }
    }

    /// Takes note of what happened: whom it concerns is to look at it.
    pub fn notice(&mut self, event: &Event, view: &View, at: Duration) {
        notice::notice(self, event, view, at);
    }

    /// When there is something to do next.
    pub fn next(&self) -> Option<Duration> {
        self.queue.next()
    }

    /// What is to be looked at now, in order.
    pub fn take(&mut self, at: Duration) -> impl Iterator<Item = Key> + use<> {
        self.queue.take(at).into_iter()
    }

    /// Looks at one thing.
    pub fn work(&mut self, (controller, address): &Key, now: Moment<'_>) {
        let Moment { registry, view, at, recorder } = now;
        let has_failed = std::cell::Cell::new(false);
        let mut cx =
            Context { registry, view, queue: &mut self.queue, now: registry.now(), at, recorder, has_failed };
        match controller {
            Controller::NodeMonitor => {
                self.nodes.monitor(&mut cx, &self.settings);
                cx.after(*controller, address, self.settings.node_period);
            }
            Controller::PodGarbage => {
                pod_garbage::work(&mut cx, &mut self.missing);
                cx.after(*controller, address, pod_garbage::PERIOD);
            }
            Controller::NodeTaints => node_lifecycle::reconcile(&cx, address),
            Controller::TaintEviction => taint_eviction::work(&mut cx, &mut self.tainted, address),
            Controller::Deployment => deployment::work(&mut cx, address),
            Controller::ReplicaSet => replica_set::work(&mut cx, address),
            Controller::StatefulSet => stateful_set::work(&mut cx, address),
            Controller::DaemonNode => daemon_set::hear(&mut cx, address),
            Controller::DaemonSet => daemon_set::work(&mut cx, address),
            Controller::Job => job::work(&mut cx, address),
            Controller::EndpointSlice => endpoint_slice::work(&mut cx, address),
            Controller::DisruptionBudget => disruption_budget::work(&mut cx, address),
            Controller::Garbage => garbage::work(&mut cx, address),
            Controller::Namespace => namespace::work(&mut cx, address),
        }
        if cx.has_failed.get() {
            cx.after(*controller, address, AGAIN);
        }
    }
}

/// A moment of the cluster.
#[derive(Clone, Copy)]
pub struct Moment<'a> {
    /// Where to write.
    pub registry: &'a crate::registry::Registry,
    /// What is known.
    pub view: &'a View,
    /// The time since the environment was made.
    pub at: Duration,
    /// Where to tell what is worth it.
    pub recorder: &'a Recorder,
}

impl Moment<'_> {
    /// Writes an Event.
    pub fn tell(&self, note: Note<'_>) {
        self.recorder.tell(self.registry, note, self.at);
    }
}

/// The address of those that look at everything.
fn everything() -> Address {
    Address::new(kinds::NAMESPACE, "", "")
}
