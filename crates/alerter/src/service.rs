//! The shell: wires the desk to the journal, the receivers, the clock and HTTP.

mod attempt;
mod files;
mod handle;
mod runner;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use environment::{Drained, Environment};
use model::config::alerter::{AlerterConfig, ApiSecurity};
use net::server::{ListenError, Security, Server};
use net::tls::{Files, Reloading};
use tokio::net::TcpListener;

use crate::api;
use crate::configuration::Settings;
use crate::receivers::{Outside, Real};
use crate::store::{self, Sqlite, Store};

pub use handle::{Handle, Refusal, SilenceError};

/// What a service is made from.
#[derive(Clone, Debug)]
pub struct Options {
    /// The configuration.
    pub config: AlerterConfig,
    /// The folder where its relative paths begin.
    pub folder: PathBuf,
    /// The file it was read from, to be read again on a reload; `None` where it came from nowhere.
    pub file: Option<PathBuf>,
}

/// Why the alerter does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file cannot be read.
    #[error("{path} cannot be read: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Our configuration is wrong.
    #[error(transparent)]
    Config(#[from] model::config::Error),
    /// The `alertmanager.yml` is wrong.
    #[error(transparent)]
    Alertmanager(#[from] crate::configuration::Error),
    /// The journal cannot be used.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Certificates cannot be used.
    #[error(transparent)]
    Tls(#[from] net::tls::Error),
    /// An address cannot be listened on.
    #[error("{key}: {error}")]
    Listen {
        /// Its key in the configuration: `listen.api`.
        key: &'static str,
        /// Why.
        error: ListenError,
    },
    /// Something that the alerter cannot be without has ended.
    #[error(transparent)]
    Ended(#[from] environment::Ended),
}

impl Options {
    /// Reads `alerter.yaml`.
    pub async fn read(file: &Path) -> Result<Self, Error> {
        let config = files::config(file).await?;
        let folder = file.parent().map(Path::to_path_buf).unwrap_or_default();
        Ok(Self { config, folder, file: Some(file.to_path_buf()) })
    }

    /// Reads and checks everything that the configuration names, and changes nothing.
    pub async fn settle(&self) -> Result<Settings, Error> {
        files::find(&self.config, &self.folder).await?.settle(&self.config)
    }
}

/// The addresses a service came to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// The API for Prometheus, amtool and people.
    pub api: SocketAddr,
    /// The API for the other services; `None` without certificates.
    pub internal: Option<SocketAddr>,
    /// Metrics and health.
    pub metrics: SocketAddr,
}

/// The alerter, ready to run.
#[derive(Debug)]
pub struct Service {
    environment: Environment,
    options: Options,
    handle: Handle,
}

impl Service {
    /// On the real world: the configured SQLite file, real receivers.
    pub async fn open(options: Options, environment: &Environment) -> Result<Self, Error> {
        let sqlite = store::Options {
            path: options.folder.join(&options.config.store.path),
            queue: options.config.limits.journal_queue,
            pages_max: None,
        };
        let settings = options.settle().await?;
        let store = Sqlite::open(environment, sqlite).await?;
        Self::new(options, settings, environment, Arc::new(store), Arc::new(Real::new(environment))).await
    }

    /// On a store and an outside world of the caller's choice.
    pub async fn new(
        options: Options,
        settings: Settings,
        environment: &Environment,
        store: Arc<dyn Store>,
        outside: Arc<dyn Outside>,
    ) -> Result<Self, Error> {
        let handle = Handle::new(&options, settings, environment, store, outside).await?;
        Ok(Self { environment: environment.clone(), options, handle })
    }

    /// For whoever needs to speak to it while it runs.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// The API for Prometheus, amtool and people.
    pub fn router(&self) -> Router {
        api::public(&self.handle)
    }

    /// The API for the other services. It goes by the identity of the caller, which a server with
    /// mutual TLS (or [`net::http::Client::to_router`]) provides.
    pub fn internal_router(&self) -> Router {
        api::internal(&self.handle)
    }

    /// `/metrics`, `/livez` and `/readyz`.
    pub fn metrics_router(&self) -> Router {
        api::metrics(&self.handle)
    }

    /// Does everything but listen, until the drain; for the simulator, and for services that
    /// share a process.
    pub async fn work(self, drained: Drained) -> Result<(), Error> {
        runner::start(&self.handle, &self.environment);
        tokio::select! {
            biased;
            () = drained.requested() => {}
            ended = self.environment.tasks().critical_ended() => return Err(ended.into()),
        }
        self.handle.finish().await;
        Ok(())
    }

    /// Opens the configured addresses and serves on them until the drain.
    pub async fn run(self, drained: Drained) -> Result<(), Error> {
        self.bind().await?.run(drained).await
    }

    /// Opens the configured addresses.
    pub async fn bind(self) -> Result<Bound, Error> {
        let listen = &self.options.config.listen;
        let tls = match &self.options.config.tls {
            Some(files) => Some(self.load_tls(files).await?),
            None => None,
        };
        let api_security = match (listen.api_security, &tls) {
            (ApiSecurity::Tls, Some(tls)) => Security::Tls(tls.clone()),
            _ => Security::Plain,
        };
        let open = async |key, address| {
            net::server::listen(address).await.map_err(|error| Error::Listen { key, error })
        };
        let api = (open("listen.api", listen.api).await?, api_security);
        let metrics = open("listen.metrics", listen.metrics).await?;
        let internal = match tls {
            Some(tls) => Some((open("listen.internal", listen.internal).await?, Security::Mutual(tls))),
            None => None,
        };
        Ok(Bound { service: self, api, internal, metrics })
    }

    async fn load_tls(&self, files: &model::config::alerter::AlerterTls) -> Result<Reloading, Error> {
        let folder = &self.options.folder;
        let files = Files {
            ca: folder.join(&files.ca),
            cert: folder.join(&files.cert),
            key: folder.join(&files.key),
        };
        let tls = Reloading::load(&self.environment, files).await?;
        self.handle.metrics().with_registry(|registry| {
            net::metrics::register_tls(registry, "identity", &tls);
        });
        Ok(tls)
    }
}

/// The alerter with its addresses open.
#[derive(Debug)]
pub struct Bound {
    service: Service,
    api: (TcpListener, Security),
    internal: Option<(TcpListener, Security)>,
    metrics: TcpListener,
}

impl Bound {
    /// Where it listens: of interest where a port was left to the system.
    pub fn addresses(&self) -> std::io::Result<Addresses> {
        Ok(Addresses {
            api: self.api.0.local_addr()?,
            internal: self.internal.as_ref().map(|(listener, _)| listener.local_addr()).transpose()?,
            metrics: self.metrics.local_addr()?,
        })
    }

    /// For whoever needs to speak to it while it runs.
    pub fn handle(&self) -> Handle {
        self.service.handle()
    }

    /// Serves until the drain.
    pub async fn run(self, drained: Drained) -> Result<(), Error> {
        let Self { service, api, internal, metrics } = self;
        if let Ok(local) = api.0.local_addr() {
            tracing::info!(api = %local, hash = service.handle.hash(), "the alerter is up");
        }
        let environment = service.environment.clone();
        let server = Server::new(&environment).metrics(service.handle.metrics().served());
        let serve =
            |listener, security, router| server.clone().serve(listener, security, router, drained.clone());
        let api = serve(api.0, api.1, service.router());
        let internal =
            internal.map(|(listener, security)| serve(listener, security, service.internal_router()));
        let metrics = serve(metrics, Security::Plain, service.metrics_router());
        let internal = async {
            if let Some(internal) = internal {
                internal.await;
            }
        };
        // Requests that were begun must find the journal open: it is closed after the servers.
        let listening = futures::future::join3(api, internal, metrics);
        let (drain, closing) = environment::drain();
        let working = service.work(closing);
        tokio::pin!(working);
        tokio::select! {
            biased;
            ended = &mut working => ended,
            _ = listening => {
                drain.start();
                working.await
            }
        }
    }
}
