//! The shell around the core: watches in, issues out, metrics, health and the API.

mod api;
mod board;
mod cluster_name;
mod metrics;
mod pass;
mod posting;
mod reload;
mod watches;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use environment::{Drained, Ended, Environment};
use model::config::monitor::{Checks, MonitorConfig, TlsFiles};
use net::health::{Condition, Health};
use net::http::{Client, Endpoint, EndpointError};
use net::server::{ListenError, Security, Server, listen};
use net::tls::{Files, Identity, Reloading};
use tokio::sync::{SetOnce, mpsc, watch};

use crate::engine::{Engine, Input};
use crate::now::Now;
use crate::report::Report;
use crate::tracker::Update;

use board::Board;
use metrics::Metrics;
use posting::Outlet;
use reload::Reload;

pub use pass::{Error as PassError, Options as PassOptions, Progress, check};

/// Most inputs that wait for the engine, and that it takes in before it settles. At 1,000 changes
/// a second it holds a quarter of a second; a few hundred views are under a megabyte.
const QUEUE: usize = 256;

/// What a monitor needs besides its transports.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Its configuration.
    pub config: MonitorConfig,
    /// The file it was read from, to be read again when it changes; none where it came from nowhere.
    pub file: Option<PathBuf>,
    /// Watch this namespace only (and nodes, which have none); all where it is not given.
    pub namespace: Option<String>,
}

/// What a monitor speaks through.
#[derive(Clone)]
pub struct Transports {
    /// Kubernetes.
    pub client: kube::Client,
    /// The own identity; without it the API is not served over the network.
    pub tls: Option<Reloading>,
    /// Whom issues are posted to.
    pub endpoints: Vec<Endpoint>,
}

impl Transports {
    /// The transports that a configuration names.
    pub async fn new(
        config: &MonitorConfig,
        environment: &Environment,
        client: kube::Client,
    ) -> Result<Self, Error> {
        let Some(TlsFiles { ca, cert, key }) = config.tls.clone() else {
            return Ok(Self { client, tls: None, endpoints: Vec::new() });
        };
        let tls = Reloading::load(environment, Files { ca, cert, key }).await?;
        let endpoints = endpoints(config, environment, &tls)?;
        Ok(Self { client, tls: Some(tls), endpoints })
    }
}

/// Why a monitor does not start, or ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The certificate, key or CA cannot be used.
    #[error("tls: {0}")]
    Tls(#[from] net::tls::Error),
    /// An endpoint's address is none.
    #[error("{key}: {error}")]
    Endpoint {
        /// `alerters` or `healers`.
        key: &'static str,
        /// What is wrong with it.
        error: EndpointError,
    },
    /// An address cannot be listened on.
    #[error("{key}: {error}")]
    Listen {
        /// `listen.api` or `listen.metrics`.
        key: &'static str,
        /// Why.
        error: ListenError,
    },
    /// A task that the monitor cannot be without is no more.
    #[error("the monitor cannot go on: {0}")]
    Ended(Ended),
}

/// A monitor that is not running yet.
pub struct Service {
    options: Options,
    environment: Environment,
    client: kube::Client,
    tls: Option<Reloading>,
    endpoints: Vec<(Endpoint, Outlet)>,
    board: Board,
    metrics: Metrics,
    served: net::server::Metrics,
    health: Health,
    synced: Condition,
    thresholds: watch::Sender<Checks>,
}

/// Reads what a running monitor knows, and gives it other thresholds. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle {
    board: Board,
    thresholds: watch::Sender<Checks>,
}

impl Handle {
    /// The open issues, and what could not be looked at.
    pub fn report(&self) -> Report {
        self.board.report()
    }

    /// Other thresholds, from now on. Issues of checks that are switched off end as such.
    pub fn reconfigure(&self, thresholds: Checks) {
        self.thresholds.send_replace(thresholds);
    }
}

impl Service {
    /// A monitor of the cluster behind a client, which posts to endpoints.
    pub fn new(options: Options, environment: Environment, transports: Transports) -> Self {
        let Transports { client, tls, endpoints } = transports;
        let health = Health::default();
        let synced = health.condition("world", "nothing has been listed yet");
        let endpoints = endpoints.into_iter().map(|endpoint| (endpoint, Outlet::new())).collect();
        let (board, metrics) = (Board::default(), Metrics::default());
        let served = net::server::Metrics::default();
        let thresholds = watch::Sender::new(options.config.checks.clone());
        Self {
            options,
            environment,
            client,
            tls,
            endpoints,
            board,
            metrics,
            served,
            health,
            synced,
            thresholds,
        }
    }

