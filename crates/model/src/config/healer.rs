//! Configuration of the healer.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::API_VERSION;
use crate::DurationText;

mod amount;
mod limits;

pub use amount::{Allowance, Amount};
pub use limits::{Attempts, Budgets, Correlated, NodeBudget, PodBudget, Timeouts};

/// `kind` of the healer's configuration file.
pub const KIND: &str = "HealerConfig";

/// The healer's configuration file. Everything but `apiVersion` and `kind` has a default that is
/// fit for use. What is changed in it is in force within seconds, but for `alerters`, `cluster`,
/// `leader`, `listen`, `monitors`, `tls` and `timeouts.request`, which are read at the start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HealerConfig {
    /// `config.seaworthy.dev/v1alpha1`.
    pub api_version: String,
    /// `HealerConfig`.
    pub kind: String,
    /// The cluster's name, as the monitor is told it. Issues of another cluster are ignored;
    /// without it, issues of whichever cluster are taken.
    #[serde(default)]
    pub cluster: Option<String>,
    /// Who this replica is and how replicas agree on a leader.
    #[serde(default)]
    pub leader: Leader,
    /// Where it listens.
    #[serde(default)]
    pub listen: Listen,
    /// Certificate, key and authority of the healer's own identity.
    #[serde(default)]
    pub tls: Option<TlsFiles>,
    /// The identities (certificate names) whose issues are accepted.
    #[serde(default = "default_monitors")]
    pub monitors: Vec<String>,
    /// The alerters' internal addresses, every replica: `https://alerter-0.alerter:8443`.
    #[serde(default)]
    pub alerters: Vec<String>,
    /// Files with policies, beside the `HealingPolicy` resources. A relative path begins at the folder of this file.
    #[serde(default)]
    pub policies: Vec<PathBuf>,
    /// Namespaces whose workloads are never healed, whatever a policy says. The healer's own is
    /// always among them.
    #[serde(default = "default_protected")]
    pub protected_namespaces: Vec<String>,
    /// How much may be disrupted.
    #[serde(default)]
    pub budgets: Budgets,
    /// When many failures at once are taken for one.
    #[serde(default)]
    pub correlated: Correlated,
    /// How often something is tried.
    #[serde(default)]
    pub attempts: Attempts,
    /// How long things may take.
    #[serde(default)]
    pub timeouts: Timeouts,
    /// How long a lineage must be healthy before a step counts as a success, where the policy
    /// does not say.
    #[serde(default = "default_healthy_for")]
    pub healthy_for: DurationText,
    /// How long an approval is waited for, where the policy does not say.
    #[serde(default = "default_approval_timeout")]
    pub approval_timeout: DurationText,
    /// How many finished remediations are kept.
    #[serde(default)]
    pub retention: Retention,
}

/// How replicas agree on who acts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Leader {
    /// The namespace of the Lease, and of the healer itself. Empty: `POD_NAMESPACE`, else the
    /// kubeconfig's namespace.
    pub namespace: String,
    /// The name of the Lease.
    pub lease: String,
    /// What tells this replica from the others. Empty: `POD_NAME`, else the host's name.
    pub identity: String,
    /// The node this replica runs on, which it never touches. Empty: `NODE_NAME`.
    pub node: String,
    /// For how long a claim holds after it was renewed; it is renewed three times as often.
    pub lease_duration: DurationText,
}

impl Default for Leader {
    fn default() -> Self {
        Self {
            namespace: String::new(),
            lease: "seaworthy-healer".to_owned(),
            identity: String::new(),
            node: String::new(),
            // Kubernetes' own figure for its controllers.
            lease_duration: DurationText::from_secs(15),
        }
    }
}

/// Where the healer listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Listen {
    /// Issues and status, behind mutual TLS.
    pub api: SocketAddr,
    /// `/metrics`, `/livez` and `/readyz`, plain.
    pub metrics: SocketAddr,
}

