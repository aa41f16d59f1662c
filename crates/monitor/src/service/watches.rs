//! The watched kinds, in a table: one connection each, whatever the size of the cluster.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use cluster::views::{self, View};
use cluster::watch::{self, Event};
use environment::Environment;
use futures::StreamExt;
use tokio::sync::mpsc;

use super::metrics::Watches;
use crate::engine::Input;
use crate::kind::Kind;
use crate::world::{Change, Object};

/// How long the watch of leases may be silent before the server is asked why. A kubelet renews
/// every ten seconds and a little; what the listening clock allows for is a little more.
const LEASES_QUIET: Duration = Duration::from_secs(12);

/// One row of the table.
struct Watch {
    kind: Kind,
    place: Place,
    start: fn(Started),
}

/// Where objects of a kind are looked for.
#[derive(Clone, Copy)]
enum Place {
    /// In the whole cluster: the kind has no namespaces.
    Cluster,
    /// In one namespace, always the same.
    Namespace(&'static str),
    /// In all namespaces, or the one that was asked for.
    Scope,
}

const WATCHES: [Watch; Kind::ALL.len()] = [
    Watch { kind: Kind::Pod, place: Place::Scope, start: start::<views::Pod> },
    Watch { kind: Kind::Node, place: Place::Cluster, start: start::<views::Node> },
    Watch { kind: Kind::Lease, place: Place::Namespace(views::NODE_NAMESPACE), start: start::<views::Lease> },
    Watch { kind: Kind::Deployment, place: Place::Scope, start: start::<views::Deployment> },
    Watch { kind: Kind::ReplicaSet, place: Place::Scope, start: start::<views::ReplicaSet> },
    Watch { kind: Kind::StatefulSet, place: Place::Scope, start: start::<views::StatefulSet> },
    Watch { kind: Kind::DaemonSet, place: Place::Scope, start: start::<views::DaemonSet> },
    Watch { kind: Kind::Job, place: Place::Scope, start: start::<views::Job> },
    Watch { kind: Kind::Service, place: Place::Scope, start: start::<views::Service> },
    Watch { kind: Kind::EndpointSlice, place: Place::Scope, start: start::<views::EndpointSlice> },
    Watch { kind: Kind::Namespace, place: Place::Cluster, start: start::<views::Namespace> },
];

/// A view of a watched kind.
trait Watched: View {
    const KIND: Kind;

    fn object(self) -> Object;
}

macro_rules! watched {
    ($($kind:ident),*) => {$(
        impl Watched for views::$kind {
            const KIND: Kind = Kind::$kind;

            fn object(self) -> Object {
                Object::$kind(Box::new(self))
            }
        }
    )*};
}

watched!(
    Pod,
    Node,
    Lease,
    Deployment,
    ReplicaSet,
    StatefulSet,
    DaemonSet,
    Job,
    Service,
    EndpointSlice,
    Namespace
);

/// What a watch is started with.
struct Started {
    client: kube::Client,
    environment: Environment,
    spec: watch::Spec,
    inputs: mpsc::Sender<Input>,
}

/// Starts all watches. Gives the counters of each.
pub(super) fn start_all(
    client: &kube::Client,
    environment: &Environment,
    namespace: Option<&str>,
    inputs: &mpsc::Sender<Input>,
) -> Watches {
    let start = |watch: &Watch| {
        let namespace = match watch.place {
            Place::Cluster => None,
            Place::Namespace(name) => Some(name),
            Place::Scope => namespace,
        };
        // Without leases that are renewed there is nothing by which they age.
        let quiet = (watch.kind == Kind::Lease).then_some(LEASES_QUIET);
        let spec = watch::Spec { namespace: namespace.map(str::to_owned), quiet, ..watch::Spec::default() };
        let counters = Arc::clone(&spec.counters);
        let (client, environment) = (client.clone(), environment.clone());
        (watch.start)(Started { client, environment, spec, inputs: inputs.clone() });
        (watch.kind, counters)
    };
    WATCHES.iter().map(start).collect()
}

/// Runs until nobody listens any more. A full queue slows the connection down.
fn start<V: Watched>(started: Started) {
    let Started { client, environment, spec, inputs } = started;
    let events = watch::watch::<V>(client, environment.clone(), spec);
    environment.spawn_critical("watch", async move {
        let mut events = pin!(events);
        let mut hearing = Hearing::default();
        while let Some(event) = events.next().await {
            hearing.note(&event);
            if inputs.send(input(event)).await.is_err() {
                return;
            }
        }
    });
}

/// Whether a watch hears something. What is denied is denied for hours: one line for each reason, and one at the end.
#[derive(Default)]
struct Hearing {
    /// Why it heard nothing the last time, if it did not.
    trouble: Option<String>,
}

impl Hearing {
    fn note<V: Watched>(&mut self, event: &Event<V>) {
        let kind = V::KIND;
        match event {
            Event::Failed { error, .. } => {
                let error = error.to_string();
                if self.trouble.as_ref() != Some(&error) {
                    tracing::warn!(%kind, error, "a watch hears nothing; trying on");
                }
                self.trouble = Some(error);
            }
            // A list that began may fail yet.
            Event::ListStarted | Event::Listed(_) | Event::Malformed { .. } => {}
            Event::ListDone | Event::Applied(_) | Event::Deleted(_) | Event::Heard | Event::Progressed => {
                if self.trouble.take().is_some() {
                    tracing::info!(%kind, "a watch hears again");
                }
            }
        }
    }
}

fn input<V: Watched>(event: Event<V>) -> Input {
    let kind = V::KIND;
    Input::Change(match event {
        Event::ListStarted => Change::ListStarted(kind),
        Event::Listed(view) | Event::Applied(view) => Change::Applied(view.object()),
        Event::ListDone => {
            tracing::debug!(%kind, "a list is complete");
            Change::ListDone(kind)
        }
        Event::Deleted(view) => Change::Deleted(view.object()),
        Event::Heard => Change::Heard(kind),
        Event::Progressed => Change::Progressed(kind),
        Event::Malformed { namespace, name, reason, deleted } => {
            tracing::warn!(%kind, namespace, name, reason, "an object cannot be read and is left as it was");
            Change::Malformed { kind, namespace, name, deleted }
        }
        Event::Failed { error, denied, retry_in } => {
            tracing::debug!(%kind, %error, ?retry_in, "a watch hears nothing");
            let denied = denied.map(|verb| verb.to_string());
            return Input::Failed { kind, denied, error: error.to_string() };
        }
    })
}
