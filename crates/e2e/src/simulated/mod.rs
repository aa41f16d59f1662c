//! A simulated cluster on which a scenario is played once more: the same nodes, the same objects, the
//! services with the same habits, and the simulator's faults in place of the testbed's.

mod halt;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use bytes::Bytes;
use environment::Environment;
use k8s_openapi::api::core::v1::{Pod, ServiceAccount};
use model::config::alerter::AlerterConfig;
use model::config::healer::HealerConfig;
use model::config::monitor::MonitorConfig;
use net::http::Endpoint;
use net::tls::Identity;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sim::api::{Fault, Lost, Trouble};
use sim::blueprint::{Blueprint, Machine};
use sim::machinery::{Kubelets, Settings};
use sim::run::bed;
use sim::run::settings::{ALERTMANAGER_FILE, Configuration, NAMESPACE};
use sim::seen::{Seen, What};

use crate::cluster::Cluster;
use crate::eventually;
use crate::history::History;
use crate::installation::{Options, habits};
use crate::receiver::Message;
use crate::record::Record;
use crate::workload::{self, NO_SUCH_IMAGE};

pub use halt::Halt;
use halt::Halts;

/// The nodes of the suite's testbed, and their zones.
const NODES: [(&str, &str); 3] = [("node-1", "zone-a"), ("node-2", "zone-b"), ("node-3", "zone-c")];
/// What becomes of `$RECEIVER` in a configuration: the simulator's receivers are told apart by host.
const RECEIVER: &str = "http://hook";
/// How long an API server takes to start again.
const RESTART: Duration = Duration::from_secs(3);
/// How long an answer of the alerter is waited for.
const ANSWER: Duration = Duration::from_secs(5);
/// Which seed is as good as another.
const SEED: u64 = 1;

/// A simulated cluster with an installation, in a runtime on virtual time.
pub struct Simulated {
    /// The administrator's connection.
    pub cluster: Cluster,
    /// The scenario's namespace.
    pub namespace: String,
    /// Cluster, services, and what can befall them.
    pub stage: sim::faults::Stage,
    environment: Environment,
    history: History,
    messages: Arc<Mutex<Vec<Message>>>,
}

impl Simulated {
    /// Sets the stage for a scenario: the cluster, its namespace, the services, with one healer.
    pub async fn set(name: &str, options: Options) -> Result<Self> {
        let simulated = Self::without_healer(name, options).await?;
        simulated.stage.staff().start("healer-0").await;
        Ok(simulated)
    }

    /// The same, but for the healer.
    pub async fn without_healer(name: &str, options: Options) -> Result<Self> {
        let environment = Environment::test(SEED);
        let stage = bed::make(&environment, blueprint(), settings(), configuration(&options)?)
            .map_err(|status| anyhow!("{status}"))?;
        stage.kubelets().image_gone(NO_SUCH_IMAGE);
        let cluster = Cluster::of(stage.server().client("system:masters"));
        cluster.set_brake(false).await?;
        let namespace = crate::scenario::namespace(name);
        let simulated = Self {
            history: History::follow(&cluster, &environment),
            messages: listen(&stage, &environment),
            cluster,
            namespace: namespace.clone(),
            stage,
            environment,
        };
        simulated.make_namespace(&namespace).await?;
        for service in ["alerter", "monitor"] {
            simulated.stage.staff().start(service).await;
        }
        Ok(simulated)
    }

    /// Makes a namespace with its default account, which nobody else makes here.
    pub async fn make_namespace(&self, name: &str) -> Result<()> {
        let namespace = crate::cluster::from(json!({"metadata": {"name": name}}))?;
        let namespaces = self.cluster.cluster_wide::<k8s_openapi::api::core::v1::Namespace>();
        namespaces.create(&kube::api::PostParams::default(), &namespace).await?;
        let account = json!({"metadata": {"name": "default"}});
        self.cluster.create::<ServiceAccount>(name, account).await.map(drop)
    }

    /// Writes the scenario's policy and waits until the healer has accepted it.
    pub async fn policy(&self, spec: Value) -> Result<()> {
        let name = format!("{}-policy", self.namespace);
        self.cluster.policy(&name, spec).await?;
        self.cluster.policy_accepted(&name).await
    }

    /// Makes a container hang: it runs on, and is not ready any more.
    pub fn deadlock(&self, pod: &Pod) -> Result<()> {
        let hangs = "never-ready".parse().map_err(|error| anyhow!("{error}"))?;
        self.kubelets().disturb_pod(workload::uid(pod), hangs);
        Ok(())
    }