impl Default for Listen {
    fn default() -> Self {
        Self { api: SocketAddr::from(([0, 0, 0, 0], 8442)), metrics: SocketAddr::from(([0, 0, 0, 0], 9442)) }
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

/// How many finished remediations are kept. Those that still hold a mark in the cluster or count
/// for a cap stay in any case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Retention {
    /// For how long.
    pub age: DurationText,
    /// How many per lineage and check.
    pub per_lineage: u32,
    /// How many in all; the oldest go first.
    pub total: u32,
}

impl Default for Retention {
    fn default() -> Self {
        // A week covers a long weekend; 2,000 objects of some 4 KiB are 8 MiB of etcd.
        Self { age: DurationText::from_secs(7 * 24 * 3600), per_lineage: 10, total: 2000 }
    }
}

fn default_monitors() -> Vec<String> {
    vec!["monitor.seaworthy".to_owned()]
}

fn default_protected() -> Vec<String> {
    ["kube-node-lease", "kube-public", "kube-system"].map(str::to_owned).to_vec()
}

fn default_healthy_for() -> DurationText {
    // Two periods of the usual ten-second probe, and one more for the monitor to hear of it.
    DurationText::from_secs(30)
}

fn default_approval_timeout() -> DurationText {
    // Somebody who is paged at night and has to look first.
    DurationText::from_secs(4 * 3600)
}

impl Default for HealerConfig {
    fn default() -> Self {
        Self {
            api_version: API_VERSION.to_owned(),
            kind: KIND.to_owned(),
            cluster: None,
            leader: Leader::default(),
            listen: Listen::default(),
            tls: None,
            monitors: default_monitors(),
            alerters: Vec::new(),
            policies: Vec::new(),
            protected_namespaces: default_protected(),
            budgets: Budgets::default(),
            correlated: Correlated::default(),
            attempts: Attempts::default(),
            timeouts: Timeouts::default(),
            healthy_for: default_healthy_for(),
            approval_timeout: default_approval_timeout(),
            retention: Retention::default(),
        }
    }
}

/// What is wrong with a healer's configuration although it could be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {reason}")]
pub struct Invalid {
    /// The key, with dots between its levels.
    pub key: &'static str,
    /// What is wrong, and what would be right.
    pub reason: String,
}

/// The longest of any duration: what is meant to be for ever is longer than anybody waits.
const LONGEST: Duration = Duration::from_hours(30 * 24);

impl HealerConfig {
    /// All durations, but for how long what is over is kept.
    fn durations(&self) -> [(&'static str, DurationText); 13] {
        let Self { correlated, attempts, timeouts, .. } = self;
        [
            ("correlated.settle", correlated.settle),
            ("correlated.calm", correlated.calm),
            ("attempts.window", attempts.window),
            ("attempts.backOff", attempts.back_off),
            ("attempts.backOffMax", attempts.back_off_max),
            ("attempts.recurrence", attempts.recurrence),
            ("timeouts.request", timeouts.request),
            ("timeouts.landingMargin", timeouts.landing_margin),
            ("timeouts.watchSilence", timeouts.watch_silence),
            ("timeouts.settle", timeouts.settle),
            ("timeouts.hold", timeouts.hold),
            ("healthyFor", self.healthy_for),
            ("approvalTimeout", self.approval_timeout),
        ]
    }

    /// The same with relative paths that begin at the folder of `file`, as they are meant in it.
    #[must_use]
    pub fn beside(mut self, file: &Path) -> Self {
        let folder = file.parent().unwrap_or(Path::new(""));
        let tls = self.tls.iter_mut().flat_map(|tls| [&mut tls.ca, &mut tls.cert, &mut tls.key]);
        tls.chain(&mut self.policies).for_each(|path| *path = folder.join(&*path));
        self
    }

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
        let mut need = |holds: bool, key: &'static str, reason: &str| {
            if !holds {
                wrong.push(Invalid { key, reason: reason.to_owned() });
            }
        };
        need(self.cluster.as_deref() != Some(""), "cluster", "is empty: leave it out to take any cluster");
        need(
            !self.monitors.is_empty(),
            "monitors",
            "an empty list accepts nobody's issues: leave it out for monitor.seaworthy",
        );
        need(
            self.alerters.iter().all(|url| url.starts_with("https://")),
            "alerters",
            "every address begins with https://: the alerter knows the healer by its certificate",
        );
        need(
            self.alerters.is_empty() || self.tls.is_some(),
            "tls",
            "is needed to reach the alerters: `seaworthy certs` makes the files",
        );
        let leader = &self.leader;
        need(!leader.lease.is_empty(), "leader.lease", "is empty: leave it out for seaworthy-healer");
        need(
            (3..=300).contains(&leader.lease_duration.0.as_secs())
                && leader.lease_duration.0.subsec_nanos() == 0,
            "leader.leaseDuration",
            "is to be between 3s and 5m, in whole seconds: a Lease has no others",
        );
        // Up to a third is gone before the next renewal, and a tenth is never counted on.
        let needed = self.timeouts.request.0.saturating_mul(30).saturating_add(Duration::from_secs(30));
        need(
            needed <= leader.lease_duration.0.saturating_mul(17),
            "timeouts.request",
            "is to be a second less than 17/30 of leader.leaseDuration: a request must end before the claim does",
        );
        for (key, duration) in self.durations() {
            need(duration.0 <= LONGEST, key, "is to be at most 30d");
        }
        need(
            self.healthy_for.0.as_secs() >= 1,
            "healthyFor",
            "is to be at least 1s: an instant of health proves nothing",
        );
        need(
            !self.approval_timeout.0.is_zero(),
            "approvalTimeout",
            "is zero: nobody could ever approve; use mode Observe",
        );
        need(
            self.retention.per_lineage >= 1 && self.retention.total >= 10,
            "retention",
            "keeps at least 1 per lineage and 10 in all",
        );
        wrong.extend(self.budgets.validate());
        wrong.extend(self.correlated.validate());
        wrong.extend(self.attempts.validate());
        wrong.extend(self.timeouts.validate());
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "apiVersion: config.seaworthy.dev/v1alpha1\nkind: HealerConfig\n";

