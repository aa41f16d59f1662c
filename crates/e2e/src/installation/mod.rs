//! Seaworthy, installed in the testbed as a person would install it, with its services as child
//! processes of the suite.
//!
//! Monitor and healer have ServiceAccounts with exactly the rights that the binary's own manifest
//! grants, so that a missing or superfluous verb is found.

mod account;
mod config;
pub(crate) mod habits;
mod issues;
mod layout;

use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use serde_json::Value;
use tokio::process::Command;

use crate::audit::{self, Mark};
use crate::bed::{Bed, run};
use crate::child::Child;
use crate::fault::restart_api_server;
use crate::receiver::{Message, Receiver};
use crate::scenario::Suite;
use crate::{eventually, http};

pub use account::write as kubeconfig_with_token;
pub use config::Options;
use layout::{HEALERS_MAX, Layout, Ports, process};

/// The namespace that holds Seaworthy's accounts and Leases.
pub const NAMESPACE: &str = "seaworthy-system";
/// The path of the receiver that every installation tells.
pub const HOOK: &str = "/hook";
/// How long a service may take from its start to being ready. It syncs its watches first.
const STARTED: Duration = Duration::from_mins(1);

/// A service that runs as a child process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Finds.
    Monitor,
    /// Repairs.
    Healer,
    /// Tells.
    Alerter,
}

impl Service {
    /// The subcommand.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Monitor => "monitor",
            Self::Healer => "healer",
            Self::Alerter => "alerter",
        }
    }

    /// The name of its ServiceAccount. The alerter has none, because nothing on the paging path
    /// needs the Kubernetes API.
    pub const fn account(self) -> &'static str {
        match self {
            Self::Monitor => "seaworthy-monitor",
            Self::Healer => "seaworthy-healer",
            Self::Alerter => "seaworthy-alerter",
        }
    }

    /// The name under which the API server's audit log knows it.
    pub fn user(self) -> String {
        format!("system:serviceaccount:{NAMESPACE}:{}", self.account())
    }
}

/// One running service.
pub struct Running {
    /// Its process.
    pub child: Child,
    /// Where it serves metrics and health.
    pub health: String,
}

impl Running {
    /// Waits until it says that it is ready.
    pub async fn ready(&mut self) -> Result<()> {
        let health = self.health.clone();
        let (child, health) = (std::cell::RefCell::new(&mut self.child), &health);
        eventually(&format!("{health} is ready"), STARTED, || async {
            child.borrow_mut().ensure_running()?;
            http::get(health, "/readyz").await.map(drop)
        })
        .await
    }
}

/// Monitor, one or more healers, and an alerter that tells a [`Receiver`].
pub struct Installation {
    /// The receiver that the alerter tells.
    pub receiver: Receiver,
    /// The monitor.
    pub monitor: Running,
    /// The healers, in the order in which they were started.
    pub healers: Vec<Running>,
    /// The alerter.
    pub alerter: Running,
    /// The audit log's end when it was started.
    pub mark: Mark,
    suite: Suite,
    layout: Layout,
    ports: Ports,
    /// From when to when the API server was restarted.
    restarts: Vec<(Timestamp, Timestamp)>,
}

impl Installation {
    /// Installs and starts everything, and waits until all is ready. `name` names its folder.
    pub async fn start(suite: &Suite, name: &str, options: Options) -> Result<Self> {
        let mut installation = Self::without_healer(suite, name, options).await?;
        installation.start_healer(&[]).await?;
        Ok(installation)
    }

    /// The same, but for the healer, which is then started with an environment of its own.
    pub async fn without_healer(suite: &Suite, name: &str, options: Options) -> Result<Self> {
        let (bed, cluster) = (&suite.bed, &suite.cluster);
        let mark = suite.audit.mark()?;
        let layout = Layout::make(bed, name)?;
        install(suite).await?;
        cluster.clear_own_group().await?;
        cluster.set_brake(false).await?;
        for service in [Service::Monitor, Service::Healer] {
            let server = if options.through_proxy { &bed.through_proxy } else { &bed.kubeconfig };
            account::kubeconfig(cluster, server, service, &layout.kubeconfig(service)).await?;
        }
        certificates(bed, &layout.certificates()).await?;
        let receiver = Receiver::start(&suite.environment).await?;
        *suite.receiver.lock().unwrap_or_else(PoisonError::into_inner) = Some(receiver.clone());
        let ports = Ports::free()?;
        config::write(&layout, &ports, &options, &receiver)?;
        let mut installation = Self {
            monitor: start(bed, &layout, Service::Monitor, &ports.monitor_health, 0, &[])?,
            healers: Vec::new(),
            alerter: start(bed, &layout, Service::Alerter, &ports.alerter_health, 0, &[])?,
            receiver,
            mark,
            suite: suite.clone(),
            layout,
            ports,
            restarts: Vec::new(),
        };
        installation.alerter.ready().await?;
        installation.monitor.ready().await?;
        Ok(installation)
    }

