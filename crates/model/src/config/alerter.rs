//! Configuration of the alerter: what an `alertmanager.yml` has no place for.

use std::net::SocketAddr;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::API_VERSION;
use crate::DurationText;

/// `kind` of the alerter's configuration file.
pub const KIND: &str = "AlerterConfig";

/// The alerter's configuration file. Everything but `apiVersion`, `kind` and `alertmanagerConfig`
/// has a default that is fit for use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AlerterConfig {
    /// `config.seaworthy.dev/v1alpha1`.
    pub api_version: String,
    /// `AlerterConfig`.
    pub kind: String,
    /// The `alertmanager.yml` with routes and receivers, as it is. A relative path begins at the
    /// folder of this file.
    pub alertmanager_config: PathBuf,
    /// Where people reach this alerter from outside; links in messages begin with it.
    #[serde(default = "default_external_url")]
    pub external_url: String,
    /// Where it listens.
    #[serde(default)]
    pub listen: Listen,
    /// Certificate, key and authority of the alerter's own identity. Without them the internal
    /// address is not served: no holds, and no issues under the monitor's name.
    #[serde(default)]
    pub tls: Option<AlerterTls>,
    /// Where what was accepted is kept.
    #[serde(default)]
    pub store: Store,
    /// The identities (certificate names) whose alerts are taken for issues of Seaworthy's own.
    /// Everybody else's are foreign alerts, whatever their labels say.
    #[serde(default = "default_monitors")]
    pub monitors: Vec<String>,
    /// The identities whose holds and outcomes are accepted.
    #[serde(default = "default_healers")]
    pub healers: Vec<String>,
    /// Pages that wait for a repair.
    #[serde(default)]
    pub holds: Holds,
    /// What becomes of alerts.
    #[serde(default)]
    pub episodes: Episodes,
    /// How messages are sent.
    #[serde(default)]
    pub delivery: Delivery,
    /// Bounds on what is kept in memory.
    #[serde(default)]
    pub limits: Limits,
}

/// Where the alerter listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Listen {
    /// Alertmanager's API v2 and the native API, for Prometheus, amtool and people.
    pub api: SocketAddr,
    /// How the API is secured: plain, or with the certificate under `tls`.
    pub api_security: ApiSecurity,
    /// Issues, holds and outcomes from the other services, behind mutual TLS.
    pub internal: SocketAddr,
    /// `/metrics`, `/livez` and `/readyz`, plain.
    pub metrics: SocketAddr,
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            // Alertmanager's own port: what posts to it finds us unchanged.
            api: SocketAddr::from(([0, 0, 0, 0], 9093)),
            api_security: ApiSecurity::Plain,
            internal: SocketAddr::from(([0, 0, 0, 0], 8443)),
            metrics: SocketAddr::from(([0, 0, 0, 0], 9443)),
        }
    }
}

/// How the API is secured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ApiSecurity {
    /// As Alertmanager does by default.
    #[default]
    Plain,
    /// TLS with the certificate under `tls`; callers need none.
    Tls,
}

/// Files of the alerter's identity, in PEM. They are read again when they change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AlerterTls {
    /// The authority that signs Seaworthy's identities.
    pub ca: PathBuf,
    /// The own certificate, with what leads to the authority.
    pub cert: PathBuf,
    /// The own private key.
    pub key: PathBuf,
}

/// Where what was accepted is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Store {
    /// The SQLite file. One process at a time may use it.
    pub path: PathBuf,
    /// How long ended episodes, expired silences and what was sent for them are kept.
    pub retention: DurationText,
}

impl Default for Store {
    fn default() -> Self {
        // Five days, as Alertmanager keeps its data: a long weekend.
        Self {
            path: PathBuf::from("/var/lib/seaworthy/alerter.db"),
            retention: DurationText::from_secs(5 * 24 * 3600),
        }
    }
}

/// Pages that wait for a repair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Holds {
    /// How long the page of an issue of ours waits for the healer to take it up at all.
    pub pre_hold: DurationText,
    /// How long the pages of one episode may be held in all, whatever the healer says.
    pub cap: DurationText,
    /// After a successful repair: how long to wait for the end before it is paged after all.
    pub grace: DurationText,
    /// A hold of which nothing was heard for so long is over: its healer is gone.
    pub silence: DurationText,
    /// Whether an issue that was repaired before anybody was paged is told of once it is over.
    pub announce_healed: bool,
}

impl Default for Holds {
    fn default() -> Self {
        Self {
            pre_hold: DurationText::from_secs(5),
            // Longer than the ladder of a stuck workload usually takes, shorter than an outage
            // that a person would rather have known of.
            cap: DurationText::from_secs(15 * 60),
            grace: DurationText::from_secs(60),
            // The healer gives a sign of life every few seconds; a hand-over between two of them
            // takes a lease of 15 s and a cold start.
            silence: DurationText::from_secs(45),
            announce_healed: true,
        }
    }
}

/// What becomes of alerts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Episodes {
    /// An alert that fires again so soon after its end continues the same episode.
    pub cool_down: DurationText,
    /// What it means that an alert is not posted again.
    pub lapse: Lapse,
}

impl Default for Episodes {
    fn default() -> Self {
        Self { cool_down: DurationText::from_secs(5 * 60), lapse: Lapse::default() }
    }
}

