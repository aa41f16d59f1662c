//! The services of a run: their own code, each in an environment of its own, started, crashed,
//! paused and started again as a cluster would.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use alerter::entries::Incarnation;
use alerter::store::Memory;
use environment::{Drain, Environment, ManualClock};
use jiff::SignedDuration;
use net::holds::Teller;
use net::http::{Client, Endpoint};
use net::tls::Identity;
use rand::Rng;
use tokio::sync::mpsc;

use super::defect::Defect;
use super::receiver::World;
use super::road::{Presence, Road};
use super::roads::Roads;
use super::settings::{self, Configuration};
use super::tamper;
use super::witness::Witness;
use crate::api::Server;
use crate::seen::{Life, Turn, What};
use crate::signal::Signal;

/// The services there are. Two healers: one leads, one stands by.
pub const SERVICES: [&str; 4] = ["alerter", "healer-0", "healer-1", "monitor"];

/// A service that ended by itself or was killed, and in which of its lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Which.
    pub service: String,
    /// Its how many-th life it was.
    pub life: u32,
}

/// The services. Cheap to clone.
#[derive(Clone)]
pub struct Staff {
    shared: Arc<Shared>,
}

struct Shared {
    place: Place,
    journal: Memory,
    sent: Arc<AtomicU64>,
    /// How many tasks of services panicked, in lives that are over.
    panics: AtomicU64,
    ended: mpsc::UnboundedSender<Ended>,
    desks: BTreeMap<String, Desk>,
}

/// What the services are put into.
#[derive(Clone)]
pub struct Place {
    /// The cluster's environment; each service gets one of its own.
    pub environment: Environment,
    /// The API server.
    pub server: Server,
    /// How the roads between them are.
    pub roads: Roads,
    /// Who sees everything.
    pub witness: Witness,
    /// Where each service runs; one that has no node runs outside of the cluster.
    pub nodes: BTreeMap<String, String>,
    /// How they are configured.
    pub configuration: Configuration,
    /// What is wrong with them, on purpose.
    pub defect: Option<&'static Defect>,
}

/// A place for a service: what stays over its lives.
struct Desk {
    clock: Arc<ManualClock>,
    presence: Signal<Presence>,
    life: Mutex<Option<Running>>,
    lives: Mutex<u32>,
}

