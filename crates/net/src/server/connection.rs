//! One connection from accept to close.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::{IntoResponse, Response};
use environment::Environment;
use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::{Accepted, Limits, Metrics, Security};
use crate::http::Spawner;
use crate::problem::Problem;
use crate::tls::{Identity, IdentityError};

/// Streams at once on one HTTP/2 connection. What a browser's console needs several times over.
const STREAMS_MAX: u32 = 128;

/// How long a refused caller may take to read why.
const LINGER: Duration = Duration::from_secs(1);

/// What all connections of a server have in common.
pub(super) struct Shared {
    pub(super) router: Router,
    pub(super) environment: Environment,
    pub(super) limits: Limits,
    pub(super) metrics: Metrics,
    pub(super) security: Security,
}

/// What the server is at. Connections see its end by the sender's going.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Serving,
    Draining,
}

/// Who is calling, as far as the connection knows.
#[derive(Clone)]
enum Caller {
    Nobody,
    Service(Identity),
    Refused(IdentityError),
}

pub(super) async fn serve(shared: Arc<Shared>, accepted: Accepted, mut phases: watch::Receiver<Phase>) {
    let Accepted { stream, peer, slot } = accepted;
    let _open = shared.metrics.open();
    let _ = stream.set_nodelay(true);
    let mut closing = phases.clone();
    tokio::select! {
        biased;
        // The server is gone: close, whatever is going on.
        _ = closing.wait_for(|_| false) => {}
        () = speak(&shared, stream, peer, &mut phases) => {}
    }
    drop(slot);
}

async fn speak(
    shared: &Shared,
    stream: tokio::net::TcpStream,
    peer: SocketAddr,
    phases: &mut watch::Receiver<Phase>,
) {
    // The trust is looked at before the handshake, so that no change is missed.
    let (trust, config) = match &shared.security {
        Security::Plain => {
            return http(shared, stream, Protocol::Http1, peer, Caller::Nobody, phases, None).await;
        }
        Security::Own(config) => (None, Arc::clone(config)),
        Security::Tls(reloading) => (None, reloading.server_plain()),
        Security::Mutual(reloading) => (Some(reloading.trust()), reloading.server_mutual()),
    };
    let handshaken = tokio::select! {
        biased;
        _ = phases.wait_for(|phase| *phase == Phase::Draining) => None,
        tls = handshake(shared, stream, peer, config) => tls,
    };
    let Some(tls) = handshaken else { return };
    let (_, session) = tls.get_ref();
    let protocol = match session.alpn_protocol() {
        Some(b"h2") => Protocol::Http2,
        _ => Protocol::Http1,
    };
    let caller = match session.peer_certificates().and_then(<[_]>::first) {
        None => Caller::Nobody,
        Some(certificate) => match Identity::of_certificate(certificate) {
            Ok(identity) => Caller::Service(identity),
            Err(error) => Caller::Refused(error),
        },
    };
    http(shared, tls, protocol, peer, caller, phases, trust).await;
}

async fn handshake(
    shared: &Shared,
    stream: tokio::net::TcpStream,
    peer: SocketAddr,
    config: Arc<ServerConfig>,
) -> Option<tokio_rustls::server::TlsStream<tokio::net::TcpStream>> {
    let handshake = TlsAcceptor::from(config).accept(stream).into_fallible();
    let reason = match tokio::time::timeout(shared.limits.handshake, handshake).await {
        Ok(Ok(tls)) => return Some(tls),
        Ok(Err((error, stream))) => {
            linger(stream).await;
            error.to_string()
        }
        Err(_) => "it took too long".to_owned(),
    };
    shared.metrics.handshake_failed();
    tracing::debug!(%peer, reason, "no tls with a caller");
    None
}

/// Lets the reason for a refusal arrive: closing with bytes unread would reset the connection, and
/// the caller would find only that.
async fn linger(mut stream: tokio::net::TcpStream) {
    let discard = async {
        stream.shutdown().await?;
        let mut rest = [0; 1024];
        while stream.read(&mut rest).await? > 0 {}
        std::io::Result::Ok(())
    };
    // However it ends, the connection does.
    let _ = tokio::time::timeout(LINGER, discard).await;
}

#[derive(Clone, Copy)]
enum Protocol {
    Http1,
    Http2,
}

async fn http<S>(
    shared: &Shared,
    stream: S,
    protocol: Protocol,
    peer: SocketAddr,
    caller: Caller,
    phases: &mut watch::Receiver<Phase>,
    trust: Option<watch::Receiver<u64>>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let builder = builder(shared, protocol);
    let router = shared.router.clone();
    let service = tower::service_fn(move |request: Request<Incoming>| {
        answer(router.clone(), request, peer, caller.clone())
    });
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        () = told_to_end(phases, trust) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, error, "a connection ended badly");
    }
}

/// The protocol is known before the first byte: a server that guesses waits for that byte without
/// a limit.
fn builder(shared: &Shared, protocol: Protocol) -> auto::Builder<Spawner> {
    let builder = auto::Builder::new(Spawner(shared.environment.clone()));
    let mut builder = match protocol {
        Protocol::Http1 => builder.http1_only(),
        Protocol::Http2 => builder.http2_only(),
    };
    builder.http1().timer(TokioTimer::new()).header_read_timeout(shared.limits.head);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .keep_alive_interval(shared.limits.head)
        .keep_alive_timeout(shared.limits.handshake);
    builder
}

async fn told_to_end(phases: &mut watch::Receiver<Phase>, trust: Option<watch::Receiver<u64>>) {
    tokio::select! {
        biased;
        _ = phases.wait_for(|phase| *phase == Phase::Draining) => {}
        () = replaced(trust) => {}
    }
}

/// Waits until the CAs that a caller was let in by are no longer the ones in use.
async fn replaced(trust: Option<watch::Receiver<u64>>) {
    if let Some(mut trust) = trust
        && trust.changed().await.is_ok()
    {
        return;
    }
    std::future::pending::<()>().await;
}

async fn answer(
    router: Router,
    request: Request<Incoming>,
    peer: SocketAddr,
    caller: Caller,
) -> Result<Response, Infallible> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    match caller {
        Caller::Nobody => {}
        Caller::Service(identity) => drop(request.extensions_mut().insert(identity)),
        Caller::Refused(error) => return Ok(Problem::forbidden(error.to_string()).into_response()),
    }
    router.oneshot(request).await
}
