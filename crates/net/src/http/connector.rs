//! From a URL to a connection: resolve, connect, handshake.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::resolve::Resolver;
use super::{BoxFuture, Error, origin};
use crate::tls::Fault;

/// How to get to peers. Made anew when our certificates change, so that old connections, which
/// were made with the old ones, go with it.
#[derive(Clone)]
pub(crate) struct Connector {
    pub(crate) tls: Arc<ClientConfig>,
    /// The name a peer has to have; `None` takes the URL's host and allows plain http.
    pub(crate) name: Option<ServerName<'static>>,
    pub(crate) resolver: Resolver,
    /// For resolving, connecting and the handshake together.
    pub(crate) timeout: Duration,
}

impl Connector {
    async fn connect(self, uri: Uri) -> Result<Stream, Error> {
        let peer = origin(&uri);
        let timeout = self.timeout;
        tokio::time::timeout(timeout, self.establish(&uri, &peer))
            .await
            .unwrap_or(Err(Error::ConnectTimedOut { peer: peer.clone(), after: timeout }))
    }

    async fn establish(self, uri: &Uri, peer: &str) -> Result<Stream, Error> {
        let unusable = |reason: &str| Error::Request { peer: peer.to_owned(), reason: reason.to_owned() };
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") if self.name.is_none() => false,
            Some("http") => return Err(unusable("services speak tls to each other: use https")),
            _ => return Err(unusable("only http and https are spoken")),
        };
        let host = uri.host().ok_or_else(|| unusable("the url has no host"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let name = match self.name {
            Some(name) => name,
            None => ServerName::try_from(host.to_owned()).map_err(|error| unusable(&error.to_string()))?,
        };
        let addresses = self
            .resolver
            .resolve(host, port)
            .await
            .map_err(|error| Error::Dns { peer: peer.to_owned(), reason: error.to_string() })?;
        let tcp = dial(&addresses, peer, self.timeout).await?;
        if !secure {
            return Ok(Stream::Plain(TokioIo::new(tcp)));
        }
        let handshake = TlsConnector::from(self.tls).connect(name, tcp).await;
        let tls = handshake.map_err(|error| handshake_failed(peer, &error))?;
        Ok(Stream::Tls(Box::new(TokioIo::new(tls))))
    }
}

/// Tries the addresses one after the other, each for its share of the time, so that one that
/// swallows packets does not keep the others from being tried. The last failure is told.
async fn dial(addresses: &[SocketAddr], peer: &str, timeout: Duration) -> Result<TcpStream, Error> {
    let share = timeout / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
    let mut failure = Error::ConnectTimedOut { peer: peer.to_owned(), after: timeout };
    for address in addresses {
        match tokio::time::timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Small messages, answered at once: waiting to fill packets only costs time.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => failure = Error::of_io(peer, &error),
            Err(_) => failure = Error::ConnectTimedOut { peer: peer.to_owned(), after: timeout },
        }
    }
    Err(failure)
}

fn handshake_failed(peer: &str, error: &io::Error) -> Error {
    match Error::of_io(peer, error) {
        // A server that hangs up in the handshake without a word is usually not a TLS server.
        Error::Closed { peer } => Error::Tls { peer, fault: Fault::NotTls },
        other => other,
    }
}

impl tower::Service<Uri> for Connector {
    type Response = Stream;
    type Error = Error;
    type Future = BoxFuture<Result<Stream, Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}

/// A connection, with or without TLS.
pub(crate) enum Stream {
    Plain(TokioIo<TcpStream>),
    Tls(Box<TokioIo<TlsStream<TcpStream>>>),
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl Write for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
