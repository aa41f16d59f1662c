//! Configuration of the monitor.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::API_VERSION;

mod checks;

pub use checks::{
    Checks, Common, NodeDiskPressure, NodeMemoryPressure, NodeNotReady, NodeUnreachable, PodCrashLoopBackOff,
    PodImagePullBackOff, PodOOMKilled, PodRunningNotReady, PodStuckTerminating, PodUnschedulable,
    ServiceNoReadyEndpoints, WorkloadRolloutStuck,
};

/// `kind` of the monitor's configuration file.
pub const KIND: &str = "MonitorConfig";

/// Most endpoints of one sort. Every issue is posted to each of them once a minute; nobody runs
/// more replicas than this of an alerter or a healer.
const ENDPOINTS_MAX: usize = 16;

/// The monitor's configuration file. Everything but `apiVersion` and `kind` has a default that is
/// fit for use; without endpoints the monitor watches, serves its API and posts nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MonitorConfig {
    /// `config.seaworthy.dev/v1alpha1`.
    pub api_version: String,
    /// `MonitorConfig`.
    pub kind: String,
    /// The cluster's name in labels. Without it, the UID of the kube-system namespace.
    #[serde(default)]
    pub cluster: Option<String>,
    /// The label whose value says who owns a workload, a node or a service.
    #[serde(default = "default_team_label")]
    pub team_label: String,
    /// The page with the checks' runbooks, as alerts link to it: an anchor for each check is put
    /// behind it. Give the address under which your people read it.
    #[serde(default = "default_runbooks")]
    pub runbooks: String,
    /// Where it listens.
    #[serde(default)]
    pub listen: Listen,
    /// Certificate, key and authority of the monitor's own identity.
    #[serde(default)]
    pub tls: Option<TlsFiles>,
    /// The alerters that issues are posted to, every replica: `https://alerter-0.alerter:8443`.
    #[serde(default)]
    pub alerters: Vec<String>,
    /// The healers that issues are posted to, every replica, so that the standby stays warm.
    #[serde(default)]
    pub healers: Vec<String>,
    /// The checks and their thresholds, by code.
    #[serde(default)]
    pub checks: Checks,
    /// What is logged.
    #[serde(default)]
    pub log: Log,
}

/// Where the monitor listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Listen {
    /// The API, behind mutual TLS.
    pub api: SocketAddr,
    /// `/metrics`, `/livez` and `/readyz`, plain.
    pub metrics: SocketAddr,
}

impl Default for Listen {
    fn default() -> Self {
        Self { api: SocketAddr::from(([0, 0, 0, 0], 8441)), metrics: SocketAddr::from(([0, 0, 0, 0], 9440)) }
    }
}

/// Files of an identity, in PEM. They are read again when they change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TlsFiles {
    /// The authority that signs Seaworthy's identities.
    pub ca: PathBuf,
    /// The own certificate, with what leads to the authority.
    pub cert: PathBuf,
    /// The own private key.
    pub key: PathBuf,
}

/// What is logged. A level given on the command line or in the environment counts before these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Log {
    /// The level of everything that is not named below.
    pub level: Level,
    /// Levels by module: `monitor::engine: debug`.
    pub modules: BTreeMap<String, Level>,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: Level::Info, modules: BTreeMap::new() }
    }
}

impl Log {
    /// The levels in the form that filters take: `info,monitor::engine=debug`.
    pub fn directives(&self) -> String {
        self.modules.iter().fold(self.level.as_str().to_owned(), |text, (module, level)| {
            format!("{text},{module}={}", level.as_str())
        })
    }
}

/// A level of logging, from the quietest to the loudest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Something failed that a person has to look at.
    Error,
    /// Something failed that mends itself, or will fail if nobody looks.
    Warn,
    /// What happened.
    Info,
    /// Why it happened.
    Debug,
    /// Everything.
    Trace,
}

impl Level {
    /// The text used in configuration and filters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

impl Default for MonitorConfig {
    fn default() -> Self {
        Self {
            api_version: API_VERSION.to_owned(),
            kind: KIND.to_owned(),
            cluster: None,
            team_label: default_team_label(),
            runbooks: default_runbooks(),
            listen: Listen::default(),
            tls: None,
            alerters: Vec::new(),
            healers: Vec::new(),
            checks: Checks::default(),
            log: Log::default(),
        }
    }
}

fn default_runbooks() -> String {
    "docs/checks.md".to_owned()
}

fn default_team_label() -> String {
    "team".to_owned()
}

/// What is wrong with a monitor's configuration although it could be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {reason}")]
pub struct Invalid {
    /// The key, with dots between its levels.
    pub key: String,
    /// What is wrong, and what would be right.
    pub reason: String,
}

impl Invalid {
    fn new(key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { key: key.into(), reason: reason.into() }
    }
}

impl MonitorConfig {
    /// Reads a configuration file and checks it.
    pub fn parse(file: &str, text: &str) -> Result<Self, super::Error> {
        let config: Self = super::parse::parse_kind(file, text, KIND)?;
        config.validate().map_err(|invalid| super::Error::Invalid {
            file: file.to_owned(),
            message: invalid.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
            suggestion: None,
        })?;
        Ok(config)
    }

