//! The healer as a service: everything that reads, writes and waits. The core decides.

mod cache;
mod engine;
mod events;
mod failpoints;
mod herald;
mod http;
mod metrics;
mod policies;
mod reader;
mod reload;
mod retention;
mod settings;
mod shared;
mod tell;
mod unfenced;
mod views;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use cluster::bookkeeping::Bookkeeper;
use cluster::connect::Connection;
use cluster::effects::Effects;
use cluster::lease::{self, Claim, Elector};
use environment::{Drained, Environment};
use model::config::healer::HealerConfig;
use net::holds::Teller;
use net::server::{self, Security};
use net::tls::{Files, Identity, Reloading};

use tokio::sync::watch;

use crate::governor::Own;
use crate::policy;
use engine::Hands;
use events::Events;
use reader::Reader;
use reload::Reload;
use shared::Shared;

/// The field manager, and what stands in events.
const MANAGER: &str = "seaworthy-healer";

/// How long finishing what was begun may take when told to stop, and then giving the lease back:
/// a few requests each, and together half of Kubernetes' 30 s.
const FINISH: Duration = Duration::from_secs(10);
const RELEASE: Duration = Duration::from_secs(5);

/// What a healer is made from.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Its configuration, valid.
    pub config: HealerConfig,
    /// The file it was read from, to be read again when it changes; none where it came from nowhere.
    pub file: Option<PathBuf>,
    /// Its version, for the metrics.
    pub version: &'static str,
    /// What tells this process from all others, also from an earlier one of the same pod: random.
    pub incarnation: String,
    /// What it is told about where it runs.
    pub surroundings: Surroundings,
}

/// What a process is told about where it runs; its configuration has precedence. Empty: not told.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The name of its pod, or of its host.
    pub instance: String,
    /// The namespace of its pod.
    pub namespace: String,
    /// The node of its pod.
    pub node: String,
    /// Whether it runs in a cluster.
    pub is_in_cluster: bool,
}

/// What a healer speaks through.
#[derive(Clone)]
pub struct Transports {
    /// Kubernetes.
    pub client: kube::Client,
    /// The namespace that the client's configuration names.
    pub default_namespace: String,
    /// The own identity; without it no issues are received over the network.
    pub tls: Option<Reloading>,
    /// The alerters.
    pub alerters: Vec<Teller>,
}