    /// To read what it knows while it runs.
    pub fn handle(&self) -> Handle {
        Handle { board: self.board.clone(), thresholds: self.thresholds.clone() }
    }

    /// The API. It goes by the identity of the caller, which a server with mutual TLS (or
    /// [`Client::to_router`]) provides.
    pub fn router(&self) -> Router {
        api::router(self.board.clone())
    }

    /// `/metrics`, `/livez` and `/readyz`.
    pub fn metrics_router(&self) -> Router {
        let mut registry = net::metrics::registry("monitor", env!("CARGO_PKG_VERSION"), &self.environment);
        self.metrics.register(&mut registry, &self.environment, &self.board);
        self.served.register(&mut registry);
        if let Some(tls) = &self.tls {
            net::metrics::register_tls(&mut registry, "own", tls);
        }
        self.health.router().merge(net::metrics::router(registry))
    }

    /// Opens the configured addresses and serves on them until the drain.
    pub async fn run(self, drain: Drained) -> Result<(), Error> {
        let environment = self.environment.clone();
        let addresses = &self.options.config.listen;
        let open = async |key, address| listen(address).await.map_err(|error| Error::Listen { key, error });
        let metrics = open("listen.metrics", addresses.metrics).await?;
        let mut servers = vec![(metrics, Security::Plain, self.metrics_router())];
        if let Some(tls) = self.tls.clone() {
            servers.push((open("listen.api", addresses.api).await?, Security::Mutual(tls), self.router()));
        } else {
            tracing::info!("no tls files are configured: the API is not served");
        }
        let server = Server::new(&environment).metrics(self.served.clone());
        let serving = servers.into_iter().map(|(listener, security, router)| {
            let one = server.clone().serve(listener, security, router, drain.clone());
            environment.spawn_critical("http server", one)
        });
        let serving: Vec<_> = serving.collect();
        self.work(drain).await?;
        for one in serving {
            one.join().await;
        }
        Ok(())
    }

    /// Does everything but listen, until the drain or until it cannot go on; for the simulator,
    /// and for services that share a process. What it started goes on until its environment's
    /// tasks are ended.
    pub async fn work(self, drain: Drained) -> Result<(), Error> {
        let Self { options, environment, client, endpoints, board, metrics, synced, thresholds, .. } = self;
        let name = Arc::new(SetOnce::new_with(options.config.cluster.clone()));
        if !name.initialized() {
            environment.spawn("cluster name", cluster_name::find(client.clone(), Arc::clone(&name)));
        }
        metrics.configured(true);
        if let Some(file) = options.file {
            let reload = Reload::new(file, thresholds.clone(), metrics.clone());
            environment.spawn("configuration", reload.run());
        }
        let mut outlets = Vec::new();
        for (endpoint, outlet) in endpoints {
            outlets.push(outlet.clone());
            let (own, name) = (environment.clone(), Arc::clone(&name));
            let (runbooks, metrics) = (options.config.runbooks.clone(), metrics.clone());
            let posting = outlet.run(endpoint, own, name, runbooks, metrics, drain.clone());
            environment.spawn_critical("posting", posting);
        }
        let (sender, mut inputs) = mpsc::channel(QUEUE);
        let namespace = options.namespace.as_deref();
        metrics.watch(watches::start_all(&client, &environment, namespace, &sender));
        let mut thresholds = thresholds.subscribe();
        let checks = thresholds.borrow_and_update().clone();
        let config = MonitorConfig { checks, ..options.config };
        metrics.in_force(&config);
        let mut core = Core {
            engine: Engine::new(config.checks.clone(), config.team_label.clone()),
            config,
            environment: environment.clone(),
            board,
            metrics,
            outlets,
            synced,
            began: false,
            thresholds,
        };
        tokio::select! {
            biased;
            () = drain.requested() => Ok(()),
            ended = environment.tasks().critical_ended() => Err(Error::Ended(ended)),
            () = core.run(&mut inputs) => Ok(()),
        }
    }
}

/// The engine, and whom it tells.
struct Core {
    engine: Engine,
    /// As it is in force.
    config: MonitorConfig,
    environment: Environment,
    board: Board,
    metrics: Metrics,
    outlets: Vec<Outlet>,
    synced: Condition,
    began: bool,
    thresholds: watch::Receiver<Checks>,
}

