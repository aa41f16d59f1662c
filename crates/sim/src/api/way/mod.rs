//! The way between a client and the server, and back: it takes time, and it can be disturbed.
//!
//! What disturbs it is switched on and off by a [`Faults`] handle while the cluster runs. Each
//! client has a name of its own, its peer name, so that one of two replicas can be cut off, and
//! draws from random numbers of its own, so that trouble of one does not move another's.

mod broken;
mod events;
mod faults;
mod hooks;
mod journey;
mod observer;
mod spoil;
#[cfg(test)]
mod tests;
mod trouble;

use std::time::Duration;

use environment::Environment;
use http::Request;
use kube::client::Body;
use rand::RngExt;
use tokio::sync::oneshot;

use super::Server;
use super::answer::{WayError, Wire};
use super::call::Call;
pub(super) use faults::Stale;
use journey::Journey;
pub(super) use observer::Observers;

pub use faults::{FaultId, Faults};
pub use hooks::{Side, Struck};
pub use observer::{Exchange, Observer, Outcome, Told};
pub use trouble::{Calls, Fault, Lost, Trouble};

/// How long a request is on its way, and how long its answer, in milliseconds: a server nearby.
const WAY_MS: std::ops::RangeInclusive<u64> = 1..=2;

/// One client's end of the way.
#[derive(Clone)]
pub(super) struct Way {
    server: Server,
    /// Carries what is on its way; the cluster's, not the client's.
    environment: Environment,
    /// The client's own name.
    peer: String,
    /// Whom it speaks as.
    user: String,
}

impl Way {
    pub(super) fn new(server: Server, environment: &Environment, peer: &str, user: &str) -> Self {
        let environment = environment.clone();
        Self { server, environment, peer: peer.to_owned(), user: user.to_owned() }
    }

    /// Sends a request and gives back what comes, if anything does. Once it has left, it goes its
    /// way even when nobody waits for it any more.
    pub(super) async fn send(self, request: Request<Body>) -> Result<Wire, WayError> {
        let call = Call::read(&self.user, request).await;
        let (number, struck) = self.faults().count(&self.peer);
        if let Some(action) = struck.before {
            action();
            return std::future::pending().await;
        }
        let drawn = self.faults().draw(&self.peer, &call);
        let exchange = Exchange::of(&self.peer, number, self.environment.monotonic(), &call);
        let (reply, answer) = oneshot::channel();
        let environment = self.environment.clone();
        let journey = Journey { way: self, call, exchange, drawn, after: struck.after, reply };
        environment.spawn("request", journey.go());
        match answer.await {
            Ok(answer) => answer,
            // Nobody is told that nothing will come.
            Err(_) => std::future::pending().await,
        }
    }

    fn draw_way(&self) -> Duration {
        let milliseconds = self.faults().with_rng(&self.peer, |rng| rng.random_range(WAY_MS));
        Duration::from_millis(milliseconds)
    }

    fn faults(&self) -> &Faults {
        self.server.faults()
    }
}
