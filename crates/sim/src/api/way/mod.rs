//! The way between a client and the server, and back: it takes time, and it can be disturbed.
//!
//! What disturbs it is switched on and off by a [`Faults`] handle while the cluster runs. Each
//! client has a name of its own, its peer name, so that one of two replicas can be cut off, and
//! draws from random numbers of its own, so that trouble of one does not move another's.

mod broken;
mod events;
mod faults;
mod hooks;
mod observer;
mod spoil;
#[cfg(test)]
mod tests;
mod trouble;

use std::time::Duration;

use environment::Environment;
use futures::StreamExt;
use http::Request;
use kube::client::Body;
use rand::RngExt;

use super::answer::{self, Answer, WayError, Wire};
use super::call::Call;
use super::{Moment, Server};
use crate::registry::Status;
use events::WatchWay;
use faults::Drawn;
pub(super) use faults::Stale;
pub(super) use observer::Observers;

pub use faults::{FaultId, Faults};
pub use hooks::Side;
pub use observer::{Exchange, Observer, Outcome, Told};
pub use trouble::{Calls, Fault, Lost, Trouble};

/// How long a request is on its way, and how long its answer, in milliseconds: a server nearby.
const WAY_MS: std::ops::RangeInclusive<u64> = 1..=2;

/// How long the server waits for a version that has not come yet.
const FRESHNESS: Duration = Duration::from_secs(3);

/// One client's end of the way.
#[derive(Clone)]
pub(super) struct Way {
    server: Server,
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

    /// Sends a request and gives back what comes, if anything does.
    pub(super) async fn send(self, request: Request<Body>) -> Result<Wire, WayError> {
        let call = Call::read(&self.user, request).await;
        let (number, hook) = self.faults().count(&self.peer);
        if let Some(action) = hook.before {
            action();
            return never().await;
        }
        let drawn = self.faults().draw(&self.peer, &call);
        let exchange = Exchange::of(&self.peer, number, &call);
        if let Some(by) = drawn.late {
            // It lands even if the client has given up by then.
            let late = self.clone();
            self.environment.spawn("late request", async move {
                tokio::time::sleep(by).await;
                let _ = late.arrive(&call, exchange, &Drawn::default()).await;
            });
            return never().await;
        }
        tokio::time::sleep(self.draw_way() + drawn.slower).await;
        self.pass_cut(&call, &exchange).await;
        if let Some(loss) = drawn.request_lost {
            self.observe(exchange, Outcome::NotArrived);
            return lose(loss).await;
        }
        let answer = self.arrive(&call, exchange, &drawn).await;
        if let Some(action) = hook.after {
            action();
            return never().await;
        }
        if let Some(loss) = drawn.answer_lost {
            return lose(loss).await;
        }
        tokio::time::sleep(self.draw_way()).await;
        Ok(self.deliver(&call, answer, &drawn))
    }

    /// The server does what is asked.
    async fn arrive(&self, call: &Call, exchange: Exchange, drawn: &Drawn) -> Result<Answer, Status> {
        let answer = match &drawn.refused {
            Some(trouble) if !trouble.landed => Err(trouble.status.clone()),
            refused => {
                let answer = self.server.answer(call, Moment { cache: drawn.cache });
                refused.as_ref().map_or(answer, |trouble| Err(trouble.status.clone()))
            }
        };
        self.observe(exchange, Outcome::of(&answer));
        if answer.as_ref().is_err_and(|status| status.code == 504) {
            tokio::time::sleep(FRESHNESS).await;
        }
        answer
    }

    /// What the client gets of an answer.
    fn deliver(&self, call: &Call, answer: Result<Answer, Status>, drawn: &Drawn) -> Wire {
        match answer {
            Ok(Answer::Lines(lines)) => {
                let way = WatchWay::new(self.clone(), call.clone(), lines);
                answer::stream(futures::stream::unfold(way, WatchWay::next).boxed())
            }
            Ok(Answer::Json(code, body)) if drawn.malformed => {
                let body = self.faults().with_rng(&self.peer, |rng| spoil::body(&body, rng));
                Answer::Json(code, body).into_wire()
            }
            Ok(answer) => answer.into_wire(),
            Err(status) => answer::refusal(&status),
        }
    }

    /// Waits while the way is cut. A request that is still waited for then arrives.
    async fn pass_cut(&self, call: &Call, exchange: &Exchange) {
        if self.faults().is_cut(&self.peer, call) {
            self.observe(exchange.clone(), Outcome::NotArrived);
            self.faults().until(|faults| !faults.is_cut(&self.peer, call)).await;
        }
    }

    fn observe(&self, exchange: Exchange, outcome: Outcome) {
        let at = self.environment.now();
        self.server.observers().exchange(&Exchange { at, outcome, ..exchange });
    }

    fn draw_way(&self) -> Duration {
        let milliseconds = self.faults().with_rng(&self.peer, |rng| rng.random_range(WAY_MS));
        Duration::from_millis(milliseconds)
    }

    fn faults(&self) -> &Faults {
        self.server.faults()
    }
}

/// What a client hears whose request or answer is lost.
async fn lose(loss: Lost) -> Result<Wire, WayError> {
    match loss {
        Lost::Refused => Err(broken::refused().await),
        Lost::Reset => Err(broken::reset()),
        Lost::Silence => never().await,
    }
}

/// Nothing, for as long as anybody waits.
async fn never() -> Result<Wire, WayError> {
    std::future::pending().await
}