    /// Starts a further healer and waits until it is ready.
    pub async fn start_healer(&mut self, environment: &[(&str, &str)]) -> Result<()> {
        let number = self.healers.len();
        ensure!(number < HEALERS_MAX, "an installation has at most {HEALERS_MAX} healers");
        let health = self.ports.healers_health[number].clone();
        let healer = start(&self.suite.bed, &self.layout, Service::Healer, &health, number, environment)?;
        self.healers.push(healer);
        self.healers[number].ready().await
    }

    /// Starts the alerter anew, over the store it had.
    pub async fn restart_alerter(&mut self) -> Result<()> {
        let health = self.alerter.health.clone();
        self.alerter = start(&self.suite.bed, &self.layout, Service::Alerter, &health, 0, &[])?;
        self.alerter.ready().await
    }

    /// Restarts the API server and waits until it is ready. With `lose_history`, every watch that
    /// wants to go on where it was gets 410 Gone.
    ///
    /// Until the server is ready it knows no roles, and denies everybody everything: what is denied
    /// meanwhile says nothing of the rights that were granted.
    pub async fn restart_api_server(&mut self, lose_history: bool) -> Result<()> {
        let from = self.suite.environment.now();
        restart_api_server(&self.suite.bed, lose_history).await?;
        self.restarts.push((from, self.suite.environment.now()));
        Ok(())
    }

    /// Runs a command of the binary as the administrator; what it printed.
    pub async fn program(&self, arguments: &[&str]) -> Result<String> {
        program(&self.suite.bed, arguments).await
    }

    /// Messages about alerts of a namespace, in order of their arrival.
    pub fn messages_about(&self, namespace: &str) -> Result<Vec<(Timestamp, Message)>> {
        let mut messages = self.receiver.messages(HOOK)?;
        messages.retain(|(_, message)| {
            message.alerts.iter().any(|alert| alert.label(model::labels::NAMESPACE) == namespace)
        });
        Ok(messages)
    }

    /// Waits for the message that all is over in a namespace, and makes sure that it is the only one.
    pub async fn resolved_message(&self, namespace: &str, patience: Duration) -> Result<Message> {
        eventually(&format!("a resolved message about {namespace}"), patience, || async {
            let messages = self.messages_about(namespace)?;
            let (states, mut resolved): (Vec<_>, Vec<_>) = (
                messages.iter().map(|(_, message)| message.status.clone()).collect(),
                messages.into_iter().filter(|(_, message)| message.status == "resolved").collect(),
            );
            ensure!(resolved.len() == 1, "messages so far: {states:?}");
            Ok(resolved.remove(0).1)
        })
        .await
    }

    /// Waits for the first message about a namespace that fires.
    pub async fn firing_message(&self, namespace: &str, patience: Duration) -> Result<Message> {
        eventually(&format!("a firing message about {namespace}"), patience, || async {
            let messages = self.messages_about(namespace)?;
            let firing = messages.into_iter().find(|(_, message)| message.status == "firing");
            Ok(firing.context("no message so far")?.1)
        })
        .await
    }

    /// Waits until the alerter knows of a check's alert in a namespace.
    pub async fn alert(&self, namespace: &str, check: &str, patience: Duration) -> Result<Value> {
        eventually(&format!("an alert {check} about {namespace}"), patience, || async {
            let alerts = self.alerts_of(namespace).await?;
            let checks: Vec<String> =
                alerts.iter().map(|alert| alert["labels"]["check"].to_string()).collect();
            let found = alerts.into_iter().find(|alert| alert["labels"]["check"] == check);
            found.with_context(|| format!("the alerter has {checks:?}"))
        })
        .await
    }

    /// The alerts of a namespace that the alerter has, as its API tells them.
    pub async fn alerts_of(&self, namespace: &str) -> Result<Vec<Value>> {
        let all = http::get_json(self.alerts(), "/api/v2/alerts").await?;
        let mut all = all.as_array().context("a list of alerts")?.clone();
        all.retain(|alert| alert["labels"]["namespace"] == namespace);
        Ok(all)
    }