struct Running {
    environment: Environment,
    /// Dropped, it would ask for an orderly end.
    _drain: Drain,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Staff {
    /// Desks for all services. `ended` hears of those that end by themselves or are killed.
    pub fn new(place: Place, ended: mpsc::UnboundedSender<Ended>) -> Self {
        let environment = &place.environment;
        let desks: BTreeMap<_, _> =
            SERVICES.iter().map(|name| ((*name).to_owned(), Desk::new(environment))).collect();
        let kept = Environment::new(Arc::clone(&desks["alerter"].clock) as Arc<_>, 0);
        let journal = Memory::new(&kept, Incarnation(environment.rng("journal").next_u64()));
        let (sent, panics) = (Arc::default(), AtomicU64::new(0));
        Self { shared: Arc::new(Shared { place, journal, sent, panics, ended, desks }) }
    }

    /// The alerter's journal: its disk.
    pub fn journal(&self) -> &Memory {
        &self.shared.journal
    }

    /// Starts a service that does not run.
    pub async fn start(&self, service: &str) {
        let Some(desk) = self.shared.desks.get(service) else { return };
        if lock(&desk.life).is_some() {
            return;
        }
        let life = {
            let mut lives = lock(&desk.lives);
            *lives += 1;
            *lives
        };
        let seed = self.shared.place.environment.rng(&format!("{service}/{life}")).next_u64();
        let environment = Environment::new(Arc::clone(&desk.clock) as Arc<_>, seed);
        let (drain, drained) = environment::drain();
        let running = Running { environment: environment.clone(), _drain: drain };
        *lock(&desk.life) = Some(running);
        self.see(service, Turn::Started);
        let ended = Ended { service: service.to_owned(), life };
        let router = match service {
            "monitor" => Some(self.monitor(&environment, drained, ended)),
            "alerter" => self.alerter(&environment, drained, ended).await,
            healer => Some(self.healer(healer, &environment, drained, ended).await),
        };
        desk.presence.change(|presence| *presence = Presence { router, is_paused: false });
    }

    /// Ends a service on the spot: nothing that it was about to do is done.
    pub async fn crash(&self, service: &str) {
        let Some(desk) = self.shared.desks.get(service) else { return };
        let Some(running) = lock(&desk.life).take() else { return };
        desk.presence.change(|presence| *presence = Presence::default());
        running.environment.tasks().resume();
        running.environment.tasks().end().await;
        self.shared.panics.fetch_add(running.environment.tasks().panics(), Ordering::Relaxed);
        self.see(service, Turn::Crashed);
    }

    /// How many tasks of services panicked, in lives that are over.
    pub fn panics(&self) -> u64 {
        self.shared.panics.load(Ordering::Relaxed)
    }

    /// Kills a service on the spot: not even what it could still do in this moment is done.
    /// Whoever hears of services that end buries it.
    pub fn kill(&self, service: &str) {
        let Some(desk) = self.shared.desks.get(service) else { return };
        let Some(tasks) = lock(&desk.life).as_ref().map(|running| running.environment.tasks().clone()) else {
            return;
        };
        desk.presence.change(|presence| *presence = Presence::default());
        tasks.abort();
        let ended = Ended { service: service.to_owned(), life: *lock(&desk.lives) };
        // Nobody hears it when the run is over.
        let _ = self.shared.ended.send(ended);
    }

    /// Takes note that a service ended by itself, or was killed; false if that was a life before.
    pub async fn bury(&self, ended: &Ended) -> bool {
        let is_current =
            self.shared.desks.get(&ended.service).is_some_and(|desk| *lock(&desk.lives) == ended.life);
        if is_current {
            self.crash(&ended.service).await;
        }
        is_current
    }

    /// Whether a service runs.
    pub fn runs(&self, service: &str) -> bool {
        self.shared.desks.get(service).is_some_and(|desk| lock(&desk.life).is_some())
    }

    /// Whether a service stands still.
    pub fn is_paused(&self, service: &str) -> bool {
        self.shared.desks.get(service).is_some_and(|desk| desk.presence.get().is_paused)
    }

    /// Makes a service stand still.
    pub fn pause(&self, service: &str) {
        self.set_paused(service, true);
    }

    /// Lets a service go on.
    pub fn resume(&self, service: &str) {
        self.set_paused(service, false);
    }

    fn set_paused(&self, service: &str, is_paused: bool) {
        let Some(desk) = self.shared.desks.get(service) else { return };
        let life = lock(&desk.life);
        let Some(running) = life.as_ref().filter(|_| desk.presence.get().is_paused != is_paused) else {
            return;
        };
        desk.presence.change(|presence| presence.is_paused = is_paused);
        if is_paused {
            running.environment.tasks().pause();
        } else {
            running.environment.tasks().resume();
        }
        self.see(service, if is_paused { Turn::Paused } else { Turn::Resumed });
    }

    /// Sets a service's wall clock off.
    pub fn step_clock(&self, service: &str, by: SignedDuration) {
        if let Some(desk) = self.shared.desks.get(service) {
            desk.clock.step(by);
        }
    }

    /// A client to a service, for `from`, who is known there as `caller`.
    pub fn road(&self, from: &str, to: &str, caller: Identity) -> Client {
        let presence = self.shared.desks.get(to).map(|desk| desk.presence.clone());
        let presence = presence.unwrap_or_default();
        let road = Road {
            from: from.to_owned(),
            to: to.to_owned(),
            caller,
            presence,
            environment: self.shared.place.environment.clone(),
            roads: self.shared.place.roads.clone(),
            faults: self.shared.place.server.faults().clone(),
            witness: self.shared.place.witness.clone(),
            defect: self.shared.place.defect,
        };
        road.client()
    }

    fn api(&self, service: &str, user: &str) -> kube::Client {
        let Place { server, environment, defect, .. } = &self.shared.place;
        tamper::client(server, environment, service, user, *defect)
    }

    fn monitor(
        &self,
        environment: &Environment,
        drained: environment::Drained,
        ended: Ended,
    ) -> axum::Router {
        let endpoints = ["alerter", "healer-0", "healer-1"].map(|to| {
            let client = self.road("monitor", to, Identity::monitor());
            Endpoint::new(&format!("https://{to}"), client).expect("it is written here")
        });
        let client = self.api("monitor", "system:serviceaccount:seaworthy-system:seaworthy-monitor");
        let configured = &self.shared.place.configuration;
        let transports = monitor::Transports { client, tls: None, endpoints: endpoints.to_vec() };
        let service = monitor::Service::new(configured.monitor(), environment.clone(), transports);
        let router = service.router();
        self.work(environment, ended, async move {
            service.work(drained).await.map_err(|error| error.to_string())
        });
        router
    }

    async fn healer(
        &self,
        name: &str,
        environment: &Environment,
        drained: environment::Drained,
        ended: Ended,
    ) -> axum::Router {
        let client = self.road(name, "alerter", Identity::healer());
        let endpoint = Endpoint::new("https://alerter", client).expect("it is written here");
        let transports = healer::Transports {
            client: self.api(name, "system:serviceaccount:seaworthy-system:seaworthy-healer"),
            default_namespace: settings::NAMESPACE.to_owned(),
            tls: None,
            alerters: vec![Teller::new(environment, endpoint)],
        };
        let node = self.shared.place.nodes.get(name);
        let surroundings = healer::Surroundings {
            instance: name.to_owned(),
            namespace: settings::NAMESPACE.to_owned(),
            node: node.cloned().unwrap_or_default(),
            is_in_cluster: node.is_some(),
        };
        let incarnation = format!("{:016x}", environment.rng("incarnation").next_u64());
        let options = healer::Options {
            config: self.shared.place.configuration.healer.clone(),
            version: "sim",
            incarnation,
            surroundings,
            file: None,
        };
        let service = healer::Service::new(options, environment.clone(), transports).await;
        let service = service.expect("the configuration is valid");
        let router = service.router();
        self.work(environment, ended, async move {
            service.work(drained).await.map_err(|error| error.to_string())
        });
        router
    }

    /// Nothing answers where its journal cannot be read: then it ends at once, and is started again.
    async fn alerter(
        &self,
        environment: &Environment,
        drained: environment::Drained,
        ended: Ended,
    ) -> Option<axum::Router> {
        let Place { configuration, defect, .. } = &self.shared.place;
        let (options, settings) = configuration.alerter(*defect).expect("the configuration is valid");
        let outside = World {
            environment: environment.clone(),
            roads: self.shared.place.roads.clone(),
            faults: self.shared.place.server.faults().clone(),
            witness: self.shared.place.witness.clone(),
            defect: self.shared.place.defect,
            sent: Arc::clone(&self.shared.sent),
        };
        let (journal, outside) = (Arc::new(self.shared.journal.clone()), Arc::new(outside));
        let service = match alerter::Service::new(options, settings, environment, journal, outside).await {
            Ok(service) => service,
            Err(error) => {
                self.work(environment, ended, std::future::ready(Err(error.to_string())));
                return None;
            }
        };
        let router = service.internal_router();
        self.work(environment, ended, async move {
            service.work(drained).await.map_err(|error| error.to_string())
        });
        Some(router)
    }

    /// Runs a service and tells when it ends by itself.
    fn work(
        &self,
        environment: &Environment,
        ended: Ended,
        work: impl Future<Output = Result<(), String>> + Send + 'static,
    ) {
        let sender = self.shared.ended.clone();
        environment.spawn("service", async move {
            if let Err(error) = work.await {
                tracing::warn!(service = ended.service, error, "a service ended");
            }
            // Nobody hears it when the run is over.
            let _ = sender.send(ended);
        });
    }

    fn see(&self, service: &str, turn: Turn) {
        self.shared.place.witness.see(What::Life(Life { service: service.to_owned(), turn }));
    }
}

impl Desk {
    fn new(environment: &Environment) -> Self {
        Self {
            clock: Arc::new(ManualClock::starting_at(environment.now())),
            presence: Signal::default(),
            life: Mutex::default(),
            lives: Mutex::default(),
        }
    }
}
