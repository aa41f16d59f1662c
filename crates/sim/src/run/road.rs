//! The road from one service to another, in the same process.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use environment::Environment;
use http::{Request, Response};
use http_body_util::BodyExt;
use net::http::{BoxFuture, Client, Error, Transport};
use net::tls::Identity;
use tokio::sync::oneshot;
use tower::ServiceExt;

use super::defect::{Defect, Heard};
use super::roads::{Fate, Roads};
use super::witness::Witness;
use crate::api::Faults;
use crate::seen::{Post, What};
use crate::signal::Signal;

/// What is there of a service for those who call it.
#[derive(Clone, Debug, Default)]
pub(super) struct Presence {
    /// What answers; nothing while it is down.
    pub(super) router: Option<Router>,
    /// Whether it stands still.
    pub(super) is_paused: bool,
}

/// A road to a service.
#[derive(Clone)]
pub(super) struct Road {
    /// Whose.
    pub(super) from: String,
    /// Where to.
    pub(super) to: String,
    /// Who the other end knows the caller to be.
    pub(super) caller: Identity,
    /// The other end.
    pub(super) presence: Signal<Presence>,
    /// Carries what is on its way; the cluster's, not the sender's.
    pub(super) environment: Environment,
    /// How the roads are.
    pub(super) roads: Roads,
    /// Counts what is sent, and knows what is to happen then.
    pub(super) faults: Faults,
    /// Who sees it.
    pub(super) witness: Witness,
    /// What is wrong with those at its ends, on purpose.
    pub(super) defect: Option<&'static Defect>,
}

impl Road {
    /// A client on this road.
    pub(super) fn client(self) -> Client {
        Client::new(self)
    }

    fn see(&self, head: &Request<Bytes>, served: Option<u16>, was_told: bool) {
        self.witness.see(What::Post(self.post(head, served, was_told)));
    }

    fn post(&self, head: &Request<Bytes>, served: Option<u16>, was_told: bool) -> Post {
        Post {
            from: self.from.clone(),
            to: self.to.clone(),
            path: head.uri().path().to_owned(),
            body: serde_json::from_slice(head.body()).unwrap_or_default(),
            served,
            was_told,
        }
    }

    fn peer(&self) -> String {
        format!("https://{}", self.to)
    }

    /// Sends it on its way, whatever becomes of the sender.
    fn carry_off(
        &self,
        request: Request<Bytes>,
        delay: Duration,
        is_answered: bool,
    ) -> oneshot::Receiver<Result<Response<Body>, Error>> {
        let (sender, receiver) = oneshot::channel();
        let road = self.clone();
        self.environment.spawn("post", async move {
            tokio::time::sleep(delay).await;
            let answer = road.serve_heard(&request).await;
            let served = answer.as_ref().ok().map(|response| response.status().as_u16());
            road.see(&request, served, is_answered && !sender.is_closed());
            // Whoever asked may be gone.
            let _ = sender.send(answer);
        });
        receiver
    }

    /// As much of it as is heard where there is a defect.
    async fn serve_heard(&self, request: &Request<Bytes>) -> Result<Response<Body>, Error> {
        match self.defect.map(|defect| defect.hears(&self.post(request, None, false))) {
            None | Some(Heard::AsSent) => self.serve(request).await,
            Some(Heard::Nothing) => Ok(Response::new(Body::empty())),
            Some(Heard::Other(body)) => {
                let other = request.clone().map(|_| Bytes::from(body.to_string()));
                self.serve(&other).await
            }
        }
    }

    async fn serve(&self, request: &Request<Bytes>) -> Result<Response<Body>, Error> {
        let found = self.presence.until(|presence| !presence.is_paused).await;
        let Some(router) = found.router else {
            return Err(Error::Refused { peer: self.peer() });
        };
        let mut request = request.clone().map(Body::from);
        request.extensions_mut().insert(self.caller.clone());
        let (head, body) = match router.oneshot(request).await {
            Ok(response) => response.into_parts(),
            Err(never) => match never {},
        };
        let body = body.collect().await.map_err(|_| Error::Closed { peer: self.peer() })?.to_bytes();
        Ok(Response::from_parts(head, Body::from(body)))
    }

    async fn go(self, request: Request<Bytes>) -> Result<Response<Body>, Error> {
        let (_, struck) = self.faults.count(&self.from);
        if let Some(action) = struck.before {
            action();
            return std::future::pending().await;
        }
        if let Some(action) = struck.after {
            let answered = self.carry_off(request, Duration::ZERO, false);
            self.environment.spawn("crash", async move {
                let _ = answered.await;
                action();
            });
            return std::future::pending().await;
        }
        match self.roads.fate(&self.from, &self.to) {
            Fate::Served(delay) => {
                let answer = self.carry_off(request, delay, true).await;
                answer.unwrap_or_else(|_| Err(Error::Closed { peer: self.peer() }))
            }
            Fate::Unanswered(delay) => {
                drop(self.carry_off(request, delay, false));
                std::future::pending().await
            }
            Fate::Lost => {
                self.see(&request, None, false);
                std::future::pending().await
            }
            Fate::Closed => {
                self.see(&request, None, false);
                Err(Error::Refused { peer: self.peer() })
            }
            Fate::Refused(code) => {
                self.see(&request, Some(code), true);
                let mut response = Response::new(Body::empty());
                *response.status_mut() = http::StatusCode::from_u16(code).unwrap_or_default();
                Ok(response)
            }
        }
    }
}

impl Transport for Road {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<Result<Response<Body>, Error>> {
        Box::pin(self.clone().go(request))
    }
}