    #[test]
    fn the_head_alone_is_a_configuration_and_the_default_is_valid() {
        assert_eq!(HealerConfig::parse("healer.yaml", HEAD).unwrap(), HealerConfig::default());
    }

    #[test]
    fn what_is_written_is_read_back() {
        let text = serde_json::to_string(&HealerConfig::default()).unwrap();
        assert_eq!(HealerConfig::parse("healer.yaml", &text).unwrap(), HealerConfig::default());
    }

    #[test]
    fn each_mistake_is_named_with_its_key_and_the_way_out() {
        for (lines, expected) in [
            ("monitor: []\n", "did you mean `monitors`?"),
            ("monitors: []\n", "accepts nobody"),
            ("cluster: ''\n", "leave it out"),
            ("alerters: [http://a]\n", "https://"),
            ("leader: {leaseDuration: 1s}\n", "leader.leaseDuration"),
            ("leader: {leaseDuration: 3500ms}\n", "whole seconds"),
            ("timeouts: {request: 14s}\n", "timeouts.request"),
            ("leader: {leaseDuration: 4s}\ntimeouts: {request: 2s}\n", "timeouts.request"),
            ("timeouts: {landingMargin: 31days}\n", "timeouts.landingMargin"),
            ("healthyFor: 0s\n", "healthyFor"),
            ("budgets: {pods: {cluster: 0}}\n", "allows nothing"),
            ("budgets: {nodes: {cluster: '0%'}}\n", "allows nothing"),
            ("budgets: {nodes: {zone: '120%'}}\n", "120%"),
            ("correlated: {unhealthyShare: 3}\n", "percentage"),
            ("attempts: {perLineage: 0}\n", "attempts.perLineage"),
        ] {
            let text = format!("{HEAD}{lines}");
            let error = HealerConfig::parse("healer.yaml", &text).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("healer.yaml"), "{lines}: {error}");
        }
    }

    #[test]
    fn the_wrong_kind_is_named() {
        let error =
            HealerConfig::parse("x.yaml", &HEAD.replace("HealerConfig", "MonitorConfig")).unwrap_err();
        assert!(error.to_string().contains("expected \"HealerConfig\""), "{error}");
    }
}