    /// Everything that is wrong with it, so that a person mends it in one go.
    pub fn validate(&self) -> Result<(), Vec<Invalid>> {
        let mut wrong = Vec::new();
        if self.cluster.as_deref() == Some("") {
            wrong.push(Invalid::new("cluster", "is empty: leave it out to use the UID of kube-system"));
        }
        if self.team_label.is_empty() {
            wrong.push(Invalid::new("teamLabel", "is empty: leave it out for `team`"));
        }
        if self.runbooks.is_empty() || self.runbooks.contains('#') {
            wrong.push(Invalid::new(
                "runbooks",
                "is to be a page's address without an anchor: the check's is put behind it",
            ));
        }
        for (key, urls) in [("alerters", &self.alerters), ("healers", &self.healers)] {
            wrong.extend(validate_endpoints(key, urls));
        }
        if self.tls.is_none() && !(self.alerters.is_empty() && self.healers.is_empty()) {
            wrong.push(Invalid::new(
                "tls",
                "is needed to post to alerters and healers: `seaworthy certs` makes the files",
            ));
        }
        if self.listen.api == self.listen.metrics && self.listen.api.port() != 0 {
            wrong.push(Invalid::new("listen.metrics", "is the same address as listen.api: use another port"));
        }
        wrong.extend(self.checks.validate());
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }
}

fn validate_endpoints(key: &str, urls: &[String]) -> Vec<Invalid> {
    let mut wrong = Vec::new();
    if urls.len() > ENDPOINTS_MAX {
        wrong.push(Invalid::new(key, format!("names {} endpoints: at most {ENDPOINTS_MAX}", urls.len())));
    }
    for (at, url) in urls.iter().enumerate() {
        if !url.starts_with("https://") {
            wrong.push(Invalid::new(
                format!("{key}[{at}]"),
                "begins with https://: the monitor is known by its certificate",
            ));
        }
        if urls[..at].contains(url) {
            wrong.push(Invalid::new(format!("{key}[{at}]"), "is there twice"));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DurationText;

    const HEAD: &str = "apiVersion: config.seaworthy.dev/v1alpha1\nkind: MonitorConfig\n";

    #[test]
    fn the_head_alone_is_a_configuration_and_the_default_is_valid() {
        assert_eq!(MonitorConfig::parse("monitor.yaml", HEAD).unwrap(), MonitorConfig::default());
    }

    #[test]
    fn what_is_written_is_read_back() {
        let text = serde_json::to_string(&MonitorConfig::default()).unwrap();
        assert_eq!(MonitorConfig::parse("monitor.yaml", &text).unwrap(), MonitorConfig::default());
    }

    #[test]
    fn a_check_keeps_its_other_defaults() {
        let text = format!("{HEAD}checks: {{PodCrashLoopBackOff: {{restarts: 7, healthyFor: 5m}}}}\n");
        let read = MonitorConfig::parse("monitor.yaml", &text).unwrap().checks.pod_crash_loop_back_off;
        let expected = PodCrashLoopBackOff {
            restarts: 7,
            healthy_for: DurationText::from_secs(300),
            ..PodCrashLoopBackOff::default()
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn each_mistake_is_named_with_its_key_and_the_way_out() {
        for (lines, expected) in [
            ("alerter: []\n", "did you mean `alerters`?"),
            ("checks: {PodCrashLoop: {}}\n", "did you mean `PodCrashLoopBackOff`?"),
            ("checks: {PodOOMKilled: {windows: 5m}}\n", "did you mean `window`?"),
            ("checks: {PodOOMKilled: {severity: bad}}\n", "critical"),
            ("checks: {PodOOMKilled: {window: 0s}}\n", "checks.PodOOMKilled.window"),
            ("checks: {PodCrashLoopBackOff: {restarts: 0}}\n", "checks.PodCrashLoopBackOff.restarts"),
            ("checks: {NodeUnreachable: {after: 5s}}\n", "checks.NodeUnreachable.after"),
            ("checks: {NodeNotReady: {for: 400d}}\n", "checks.NodeNotReady.for"),
            ("cluster: ''\n", "leave it out"),
            ("runbooks: 'https://wiki/checks#top'\n", "without an anchor"),
            ("alerters: [http://a]\n", "https://"),
            ("alerters: [https://a]\n", "seaworthy certs"),
            ("healers: [https://a, https://a]\n", "healers[1]: is there twice"),
            ("listen: {api: '0.0.0.0:9440'}\n", "listen.metrics"),
            ("log: {level: loud}\n", "trace"),
        ] {
            let text = format!("{HEAD}{lines}");
            let error = MonitorConfig::parse("monitor.yaml", &text).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("monitor.yaml"), "{lines}: {error}");
        }
    }

    #[test]
    fn every_built_in_check_has_thresholds() {
        let checks = Checks::default();
        for code in crate::codes::ALL {
            assert!(checks.get(code).is_some_and(|common| common.enabled), "{code}");
        }
        assert_eq!(checks.get("Unheard"), None);
    }

    #[test]
    fn log_levels_become_directives() {
        let text = format!("{HEAD}log: {{level: warn, modules: {{'monitor::engine': debug}}}}\n");
        let config = MonitorConfig::parse("monitor.yaml", &text).unwrap();
        assert_eq!(config.log.directives(), "warn,monitor::engine=debug");
    }
}