    /// The first healer stands still when it comes to a place in an action.
    pub fn halt(&self, at: Halt) {
        let (staff, is_done) = (self.stage.staff().clone(), AtomicBool::new(false));
        self.stage.server().observe(Arc::new(Halts { at, healer: "healer-0", staff, is_done }));
    }

    /// The API server is away for a moment, and when it is back its watches' history is lost.
    pub async fn restart_api_server(&self) {
        let (faults, storage) = (self.stage.server().faults(), self.stage.registry().storage());
        let away: Vec<_> = ["monitor", "healer-0", "healer-1"]
            .into_iter()
            .flat_map(|service| {
                [Trouble::WatchesBroken, Trouble::RequestLost(Lost::Refused)]
                    .map(|trouble| faults.add(Fault::of(service, trouble)))
            })
            .collect();
        tokio::time::sleep(RESTART).await;
        storage.compact();
        for fault in away {
            faults.remove(fault);
        }
    }

    /// Gives the alerter alerts, as anybody may.
    pub async fn alert(&self, alerts: &Value) -> Result<()> {
        let road = self.stage.staff().road("person", "alerter", Identity::operator());
        let alerter = Endpoint::new("https://alerter", road).context("it is written here")?;
        let body = Bytes::from(alerts.to_string());
        let answer =
            alerter.post_json("/api/v2/alerts", body, ANSWER).await.map_err(|error| anyhow!("{error}"))?;
        ensure!(answer.status().as_u16() == 200, "accepted: {}", answer.status());
        Ok(())
    }

    /// Machines and containers.
    pub fn kubelets(&self) -> Kubelets {
        self.stage.kubelets()
    }

    /// What the receiver was told.
    pub fn messages(&self) -> Vec<Message> {
        lock(&self.messages).clone()
    }

    /// Waits until people were told so of something.
    pub async fn told(&self, status: &str, patience: Duration) -> Result<()> {
        eventually(&format!("a message that says {status}"), patience, || async {
            let messages = self.messages();
            ensure!(messages.iter().any(|message| message.status == status), "{messages:?}");
            Ok(())
        })
        .await
    }

    /// What came of it, once all is still.
    pub async fn record(&self) -> Result<Record> {
        Record::settled(async || {
            let history = self.history.since(0, &self.cluster).await?;
            Record::of(&self.cluster, &self.namespace, &history, &self.messages()).await
        })
        .await
    }

    /// Ends everything.
    pub async fn end(&self) {
        for service in sim::run::staff::SERVICES {
            self.stage.staff().crash(service).await;
        }
        self.environment.tasks().end().await;
    }
}

fn blueprint() -> Blueprint {
    NODES.into_iter().fold(Blueprint::new(), |blueprint, (name, zone)| {
        blueprint.machine(Machine::new(name, zone).label("seaworthy.test/real", "true"))
    })
}

/// The patience of the testbed's controllers: `testbed/internal/controlplane/arguments.go`.
fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.controllers.node_period = Duration::from_secs(1);
    settings.controllers.node_grace = Duration::from_secs(12);
    settings.controllers.eviction_interval = Duration::from_millis(100);
    settings.controllers.eviction_interval_slow = Duration::from_millis(100);
    settings
}

fn configuration(options: &Options) -> Result<Configuration> {
    let habits = habits::of(options);
    let usual = Configuration::default();
    let mut healer: HealerConfig = changed(&usual.healer, &habits.healer)?;
    NAMESPACE.clone_into(&mut healer.leader.namespace);
    healer.leader.lease_duration = crate::cluster::from(json!("6s"))?;
    Ok(Configuration {
        monitor: changed::<MonitorConfig>(&usual.monitor, &habits.monitor)?,
        healer,
        alerter: changed(&AlerterConfig::new(ALERTMANAGER_FILE), &habits.alerter)?,
        alertmanager: habits.alertmanager.to_string().replace(habits::RECEIVER, RECEIVER),
    })
}

fn changed<T: Serialize + DeserializeOwned>(usual: &T, changes: &Value) -> Result<T> {
    let mut config = serde_json::to_value(usual)?;
    habits::merge(&mut config, changes);
    serde_json::from_value(config).context("the suite's configuration")
}

/// Takes in what the receiver accepts.
fn listen(stage: &sim::faults::Stage, environment: &Environment) -> Arc<Mutex<Vec<Message>>> {
    let messages: Arc<Mutex<Vec<Message>>> = Arc::default();
    let (kept, mut seen) = (Arc::clone(&messages), stage.witness().listen());
    environment.spawn("receiver", async move {
        while let Some(Seen { what, .. }) = seen.recv().await {
            let What::Message(message) = what else { continue };
            if message.answered == Some(200) {
                let message = serde_json::from_value(message.body);
                lock(&kept).extend(message.ok());
            }
        }
    });
    messages
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
