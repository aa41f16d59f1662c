//! The API server: what is said over the API, done to the registry.
//!
//! It is spoken to through a [`kube::Client`], as the real one; nothing leaves the process. A
//! request arrives after a moment of virtual time, is done at once and as a whole, and its answer
//! comes after another. Requests, errors and watches are those of the real server as far as
//! `docs/simulator-api.md` says.

mod answer;
mod call;
mod discovery;
mod dispatch;
mod fields;
mod form;
mod health;
mod labels;
mod list;
mod metrics;
mod object;
mod openapi;
mod patch;
mod path;
mod protobuf;
mod query;
mod rbac;
mod review;
mod selection;
mod subresource;
mod table;
#[cfg(test)]
mod tests;
mod validation;
mod version;
mod watch;
mod way;

use std::sync::{Arc, Mutex, PoisonError};

use environment::Environment;
use http::Request;
use kube::client::Body;
use rand_chacha::ChaCha12Rng;

use crate::registry::Registry;
use version::Version;
use way::{Observers, Stale, Way};

pub use fields::FieldSelector;
pub use labels::LabelSelector;
pub use metrics::Usage;
pub use path::Target;
pub use subresource::Logs;
pub use watch::EventType;
pub use way::{
    Calls, Exchange, Fault, FaultId, Faults, Lost, Observer, Outcome, Side, Struck, Told, Trouble,
};

/// The API server of one cluster. Cheap to clone; clones are the same server.
#[derive(Clone)]
pub struct Server {
    shared: Arc<Shared>,
}

struct Shared {
    registry: Registry,
    rights: rbac::Rights,
    rng: Mutex<ChaCha12Rng>,
    logs: Mutex<Option<Arc<dyn Logs>>>,
    usage: Mutex<Option<Arc<dyn Usage>>>,
    environment: Environment,
    faults: Faults,
    observers: Observers,
}

/// What a server knows when it answers a read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Where its cache stands still, if it does.
    cache: Option<Stale>,
}

impl Moment {
    /// The revision that it answers from, where the store is at `current`.
    fn known(self, current: u64, asked: Version) -> u64 {
        match (self.cache, asked) {
            (None, _)
            | (_, Version::Exact(_))
            | (Some(Stale { even_quorum: false, .. }), Version::Newest) => current,
            (Some(cache), _) => cache.revision.min(current),
        }
    }
}

impl Server {
    /// A server of what `registry` holds.
    pub fn new(registry: Registry, environment: &Environment) -> Self {
        let shared = Shared {
            registry,
            rights: rbac::Rights::default(),
            rng: Mutex::new(environment.rng("api server")),
            logs: Mutex::default(),
            usage: Mutex::default(),
            environment: environment.clone(),
            faults: Faults::new(environment),
            observers: Observers::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Where it reads what containers have written.
    pub fn set_logs(&self, logs: Arc<dyn Logs>) {
        *self.shared.logs.lock().unwrap_or_else(PoisonError::into_inner) = Some(logs);
    }

    /// Who measures what pods and nodes use: with somebody, `metrics.k8s.io` is served.
    pub fn set_usage(&self, usage: Arc<dyn Usage>) {
        *self.shared.usage.lock().unwrap_or_else(PoisonError::into_inner) = Some(usage);
    }

    /// A client that speaks as `user`: `system:serviceaccount:shop:web`, or `system:masters`, who
    /// may do everything. Its peer name is the user's.
    pub fn client(&self, user: &str) -> kube::Client {
        self.client_of(user, user)
    }

    /// A client that speaks as `user` and has a peer name of its own: a replica's, so that faults,
    /// hooks and observers can tell it from the others.
    pub fn client_of(&self, peer: &str, user: &str) -> kube::Client {
        let way = Way::new(self.clone(), &self.shared.environment, peer, user);
        let service = tower::service_fn(move |request: Request<Body>| way.clone().send(request));
        kube::Client::new(service, "default")
    }

    /// The handle by which the ways of its clients are disturbed.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// Tells `observer` of every request and event from now on.
    pub fn observe(&self, observer: Arc<dyn Observer>) {
        self.shared.observers.add(observer);
    }

    fn observers(&self) -> &Observers {
        &self.shared.observers
    }

    fn rights(&self) -> &rbac::Rights {
        &self.shared.rights
    }

    fn registry(&self) -> &Registry {
        &self.shared.registry
    }

    fn logs(&self) -> Option<Arc<dyn Logs>> {
        self.shared.logs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn usage(&self) -> Option<Arc<dyn Usage>> {
        self.shared.usage.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn draw<T>(&self, number: impl FnOnce(&mut ChaCha12Rng) -> T) -> T {
        number(&mut self.shared.rng.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
