//! Configuration files: read, recognised by their `kind`, checked.

use std::collections::BTreeMap;
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
#[serde(rename_all = "camelCase")]
struct Head {
    #[serde(default)]
    api_version: String,
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
    // What configures a service stands alone in its file; whichever reads it says so where it does not.
    let (kind, routes) = heads.first().map_or(("", false), |head| (&head.kind, head.route.is_some()));
    let accepted = match kind {
        monitor::KIND => {
            MonitorConfig::parse(&name, &text).map(|config| Configuration::Monitor(Box::new(config)))
        }
        healer::KIND => {
            HealerConfig::parse(&name, &text).map(|config| Configuration::Healer(Box::new(config)))
        }
        alerter::KIND => return alerter(file).await,
        POLICY => return policies(&name, &text, &heads).map(Configuration::Policies),
        "" if routes => return alertmanager(file).await,
        "" => return Err(unknown(&name, "it has no kind")),
        other => return Err(unknown(&name, &format!("kind {other:?} is not known"))),
    };
    accepted.map_err(Failure::configuration)
}

/// Policies as `kubectl apply` takes them. What they say is judged by [`judge`].
fn policies(name: &str, text: &str, heads: &[Head]) -> Result<Vec<HealingPolicy>, Failure> {
    let version = format!("{}/{}", model::GROUP, model::VERSION);
    for (at, head) in heads.iter().enumerate() {
        if head.kind != POLICY || head.api_version != version {
            let (found, kind) = (&head.api_version, &head.kind);
            let document = at + 1;
            return Err(Failure::configuration(anyhow!(
                "{name}: document {document} is {kind:?} of {found:?}, and not {POLICY} of {version} as the first"
            )));
        }
    }
    config::parse_all(name, text).map_err(Failure::configuration)
}

/// Everything that is wrong with policies, as the healer would judge them: each with the file it is from.
/// `own_namespace` is the healer's, or empty where it is not known.
pub(crate) fn judge<'a>(
    policies: impl Iterator<Item = (&'a str, &'a HealingPolicy)>,
    own_namespace: &str,
) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut known: BTreeMap<&str, &str> = BTreeMap::new();
    for (file, policy) in policies {
        let Some(name) = policy.metadata.name.as_deref().filter(|name| !name.is_empty()) else {
            wrong.push(format!("{file}: metadata.name: is missing: remediations name their policy"));
            continue;
        };
        if let Some(other) = known.insert(name, file) {
            wrong.push(format!(
                "{file}: policy {name}: metadata.name: there is another of this name in {other}: rename one, or neither is used"
            ));
        }
        for refusal in ::healer::policy::validate(&policy.spec, own_namespace) {
            wrong.push(format!("{file}: policy {name}: {refusal}"));
        }
    }
    wrong
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
    let mut config = MonitorConfig::parse(&name, &text).map_err(Failure::configuration)?;
    let paths = config.tls.iter_mut().flat_map(|tls| [&mut tls.ca, &mut tls.cert, &mut tls.key]);
    paths.for_each(|path| *path = beside(file, path));
    Ok(config)
}

/// The healer's configuration: from the file, or the defaults where there is none.
pub(crate) fn healer(file: Option<&Path>) -> Result<HealerConfig, Failure> {
    let Some(file) = file else { return Ok(HealerConfig::default()) };
    let (name, text) = read(file)?;
    Ok(HealerConfig::parse(&name, &text).map_err(Failure::configuration)?.beside(file))
}

/// A relative path in a configuration begins at the folder of its file.
pub(crate) fn beside(file: &Path, path: &Path) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).join(path)
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
