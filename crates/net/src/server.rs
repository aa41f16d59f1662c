//! The accept loop: keeps serving under bad peers, and ends without cutting anybody off.
//!
//! Bounds, each against something that happens: connections (a flood), time for the handshake
//! and for a request's head (peers that connect and say nothing), size of bodies, time for a
//! request. A drain stops accepting, lets requests that have begun finish, and then closes.

mod connection;
mod metrics;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use environment::{Drained, Environment};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower_http::limit::RequestBodyLimitLayer;

use crate::tls::Reloading;
use connection::Phase;
pub use metrics::Metrics;

/// How connections are secured, and what callers have to show.
#[derive(Debug, Clone)]
pub enum Security {
    /// Plain HTTP: for metrics, health, and what stands behind somebody else's TLS.
    Plain,
    /// TLS; callers need no certificate and have no identity.
    Tls(Reloading),
    /// TLS where callers show a certificate of our CA. Handlers find who it is as
    /// `Extension<Identity>`; a certificate that names no service is refused with 403.
    Mutual(Reloading),
    /// TLS with what the caller has made; for a server that lives no longer than its certificate.
    Own(Arc<rustls::ServerConfig>),
}

/// The bounds of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once; more wait in the kernel's queue until one ends.
    pub connections: usize,
    /// For the TLS handshake.
    pub handshake: Duration,
    /// For the head of a request, and so also how long a connection may be idle.
    pub head: Duration,
    /// For a request until its answer begins.
    pub request: Duration,
    /// Bytes in the body of a request. Routers may set lower limits for their routes.
    pub body: usize,
    /// After a drain was asked for: how long requests that have begun may take.
    pub drain: Duration,
}

impl Default for Limits {
    /// 512 connections: many times what replicas, Prometheus and people open, and far below the
    /// usual 1,024 file descriptors. 8 MiB: a batch of 256 alerts with full annotations is under
    /// one. 20 s to drain: within Kubernetes' 30 s between SIGTERM and SIGKILL.
    fn default() -> Self {
        Self {
            connections: 512,
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(30),
            request: Duration::from_secs(30),
            body: 8 * 1024 * 1024,
            drain: Duration::from_secs(20),
        }
    }
}

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// Somebody else does.
    #[error("{address} is in use: stop what listens there (`ss -ltnp`) or configure another port")]
    InUse {
        /// The address asked for.
        address: SocketAddr,
    },
    /// Ports below 1024 need a right that we do not have.
    #[error(
        "{address} may not be listened on: ports below 1024 need CAP_NET_BIND_SERVICE; configure another"
    )]
    NotPermitted {
        /// The address asked for.
        address: SocketAddr,
    },
    /// No interface has the address.
    #[error("{address} is not an address of this machine: configure one that is, or 0.0.0.0")]
    NotHere {
        /// The address asked for.
        address: SocketAddr,
    },
    /// Something else.
    #[error("cannot listen on {address}: {source}")]
    Other {
        /// The address asked for.
        address: SocketAddr,
        /// What the operating system said.
        source: std::io::Error,
    },
}

/// Opens a listening socket; with port 0 on a port that is free.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, ListenError> {
    use std::io::ErrorKind;
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        ErrorKind::AddrInUse => ListenError::InUse { address },
        ErrorKind::PermissionDenied => ListenError::NotPermitted { address },
        ErrorKind::AddrNotAvailable => ListenError::NotHere { address },
        _ => ListenError::Other { address, source },
    })
}

/// Serves with the default [`Limits`] and without metrics until the drain; see [`Server::serve`].
pub async fn serve(
    environment: &Environment,
    listener: TcpListener,
    security: Security,
    router: Router,
    drain: Drained,
) {
    Server::new(environment).serve(listener, security, router, drain).await;
}

/// A server that is not running yet.
#[derive(Debug, Clone)]
pub struct Server {
    environment: Environment,
    limits: Limits,
    metrics: Metrics,
}

/// After accept failed, usually for want of file descriptors: long enough for connections to end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

impl Server {
    /// With default limits, and metrics that nobody reads.
    pub fn new(environment: &Environment) -> Self {
        Self { environment: environment.clone(), limits: Limits::default(), metrics: Metrics::default() }
    }

    /// With other limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Counting into `metrics`, which several servers of a process may share.
    #[must_use]
    pub fn metrics(mut self, metrics: Metrics) -> Self {
        self.metrics = metrics;
        self
    }

    /// Serves `router` until the drain is asked for and requests that had begun have ended or
    /// [`Limits::drain`] is over. Errors of single connections are counted and logged at debug
    /// level; none of them ends the server. Dropping the future closes all connections.
    pub async fn serve(self, listener: TcpListener, security: Security, router: Router, drain: Drained) {
        let (phase, phases) = watch::channel(Phase::Serving);
        let slots = Arc::new(Semaphore::new(self.limits.connections));
        let shared = Arc::new(connection::Shared {
            router: self.prepare(router),
            environment: self.environment.clone(),
            limits: self.limits,
            metrics: self.metrics.clone(),
            security,
        });
        loop {
            let accepted = tokio::select! {
                biased;
                () = drain.requested() => break,
                accepted = self.accept(&listener, &slots) => accepted,
            };
            let connection = connection::serve(Arc::clone(&shared), accepted, phases.clone());
            self.environment.spawn("http connection", connection);
        }
        drop(listener);
        phase.send_replace(Phase::Draining);
        let all = u32::try_from(self.limits.connections).unwrap_or(u32::MAX);
        let drained = tokio::time::timeout(self.limits.drain, slots.acquire_many(all)).await;
        if drained.is_err() {
            tracing::warn!("requests outlasted the drain; their connections are closed");
        }
    }

    async fn accept(&self, listener: &TcpListener, slots: &Arc<Semaphore>) -> Accepted {
        if slots.available_permits() == 0 {
            self.metrics.full();
            tracing::warn!(limit = self.limits.connections, "connection limit reached; new ones wait");
        }
        let slot = Arc::clone(slots).acquire_owned().await.expect("the semaphore is never closed");
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => return Accepted { stream, peer, slot },
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection; trying again");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn prepare(&self, router: Router) -> Router {
        let metrics = self.metrics.clone();
        let environment = self.environment.clone();
        let limit = self.limits.request;
        // The last one is the outermost: what the limits refuse is counted too.
        router
            .layer(DefaultBodyLimit::max(self.limits.body))
            .layer(RequestBodyLimitLayer::new(self.limits.body))
            .layer(axum::middleware::from_fn(move |request, next| {
                metrics::observe(metrics.clone(), environment.clone(), limit, request, next)
            }))
    }
}

/// A connection and its slot among all.
struct Accepted {
    stream: TcpStream,
    peer: SocketAddr,
    slot: OwnedSemaphorePermit,
}
