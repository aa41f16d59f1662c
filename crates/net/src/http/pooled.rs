//! Real connections, kept for reuse.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use environment::Environment;
use http::{Request, Response};
use http_body_util::Full;
use hyper_util::client::legacy;
use hyper_util::rt::TokioTimer;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;

use super::connector::Connector;
use super::resolve::Resolver;
use super::{BoxFuture, Error, Transport, origin};
use crate::tls::Reloading;

/// For resolving, connecting and the TLS handshake together: three SYNs are sent within it. The
/// deadline of the request holds as well.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Shorter than any server keeps idle connections (ours: 30 s), so that it is we who close them
/// and not a server in the moment of our next request.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// So many unused connections are kept for one peer.
const IDLE_PER_HOST_MAX: usize = 8;

/// Who is at the other end, and how that is known.
pub(crate) enum Peer {
    /// A service of ours: its certificate names it.
    Service { ours: Reloading, name: String },
    /// Whoever has the URL's host name.
    Host(Arc<ClientConfig>),
}

type Pool = legacy::Client<Connector, Full<Bytes>>;

/// The transport over sockets.
pub(crate) struct Pooled {
    environment: Environment,
    peer: Peer,
    resolver: Resolver,
    /// The pool and the generation of certificates that its connections were made with.
    current: Mutex<Option<(u64, Pool)>>,
}

impl Pooled {
    pub(crate) fn new(environment: &Environment, peer: Peer) -> Self {
        Self {
            environment: environment.clone(),
            peer,
            resolver: Resolver::system(),
            current: Mutex::new(None),
        }
    }

    fn pool(&self) -> Result<Pool, Error> {
        let generation = match &self.peer {
            Peer::Service { ours, .. } => ours.generation(),
            Peer::Host(_) => 0,
        };
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((made_with, pool)) = &*current
            && *made_with == generation
        {
            return Ok(pool.clone());
        }
        let pool = self.build()?;
        *current = Some((generation, pool.clone()));
        Ok(pool)
    }

    fn build(&self) -> Result<Pool, Error> {
        let (tls, name) = match &self.peer {
            Peer::Service { ours, name } => {
                let server = ServerName::try_from(name.clone())
                    .map_err(|error| Error::Request { peer: name.clone(), reason: error.to_string() })?;
                (ours.client(), Some(server))
            }
            Peer::Host(tls) => (Arc::clone(tls), None),
        };
        let connector = Connector { tls, name, resolver: self.resolver.clone(), timeout: CONNECT_TIMEOUT };
        Ok(legacy::Client::builder(Spawner(self.environment.clone()))
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(IDLE_PER_HOST_MAX)
            .build(connector))
    }
}

impl Transport for Pooled {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<Result<Response<Body>, Error>> {
        let peer = origin(request.uri());
        let pool = self.pool();
        Box::pin(async move {
            let answer = pool?.request(request.map(Full::new)).await;
            answer.map(|response| response.map(Body::new)).map_err(|error| translate(&peer, &error))
        })
    }
}

/// Finds the reason in what hyper wraps around it.
fn translate(peer: &str, error: &legacy::Error) -> Error {
    let mut link: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = link {
        if let Some(ours) = cause.downcast_ref::<Error>() {
            return ours.clone();
        }
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            return Error::of_io(peer, io);
        }
        if let Some(hyper) = cause.downcast_ref::<hyper::Error>()
            && (hyper.is_incomplete_message() || hyper.is_canceled() || hyper.is_closed())
        {
            return Error::Closed { peer: peer.to_owned() };
        }
        link = cause.source();
    }
    Error::Protocol { peer: peer.to_owned(), reason: innermost(error) }
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

/// Connections live as tasks of the environment, and end with it.
#[derive(Clone)]
pub(crate) struct Spawner(pub(crate) Environment);

impl<F> hyper::rt::Executor<F> for Spawner
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        self.0.spawn("http connection", async move { drop(future.await) });
    }
}
