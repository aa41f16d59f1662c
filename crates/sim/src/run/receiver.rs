//! The receivers of messages: they write down what they get, and answer as well as their road is.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use alerter::configuration::{Secret, Source};
use alerter::receivers::{Failure, Outside, email};
use async_trait::async_trait;
use axum::body::Body;
use bytes::Bytes;
use environment::Environment;
use http::{Request, Response};
use jiff::Timestamp;
use net::http::{BoxFuture, Client, Error, Transport};

use super::defect::Defect;
use super::roads::{Fate, Roads};
use super::witness::Witness;
use crate::api::Faults;
use crate::seen::{Message, What};

/// The alerter, as a party.
const ALERTER: &str = "alerter";

/// The world that the alerter sends its messages into.
#[derive(Clone)]
pub(super) struct World {
    /// The alerter's clock.
    pub(super) environment: Environment,
    /// How the roads to receivers are.
    pub(super) roads: Roads,
    /// Counts what is sent, and knows what is to happen then.
    pub(super) faults: Faults,
    /// Who sees it.
    pub(super) witness: Witness,
    /// What is wrong with the alerter, on purpose.
    pub(super) defect: Option<&'static Defect>,
    /// How many messages were sent.
    pub(super) sent: Arc<AtomicU64>,
}

impl World {
    fn see(&self, receiver: &str, arrived: Duration, body: &Bytes, answered: Option<u16>) {
        let body = serde_json::from_slice(body).unwrap_or_default();
        self.witness.see(What::Message(Message { receiver: receiver.to_owned(), arrived, body, answered }));
    }

    /// How often a message arrives that is sent once.
    fn copies(&self) -> usize {
        let sent = self.sent.fetch_add(1, Ordering::Relaxed);
        self.defect.map_or(1, |defect| defect.copies(sent))
    }

    async fn take(self, request: Request<Bytes>) -> Result<Response<Body>, Error> {
        let receiver = request.uri().host().unwrap_or_default().to_owned();
        let closed = || Error::Refused { peer: receiver.clone() };
        let answer = |code: u16| {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = http::StatusCode::from_u16(code).unwrap_or_default();
            response
        };
        let arrived = self.witness.now();
        let (_, struck) = self.faults.count(ALERTER);
        if let Some(action) = struck.before {
            action();
            return std::future::pending().await;
        }
        if let Some(action) = struck.after {
            self.see(&receiver, arrived, request.body(), None);
            action();
            return std::future::pending().await;
        }
        match self.roads.fate(ALERTER, &receiver) {
            Fate::Served(delay) => {
                tokio::time::sleep(delay).await;
                for _ in 0..self.copies() {
                    self.see(&receiver, arrived, request.body(), Some(200));
                }
                Ok(answer(200))
            }
            Fate::Unanswered(_) => {
                self.see(&receiver, arrived, request.body(), None);
                std::future::pending().await
            }
            Fate::Refused(code) => {
                self.see(&receiver, arrived, request.body(), Some(code));
                Ok(answer(code))
            }
            Fate::Lost => std::future::pending().await,
            Fate::Closed => Err(closed()),
        }
    }
}

impl Transport for World {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<Result<Response<Body>, Error>> {
        Box::pin(self.clone().take(request))
    }
}

#[async_trait]
impl Outside for World {
    fn now(&self) -> Timestamp {
        self.environment.now()
    }

    async fn client(&self, _: Option<&Path>) -> Result<Client, Failure> {
        Ok(Client::new(self.clone()))
    }

    async fn secret(&self, source: &Source) -> Result<Secret, Failure> {
        match source {
            Source::Inline(secret) => Ok(secret.clone()),
            Source::File(path) => {
                Err(Failure::Permanent { reason: format!("there are no files here, not {}", path.display()) })
            }
        }
    }

    async fn mail(&self, _: &email::Server, _: &lettre::Message, _: Duration) -> Result<(), Failure> {
        Err(Failure::Permanent { reason: "there is no mail here".to_owned() })
    }
}
