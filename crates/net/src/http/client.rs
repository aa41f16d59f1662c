//! The client that everybody holds, over a transport that can be exchanged.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use environment::Environment;
use http::{Request, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tower::ServiceExt;

use super::pooled::{Peer, Pooled};
use super::{Error, Roots, origin};
use crate::tls::{self, Identity, Reloading};

/// The most that an answer may hold unless [`Client::with_response_max`] says otherwise: far above
/// any answer that services give each other, far below what would hurt.
const RESPONSE_MAX: usize = 4 * 1024 * 1024;

/// A future that can be stored.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What carries a request to a peer and brings its answer: sockets, a router in the same process,
/// a simulated network. Deadlines and the size of answers are the [`Client`]'s business.
pub trait Transport: Send + Sync + 'static {
    /// Sends one request. Dropping the future gives it up.
    fn send(&self, request: Request<Bytes>) -> BoxFuture<Result<Response<Body>, Error>>;
}

/// Sends requests. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Client {
    transport: Arc<dyn Transport>,
    response_max: usize,
}

impl Client {
    /// Over a transport of the caller's choice.
    pub fn new(transport: impl Transport) -> Self {
        Self { transport: Arc::new(transport), response_max: RESPONSE_MAX }
    }

    /// To a service of ours, at whatever address, by mutual TLS: `ours` says who we are and which
    /// CA to trust, and the peer's certificate has to name `peer`. Takes https URLs only.
    pub fn to_service(environment: &Environment, ours: &Reloading, peer: &Identity) -> Self {
        Self::new(Pooled::new(environment, Peer::Service { ours: ours.clone(), name: peer.dns_name() }))
    }

    /// To the outside, by http or https; certificates are checked against `roots` and the URL's
    /// host.
    pub async fn outbound(environment: &Environment, roots: Roots) -> Result<Self, tls::Error> {
        Ok(Self::new(Pooled::new(environment, Peer::Host(roots.load(environment).await?))))
    }

    /// To a router in this process, as `caller` if the router asks who calls: what mutual TLS
    /// would have told it. For tests and the simulator.
    pub fn to_router(router: Router, caller: Option<Identity>) -> Self {
        Self::new(InProcess { router, caller })
    }

    /// The same client taking answers of at most so many bytes.
    #[must_use]
    pub fn with_response_max(mut self, bytes: usize) -> Self {
        self.response_max = bytes;
        self
    }

    /// Sends a request and waits for the whole answer, whatever its status, for `deadline` in all.
    pub async fn send(&self, request: Request<Bytes>, deadline: Duration) -> Result<Response<Bytes>, Error> {
        let peer = origin(request.uri());
        tokio::time::timeout(deadline, self.exchange(&peer, request))
            .await
            .unwrap_or(Err(Error::TimedOut { peer: peer.clone(), after: deadline }))
    }

    async fn exchange(&self, peer: &str, request: Request<Bytes>) -> Result<Response<Bytes>, Error> {
        let (parts, body) = self.transport.send(request).await?.into_parts();
        let body = Limited::new(body, self.response_max).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                Error::TooLarge { peer: peer.to_owned(), limit: self.response_max }
            } else {
                Error::Closed { peer: peer.to_owned() }
            }
        })?;
        Ok(Response::from_parts(parts, body.to_bytes()))
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("response_max", &self.response_max).finish_non_exhaustive()
    }
}

struct InProcess {
    router: Router,
    caller: Option<Identity>,
}

impl Transport for InProcess {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<Result<Response<Body>, Error>> {
        let mut request = request.map(Body::from);
        if let Some(caller) = &self.caller {
            request.extensions_mut().insert(caller.clone());
        }
        let answer = self.router.clone().oneshot(request);
        Box::pin(async move {
            match answer.await {
                Ok(response) => Ok(response),
                Err(never) => match never {},
            }
        })
    }
}