impl Core {
    /// Runs until nobody can tell it anything any more.
    async fn run(&mut self, inputs: &mut mpsc::Receiver<Input>) {
        let mut waiting = Vec::with_capacity(QUEUE);
        loop {
            let sleep =
                self.engine.next_deadline().map(|due| due.saturating_sub(self.environment.monotonic()));
            // Inputs first: a deadline must not be judged by what is older than what has come.
            tokio::select! {
                biased;
                Ok(()) = self.thresholds.changed() => self.reconfigure(),
                count = inputs.recv_many(&mut waiting, QUEUE) => if count == 0 { return },
                () = tokio::time::sleep(sleep.unwrap_or_default()), if sleep.is_some() => {}
            }
            let now = self.now();
            for input in waiting.drain(..) {
                self.engine.apply(input, now);
            }
            let updates = self.engine.settle(now);
            self.tell(&updates, now);
        }
    }

    fn reconfigure(&mut self) {
        self.config.checks = self.thresholds.borrow_and_update().clone();
        let updates = self.engine.reconfigure(self.config.checks.clone());
        self.metrics.in_force(&self.config);
        tracing::info!("other thresholds are in use");
        self.tell(&updates, self.now());
    }

    fn tell(&mut self, updates: &[Update], arrived: Now) {
        self.show_health();
        self.board.set_pending(self.engine.pending());
        let blind = self.engine.blind(arrived);
        let sees_all = self.began && blind.is_empty();
        self.board.set_blind(blind);
        self.metrics.settled(&self.engine);
        if !updates.is_empty() {
            self.publish(updates, arrived);
        }
        // After the issues: that there are none is not to overtake them.
        for outlet in &self.outlets {
            outlet.be_present(sees_all);
        }
    }

    fn publish(&self, updates: &[Update], arrived: Now) {
        log(updates, &self.board);
        self.board.update(updates);
        let now = self.now();
        self.metrics.detected(now.steady.saturating_sub(arrived.steady));
        for outlet in &self.outlets {
            outlet.update(updates, now);
        }
    }

    fn show_health(&mut self) {
        if self.engine.has_begun() {
            if !std::mem::replace(&mut self.began, true) {
                tracing::info!("everything is listed");
            }
            return self.synced.met();
        }
        let awaited: Vec<&str> = self.engine.awaited().iter().map(|kind| kind.as_str()).collect();
        self.synced.missing(format!("{} are being listed", awaited.join(", ")));
    }

    fn now(&self) -> Now {
        Now { wall: self.environment.now(), steady: self.environment.monotonic() }
    }
}

/// Says what has changed since the board was made.
fn log(updates: &[Update], board: &Board) {
    for Update { issue, resolution } in updates {
        let (lineage, code) = (&issue.lineage, &issue.code);
        if let Some(resolution) = resolution {
            tracing::info!(%lineage, code, resolution = resolution.as_str(), "an issue is over");
            continue;
        }
        let cause = issue.cause.as_ref().map(|cause| format!("{} {}", cause.lineage, cause.code));
        if board.is_news(issue) {
            tracing::info!(%lineage, code, severity = %issue.severity, cause, "{}", issue.summary);
        } else {
            tracing::debug!(%lineage, code, severity = %issue.severity, cause, "{}", issue.summary);
        }
    }
}

/// Runs a monitor as its configuration says: with its certificates, endpoints and addresses.
pub async fn serve(
    options: Options,
    environment: Environment,
    client: kube::Client,
    drain: Drained,
) -> Result<(), Error> {
    let transports = Transports::new(&options.config, &environment, client).await?;
    Service::new(options, environment, transports).run(drain).await
}

/// The endpoints that a configuration names, each known by its service's name.
fn endpoints(
    config: &MonitorConfig,
    environment: &Environment,
    tls: &Reloading,
) -> Result<Vec<Endpoint>, Error> {
    let mut endpoints = Vec::new();
    for (key, urls, peer) in [
        ("alerters", &config.alerters, Identity::alerter()),
        ("healers", &config.healers, Identity::healer()),
    ] {
        let client = Client::to_service(environment, tls, &peer);
        for url in urls {
            let endpoint = Endpoint::new(url, client.clone());
            endpoints.push(endpoint.map_err(|error| Error::Endpoint { key, error })?);
        }
    }
    Ok(endpoints)
}