/// What it means that an alert is not posted again before it ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Lapse {
    /// Expired while its source went on posting others; source lost, which is no recovery, when
    /// the source fell silent too.
    #[default]
    Classify,
    /// Resolved, as Alertmanager does.
    Resolve,
}

/// How messages are sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Delivery {
    /// How long one attempt may take.
    pub timeout: DurationText,
    /// The first wait after an attempt that failed; it doubles with each.
    pub retry_min: DurationText,
    /// The longest wait between attempts.
    pub retry_max: DurationText,
    /// After so long without success a message goes to the dead letters.
    pub give_up_after: DurationText,
    /// Messages on the way to one receiver at once.
    pub concurrency: usize,
}

impl Default for Delivery {
    fn default() -> Self {
        Self {
            timeout: DurationText::from_secs(10),
            retry_min: DurationText::from_secs(1),
            retry_max: DurationText::from_secs(5 * 60),
            // A receiver that was away over night still gets what is true in the morning.
            give_up_after: DurationText::from_secs(24 * 3600),
            concurrency: 8,
        }
    }
}

/// Bounds on what is kept in memory. What exceeds them is refused with 503, counted, and nothing
/// that was accepted is dropped for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Limits {
    /// Alerts that fire at once.
    pub alerts: usize,
    /// Silences, expired ones that are still kept included.
    pub silences: usize,
    /// Requests that wait for the journal at once.
    pub journal_queue: usize,
}

impl Default for Limits {
    fn default() -> Self {
        // 50,000 alerts of some 2 KiB are 100 MiB: several times the worst storm of 5,000 nodes.
        Self { alerts: 50_000, silences: 10_000, journal_queue: 1024 }
    }
}

fn default_external_url() -> String {
    "http://localhost:9093".to_owned()
}

fn default_monitors() -> Vec<String> {
    vec!["monitor.seaworthy".to_owned()]
}

fn default_healers() -> Vec<String> {
    vec!["healer.seaworthy".to_owned()]
}

impl AlerterConfig {
    /// The defaults, with routes and receivers from `alertmanager_config`.
    pub fn new(alertmanager_config: impl Into<PathBuf>) -> Self {
        Self {
            api_version: API_VERSION.to_owned(),
            kind: KIND.to_owned(),
            alertmanager_config: alertmanager_config.into(),
            external_url: default_external_url(),
            listen: Listen::default(),
            tls: None,
            store: Store::default(),
            monitors: default_monitors(),
            healers: default_healers(),
            holds: Holds::default(),
            episodes: Episodes::default(),
            delivery: Delivery::default(),
            limits: Limits::default(),
        }
    }

    /// Reads the text of `file`.
    pub fn parse(file: &str, text: &str) -> Result<Self, super::Error> {
        let config: Self = super::parse::parse_kind(file, text, KIND)?;
        config.check(file)?;
        Ok(config)
    }

    fn check(&self, file: &str) -> Result<(), super::Error> {
        let refuse = |message: &str| {
            Err(super::Error::Invalid {
                file: file.to_owned(),
                message: message.to_owned(),
                suggestion: None,
            })
        };
        if !self.external_url.starts_with("http://") && !self.external_url.starts_with("https://") {
            return refuse("externalUrl must begin with http:// or https://");
        }
        if self.listen.api_security == ApiSecurity::Tls && self.tls.is_none() {
            return refuse("listen.apiSecurity is tls, but there are no files under tls: ca, cert and key");
        }
        if self.delivery.concurrency == 0 {
            return refuse("delivery.concurrency is 0, so nothing could be sent: use at least 1");
        }
        if self.delivery.timeout.0.is_zero() || self.delivery.retry_min.0.is_zero() {
            return refuse("delivery.timeout and delivery.retryMin must be longer than zero");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "apiVersion: config.seaworthy.dev/v1alpha1\nkind: AlerterConfig\n";

    #[test]
    fn the_shortest_file_has_every_default() {
        let config =
            AlerterConfig::parse("alerter.yaml", &format!("{HEAD}alertmanagerConfig: alertmanager.yml\n"));
        assert_eq!(config.unwrap(), AlerterConfig::new("alertmanager.yml"));
    }

    #[test]
    fn what_cannot_work_is_refused_with_the_way_out() {
        for (line, expected) in [
            ("holds: {preHlod: 5s}", "did you mean `preHold`?"),
            ("externalUrl: pager.example", "externalUrl must begin with"),
            ("listen: {apiSecurity: tls}", "no files under tls"),
            ("delivery: {concurrency: 0}", "at least 1"),
        ] {
            let text = format!("{HEAD}alertmanagerConfig: a.yml\n{line}\n");
            let error = AlerterConfig::parse("alerter.yaml", &text).unwrap_err().to_string();
            assert!(error.contains(expected), "{line}: {error}");
        }
    }

    #[test]
    fn another_kind_is_named() {
        let text = "apiVersion: config.seaworthy.dev/v1alpha1\nkind: HealerConfig\nalertmanagerConfig: a\n";
        let error = AlerterConfig::parse("alerter.yaml", text).unwrap_err().to_string();
        assert!(error.contains("kind is \"HealerConfig\", expected \"AlerterConfig\""), "{error}");
    }
}