    /// Ends the services in an orderly way, and checks what must hold over the whole run: nobody
    /// was denied anything, and nothing was told twice.
    pub async fn finish(&mut self) -> Result<()> {
        self.terminate().await?;
        for service in [Service::Monitor, Service::Healer] {
            let mut denied = self.suite.audit.denied(&service.user(), self.mark)?;
            denied.retain(|event| !self.restarts.iter().any(|(from, to)| event.is_within(*from, *to)));
            ensure!(denied.is_empty(), "denied calls:{}", audit::told(&denied));
        }
        self.receiver.ensure_nothing_twice(HOOK)
    }

    /// Ends the services in an orderly way.
    pub async fn terminate(&mut self) -> Result<()> {
        let healers = self.healers.iter_mut();
        for running in healers.chain([&mut self.monitor, &mut self.alerter]) {
            running.child.ensure_running()?;
            let status = running.child.terminate().await?;
            ensure!(status.success(), "{status} after SIGTERM\n{}", running.child.last_words());
        }
        Ok(())
    }

    /// Where the services serve their metrics.
    pub fn health_addresses(&self) -> Vec<String> {
        let all = self.healers.iter().chain([&self.monitor, &self.alerter]);
        all.map(|running| running.health.clone()).collect()
    }

    /// Where the alerter serves its API: `127.0.0.1:9093`.
    pub fn alerts(&self) -> &str {
        &self.ports.alerts
    }

    /// Where the alerter, and the first healer, serve the other services.
    pub fn internal_addresses(&self) -> [&str; 2] {
        [&self.ports.alerter_internal, &self.ports.healers_api[0]]
    }

    /// Where the monitor serves its API: `https://127.0.0.1:8441`.
    pub fn monitor_url(&self) -> String {
        format!("https://{}", self.ports.monitor_api)
    }

    /// The folder with the authority and an identity for each service.
    pub fn certificates(&self) -> PathBuf {
        self.layout.certificates()
    }

    /// Renews certificates under the running services; what was said of each.
    pub async fn renew_certificates(&self) -> Result<String> {
        certificates(&self.suite.bed, &self.layout.certificates()).await
    }

    /// The kubeconfig by which a service speaks to the API server: its account, and no more.
    pub fn kubeconfig(&self, service: Service) -> PathBuf {
        self.layout.kubeconfig(service)
    }

    /// The monitor's configuration file, for commands that should judge as it does.
    pub fn monitor_config(&self) -> PathBuf {
        self.layout.config(Service::Monitor, 0)
    }

    /// The folder with its configuration and logs.
    pub fn folder(&self) -> &PathBuf {
        &self.layout.folder
    }
}

/// Runs a command of the binary as the administrator; what it printed.
pub async fn program(bed: &Bed, arguments: &[&str]) -> Result<String> {
    run(Command::new(&bed.program).args(arguments).env("KUBECONFIG", &bed.kubeconfig)).await
}

/// What is installed once per cluster: kinds, accounts, rights.
pub async fn install(suite: &Suite) -> Result<()> {
    let bed = &suite.bed;
    for manifest in [["crds"], ["rbac"]] {
        let text = program(bed, &manifest).await?;
        apply(bed, &text).await?;
    }
    Ok(())
}

/// Applies a manifest as a person does.
async fn apply(bed: &Bed, manifest: &str) -> Result<()> {
    let file = tempfile::NamedTempFile::with_suffix(".yaml")?;
    std::fs::write(file.path(), manifest)?;
    let path = file.path().display().to_string();
    bed.kubectl(&["apply", "--server-side", "--force-conflicts", "-f", &path]).await.map(drop)
}

/// Makes an authority and identities, or renews them; what was said.
async fn certificates(bed: &Bed, folder: &Path) -> Result<String> {
    program(bed, &["certs", "--out", &folder.display().to_string()]).await
}

fn start(
    bed: &Bed,
    layout: &Layout,
    service: Service,
    health: &str,
    number: usize,
    environment: &[(&str, &str)],
) -> Result<Running> {
    let (name, log) = (process(service, number), layout.log(service, number));
    let child = Child::start(&name, &bed.program, &log, |command| {
        command.arg(service.name()).arg("--config").arg(layout.config(service, number));
        command.env("KUBECONFIG", layout.kubeconfig(service));
        command.envs(environment.iter().copied());
    })?;
    Ok(Running { child, health: health.to_owned() })
}
