//! Configuration files: read, recognised by their `kind`, checked.

use std::path::{Path, PathBuf};

use ::alerter::Options;
use anyhow::{Context, anyhow};
use model::config;
use model::config::alerter::{self, AlerterConfig};
use model::config::healer::{self, HealerConfig};
use model::config::monitor::{self, MonitorConfig};
use model::policy::HealingPolicy;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::exit::Failure;

/// `kind` of a policy, in a file as in the cluster.
const POLICY: &str = "HealingPolicy";

/// A configuration file that was accepted.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Configuration {
    Monitor(Box<MonitorConfig>),
    Healer(Box<HealerConfig>),
    Alerter(Box<AlerterConfig>),
    /// As the alerter understands it, without secrets.
    Alertmanager(serde_json::Value),
    Policies(Vec<HealingPolicy>),
}

/// What a document says it is.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    kind: String,
    /// An `alertmanager.yml` has no kind, and always a route.
    #[serde(default)]
    route: Option<IgnoredAny>,
}

impl Configuration {
    /// What it configures, for people.
    pub(crate) fn what(&self) -> &'static str {
        match self {
            Self::Monitor(_) => "the monitor",
            Self::Healer(_) => "the healer",
            Self::Alerter(_) => "the alerter",
            Self::Alertmanager(_) => "routes and receivers",
            Self::Policies(_) => "healing policies",
        }
    }
}

/// Reads a file of any kind that we know, and what it names as far as that is needed to say whether it can be used.
pub(crate) async fn load(file: &Path) -> Result<Configuration, Failure> {
    let (name, text) = read(file)?;
    let heads: Vec<Head> = config::parse_all(&name, &text).map_err(Failure::configuration)?;
    // All documents of a stream are of one kind; whichever reads them says so where one is not.
    let (kind, routes) = heads.first().map_or(("", false), |head| (&head.kind, head.route.is_some()));
    let accepted = match kind {
        monitor::KIND => {
            MonitorConfig::parse(&name, &text).map(|config| Configuration::Monitor(Box::new(config)))
        }
        healer::KIND => {
            HealerConfig::parse(&name, &text).map(|config| Configuration::Healer(Box::new(config)))
        }
        alerter::KIND => return alerter(file).await,
        POLICY => config::parse_all(&name, &text).map(Configuration::Policies),
        "" if routes => return alertmanager(file).await,
        "" => return Err(unknown(&name, "it has no kind")),
        other => return Err(unknown(&name, &format!("kind {other:?} is not known"))),
    };
    accepted.map_err(Failure::configuration)
}

/// The alerter's configuration with the `alertmanager.yml` that it names.
async fn alerter(file: &Path) -> Result<Configuration, Failure> {
    let options = Options::read(file).await.map_err(Failure::configuration)?;
    options.settle().await.map_err(Failure::configuration)?;
    Ok(Configuration::Alerter(Box::new(options.config)))
}

/// An `alertmanager.yml` by itself, as an alerter with nothing else to say would read it.
async fn alertmanager(file: &Path) -> Result<Configuration, Failure> {
    let options = Options { config: AlerterConfig::new(file), folder: PathBuf::new(), file: None };
    let settings = options.settle().await.map_err(Failure::configuration)?;
    let original = config::parse(&file.display().to_string(), &settings.original);
    original.map(Configuration::Alertmanager).map_err(Failure::configuration)
}

/// The monitor's configuration: from the file, or the defaults where there is none.
pub(crate) fn monitor(file: Option<&Path>) -> Result<MonitorConfig, Failure> {
    let Some(file) = file else { return Ok(MonitorConfig::default()) };
    let (name, text) = read(file)?;
    MonitorConfig::parse(&name, &text).map_err(Failure::configuration)
}

/// The healer's configuration: from the file, or the defaults where there is none.
pub(crate) fn healer(file: Option<&Path>) -> Result<HealerConfig, Failure> {
    let Some(file) = file else { return Ok(HealerConfig::default()) };
    let (name, text) = read(file)?;
    HealerConfig::parse(&name, &text).map_err(Failure::configuration)
}

fn read(file: &Path) -> Result<(String, String), Failure> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).with_context(|| format!("{name} cannot be read"));
    Ok((name, text.map_err(Failure::configuration)?))
}

fn unknown(name: &str, why: &str) -> Failure {
    let kinds = [monitor::KIND, healer::KIND, alerter::KIND, POLICY].join(", ");
    Failure::configuration(anyhow!(
        "{name}: {why}: a configuration begins with apiVersion: {} (policies: {}/{}) and kind: one of {kinds}",
        config::API_VERSION,
        model::GROUP,
        model::VERSION
    ))
}
