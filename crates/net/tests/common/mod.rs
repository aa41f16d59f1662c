//! A tree of certificates, and a server that tells its callers who they are.

#![allow(dead_code, reason = "every test file uses a part of it")]

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::extract::Extension;
use axum::routing::get;
use bytes::Bytes;
use environment::{Drain, Environment, SystemClock, Task};
use net::certs::{Options, write_tree};
use net::http::{Client, Error};
use net::server::{Limits, Metrics, Security, Server};
use net::tls::{Files, Identity, Reloading};
use tempfile::TempDir;

/// Longer than anything takes on a busy machine; reached in failing tests alone.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn environment() -> Environment {
    Environment::real(7)
}

pub(crate) struct Tree {
    pub(crate) folder: TempDir,
}

impl Tree {
    pub(crate) fn new() -> Self {
        let tree = Self { folder: TempDir::new().expect("a temporary folder") };
        tree.write(net::certs::IDENTITY_VALIDITY);
        tree
    }

    pub(crate) fn options(&self) -> Options {
        Options::new(self.folder.path())
    }

    pub(crate) fn write(&self, validity: Duration) {
        let options = Options { validity, ..self.options() };
        write_tree(&options, now()).expect("a fresh folder can be written");
    }

    /// Issues everything anew, by the same authority.
    pub(crate) fn renew(&self) {
        for name in net::certs::IDENTITIES {
            std::fs::remove_file(self.files(name).cert).expect("it was written");
        }
        self.write(net::certs::IDENTITY_VALIDITY);
    }

    pub(crate) fn files(&self, identity: &str) -> Files {
        Files::in_folder(&self.folder.path().join(identity))
    }

    pub(crate) async fn load(&self, environment: &Environment, identity: &str) -> Reloading {
        Reloading::load(environment, self.files(identity)).await.expect("a tree just written is good")
    }
}

pub(crate) fn now() -> jiff::Timestamp {
    use environment::Clock;
    SystemClock.now()
}

pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::copy(from, to).expect("both are in temporary folders");
}

/// A server on loopback, and what ends it.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) drain: Drain,
    pub(crate) metrics: Metrics,
    pub(crate) task: Task,
}

impl Running {
    pub(crate) async fn start(environment: &Environment, security: Security, router: Router) -> Self {
        Self::with(environment, security, router, Limits::default()).await
    }

    pub(crate) async fn with(
        environment: &Environment,
        security: Security,
        router: Router,
        limits: Limits,
    ) -> Self {
        let listener = net::server::listen("127.0.0.1:0".parse().expect("an address")).await.expect("free");
        let address = listener.local_addr().expect("it listens");
        let (drain, drained) = environment::drain();
        let metrics = Metrics::default();
        let server = Server::new(environment).limits(limits).metrics(metrics.clone());
        let task = environment.spawn("server", server.serve(listener, security, router, drained));
        Self { address, drain, metrics, task }
    }

    pub(crate) fn url(&self, scheme: &str, path: &str) -> String {
        format!("{scheme}://{}{path}", self.address)
    }
}

/// `/who` says who calls.
pub(crate) fn who() -> Router {
    Router::new().route(
        "/who",
        get(|caller: Option<Extension<Identity>>| async move {
            caller.map_or_else(|| "nobody".to_owned(), |Extension(identity)| identity.to_string())
        }),
    )
}

pub(crate) async fn get_text(client: &Client, url: &str) -> Result<(u16, String), Error> {
    let request = http::Request::get(url).body(Bytes::new()).expect("a request");
    let answer = client.send(request, PATIENCE).await?;
    Ok((answer.status().as_u16(), String::from_utf8_lossy(answer.body()).into_owned()))
}