/// Why a healer cannot start, or had to stop.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration cannot be used.
    #[error("the healer's configuration: {0}")]
    Config(String),
    /// A file with policies cannot be used.
    #[error("{}: {reason}", path.display())]
    PolicyFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A certificate, key or authority cannot be used.
    #[error(transparent)]
    Tls(#[from] net::tls::Error),
    /// An alerter's address cannot be used.
    #[error("alerter {url}: {reason}")]
    Alerter {
        /// The address.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An address cannot be listened on.
    #[error("{key}: {error}")]
    Listen {
        /// Its key in the configuration: `listen.api`.
        key: &'static str,
        /// Why.
        error: net::server::ListenError,
    },
    /// Our custom resources are not installed.
    #[error(transparent)]
    NotInstalled(#[from] cluster::crds::Error),
    /// A task that the healer cannot be without has ended.
    #[error("{0}; this is a defect, please report it")]
    TaskEnded(environment::Ended),
}

impl Transports {
    /// The transports that a configuration names.
    pub async fn new(
        config: &HealerConfig,
        environment: &Environment,
        connection: &Connection,
    ) -> Result<Self, Error> {
        let tls = match &config.tls {
            None => None,
            Some(files) => {
                let files = Files { ca: files.ca.clone(), cert: files.cert.clone(), key: files.key.clone() };
                Some(Reloading::load(environment, files).await?)
            }
        };
        let mut alerters = Vec::new();
        for url in &config.alerters {
            let Some(tls) = &tls else {
                return Err(Error::Config("tls: is needed to reach the alerters".to_owned()));
            };
            let client = net::http::Client::to_service(environment, tls, &Identity::alerter());
            let endpoint = net::http::Endpoint::new(url, client)
                .map_err(|error| Error::Alerter { url: url.clone(), reason: error.to_string() })?;
            alerters.push(Teller::new(environment, endpoint));
        }
        Ok(Self {
            client: connection.client.clone(),
            default_namespace: connection.default_namespace.clone(),
            tls,
            alerters,
        })
    }
}

/// A healer that is not running yet.
pub struct Service {
    shared: Arc<Shared>,
    file: Option<PathBuf>,
    transports: Transports,
    lease: lease::Options,
    observability: Router,
    served: server::Metrics,
}

/// A running healer, as others see it. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

impl Handle {
    /// Takes issues, as the monitor posts them: for a monitor in the same process.
    pub fn receive(&self, alerts: &[model::alert::PostableAlert]) -> crate::inbox::Received {
        self.shared.receive(alerts)
    }

    /// Whether this replica leads.
    pub fn leads(&self) -> bool {
        self.shared.state().epoch.is_some()
    }

    /// Whether all it decides by was read once.
    pub fn is_ready(&self) -> bool {
        self.shared.state().is_listed()
    }
}

impl Service {
    /// Makes a healer from its configuration and transports. Reads the policy files; nothing else
    /// happens before [`Service::run`].
    pub async fn new(
        options: Options,
        environment: Environment,
        transports: Transports,
    ) -> Result<Self, Error> {
        let Options { config, file, version, incarnation, surroundings } = options;
        config.validate().map_err(|wrong| {
            Error::Config(wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
        })?;
        let files = policies::read_files(&config.policies).await?;
        let or = |given: &str, fallback: String| if given.is_empty() { fallback } else { given.to_owned() };
        let leader = &config.leader;
        let Surroundings { instance, namespace, node, is_in_cluster } = surroundings;
        let namespace = or(&leader.namespace, or(&namespace, transports.default_namespace.clone()));
        let node = or(&leader.node, node);
        let instance = or(&leader.identity, or(&instance, "healer".to_owned()));
        let lease = lease::Options {
            namespace: namespace.clone(),
            name: leader.lease.clone(),
            identity: format!("{instance}_{incarnation}"),
            manager: MANAGER.to_owned(),
            duration: leader.lease_duration.0,
        };
        if is_in_cluster && node.is_empty() {
            tracing::warn!("NODE_NAME is not set: nothing is done to nodes, because one of them is our own");
        }
        let own = Own { namespace, node, is_in_cluster };
        let mut registry = net::metrics::registry("healer", version, &environment);
        if let Some(tls) = &transports.tls {
            net::metrics::register_tls(&mut registry, "healer", tls);
        }
        let served = server::Metrics::default();
        served.register(&mut registry);
        let shared = Shared::new(config, environment, own, instance, incarnation, files, &mut registry);
        let shared = Arc::new(shared);
        let observability = http::plain(&shared, registry);
        Ok(Self { shared, file, transports, lease, observability, served })
    }

    /// Another way to it, for the same process.
    pub fn handle(&self) -> Handle {
        Handle { shared: Arc::clone(&self.shared) }
    }

    /// The API: issues in, status out. It goes by the identity of the caller, which a server with
    /// mutual TLS (or [`net::http::Client::to_router`]) provides.
    pub fn router(&self) -> Router {
        http::api(&self.shared)
    }

    /// `/metrics`, `/livez` and `/readyz`.
    pub fn metrics_router(&self) -> Router {
        self.observability.clone()
    }

    /// Opens the configured addresses and serves on them until the drain.
    pub async fn run(self, drain: Drained) -> Result<(), Error> {
        let environment = self.shared.environment.clone();
        let listen = self.shared.config().listen.clone();
        let open =
            async |key, address| server::listen(address).await.map_err(|error| Error::Listen { key, error });
        let metrics = open("listen.metrics", listen.metrics).await?;
        let mut servers = vec![(metrics, Security::Plain, self.metrics_router())];
        if let Some(tls) = self.transports.tls.clone() {
            servers.push((open("listen.api", listen.api).await?, Security::Mutual(tls), self.router()));
        } else {
            tracing::warn!("no tls is configured: issues come from this process only");
        }
        let server = server::Server::new(&environment).metrics(self.served.clone());
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

    /// Does everything but listen, until the drain, and gives the lease back; for the simulator,
    /// and for services that share a process. What it started goes on until its environment's
    /// tasks are ended.
    pub async fn work(self, drain: Drained) -> Result<(), Error> {
        let Self { shared, file, transports, lease, .. } = self;
        let environment = shared.environment.clone();
        let request = shared.config().timeouts.request.0;
        if let Err(error) = cluster::crds::check_installed(&transports.client, request).await {
            match error {
                cluster::crds::Error::Missing(_) => return Err(error.into()),
                // The server may be away for a while: the watches wait for it.
                error => tracing::warn!(%error, "cannot tell whether the custom resources are installed"),
            }
        }
        views::follow_all(&shared, &transports.client);
        let events = Events::start(&shared, transports.client.clone());
        // What came from nowhere is changed by nobody.
        if file.is_some() || !shared.config().policies.is_empty() {
            let reload = Reload::new(&shared, file, events.clone());
            environment.spawn_critical("configuration", reload.run());
        }
        let (elector, elected) = Elector::new(transports.client.clone(), environment.clone(), lease);
        let claim = unfenced::claim(&environment, elected);
        let floor = elector.floor();
        let (release, released) = environment::drain();
        let election = environment.spawn_critical("election", elector.run(released));
        let tell = herald::start(&shared, transports.alerters);
        let hands = hands(&shared, &transports.client, &claim, events);
        let engine = engine::Engine::new(Arc::clone(&shared), hands, claim, floor, tell);
        // On the heap: it is large, and its callers' futures would be as large.
        let mut leading = Box::pin(engine.run(drain.clone()));
        let ended = tokio::select! {
            biased;
            () = drain.requested() => {
                // What was begun is finished and written down under the lease it was begun under.
                let _ = tokio::time::timeout(FINISH, leading).await;
                // Given back before the process ends, so that the other replica need not wait.
                release.start();
                let _ = tokio::time::timeout(RELEASE, election.join()).await;
                return Ok(());
            }
            // The engine ends by itself only when the election has: that is no way to end well.
            () = &mut leading => environment.tasks().critical_ended().await,
            ended = environment.tasks().critical_ended() => ended,
        };
        Err(Error::TaskEnded(ended))
    }
}

fn hands(shared: &Shared, client: &kube::Client, claim: &watch::Receiver<Claim>, events: Events) -> Hands {
    let (environment, deadline) = (shared.environment.clone(), shared.config().timeouts.request.0);
    Hands {
        bookkeeper: Bookkeeper::new(client.clone(), MANAGER, deadline),
        effects: Effects::new(client.clone(), environment.clone(), claim.clone(), MANAGER),
        reader: Reader::new(client.clone(), environment, deadline),
        events,
    }
}

/// Runs a healer as its configuration says: with its certificates, alerters and addresses.
pub async fn serve(
    options: Options,
    environment: Environment,
    connection: &Connection,
    drain: Drained,
) -> Result<(), Error> {
    let transports = Transports::new(&options.config, &environment, connection).await?;
    Service::new(options, environment, transports).await?.run(drain).await
}

/// Everything that is wrong with the policies of a file: for `config validate`.
pub fn validate_policies(
    file: &str,
    text: &str,
    own_namespace: &str,
) -> Result<Vec<(String, Vec<policy::Refusal>)>, model::config::Error> {
    let named = |policy: model::policy::HealingPolicy| {
        let name = policy.metadata.name.unwrap_or_default();
        (name, policy::validate(&policy.spec, own_namespace))
    };
    Ok(policy::parse(file, text)?.into_iter().map(named).collect())
}

#[cfg(test)]
mod tests;
