//! Configuration files: read, recognised by their `kind`, checked.

use std::path::Path;

use anyhow::{Context, anyhow};
use model::config;
use model::config::alerter::{self, AlerterConfig};
use model::config::healer::{self, HealerConfig};
use model::config::monitor::{self, MonitorConfig};
use model::policy::HealingPolicy;
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
    Policies(Vec<HealingPolicy>),
}

/// What a document says it is.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    kind: String,
}

impl Configuration {
    /// What it configures, for people.
    pub(crate) fn what(&self) -> &'static str {
        match self {
            Self::Monitor(_) => "the monitor",
            Self::Healer(_) => "the healer",
            Self::Alerter(_) => "the alerter",
            Self::Policies(_) => "healing policies",
        }
    }
}

/// Reads a file of any kind that we know.
pub(crate) fn load(file: &Path) -> Result<Configuration, Failure> {
    let (name, text) = read(file)?;
    let heads: Vec<Head> = config::parse_all(&name, &text).map_err(Failure::configuration)?;
    // All documents of a stream are of one kind; whichever reads them says so where one is not.
    let accepted = match heads.first().map_or("", |head| &head.kind) {
        monitor::KIND => {
            MonitorConfig::parse(&name, &text).map(|config| Configuration::Monitor(Box::new(config)))
        }
        healer::KIND => {
            HealerConfig::parse(&name, &text).map(|config| Configuration::Healer(Box::new(config)))
        }
        alerter::KIND => {
            AlerterConfig::parse(&name, &text).map(|config| Configuration::Alerter(Box::new(config)))
        }
        POLICY => config::parse_all(&name, &text).map(Configuration::Policies),
        "" => return Err(unknown(&name, "it has no kind")),
        other => return Err(unknown(&name, &format!("kind {other:?} is not known"))),
    };
    accepted.map_err(Failure::configuration)
}

/// The monitor's configuration: from the file, or the defaults where there is none.
pub(crate) fn monitor(file: Option<&Path>) -> Result<MonitorConfig, Failure> {
    let Some(file) = file else { return Ok(MonitorConfig::default()) };
    let (name, text) = read(file)?;
    MonitorConfig::parse(&name, &text).map_err(Failure::configuration)
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
