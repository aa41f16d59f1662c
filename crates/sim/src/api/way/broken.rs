//! Connections that do not come about or break, as the client's own HTTP library tells of them.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Empty;
use hyper::rt::{Executor, Read, ReadBufCursor, Write};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, Connection};

use super::super::answer::WayError;

/// Nobody listens. Made by the real HTTP client, because only it can say that nothing was sent.
pub(super) async fn refused() -> WayError {
    let connector = tower::service_fn(|_: http::Uri| {
        std::future::ready(Err::<NoConnection, _>(io::Error::from(io::ErrorKind::ConnectionRefused)))
    });
    let client: Client<_, Empty<Bytes>> = Client::builder(NoTasks).build(connector);
    match client.get(http::Uri::from_static("http://api")).await {
        Err(error) => error.into(),
        Ok(_) => reset(),
    }
}

/// The connection was reset.
pub(super) fn reset() -> WayError {
    io::Error::from(io::ErrorKind::ConnectionReset).into()
}

/// A connection that there never is.
enum NoConnection {}

impl Connection for NoConnection {
    fn connected(&self) -> Connected {
        match *self {}
    }
}

impl Read for NoConnection {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        match *self {}
    }
}

impl Write for NoConnection {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        match *self {}
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match *self {}
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match *self {}
    }
}

/// Runs nothing: a client that never connects has nothing to run.
#[derive(Clone, Copy)]
struct NoTasks;

impl<F> Executor<F> for NoTasks {
    fn execute(&self, _: F) {}
}
