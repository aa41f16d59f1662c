//! What the alerter is told to do: the user's `alertmanager.yml`, unmodified, and our own
//! `alerter.yaml`, read, checked and made ready for use.

mod check;
mod duration;
pub mod file;
pub mod http;
mod redact;
mod secret;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use model::config::alerter::{AlerterConfig, Lapse};
use sha2::{Digest, Sha256};

use crate::book::holds;
use crate::receivers::Receiver;
use crate::rules::inhibition::Rule;
use crate::rules::intervals::Interval;
use crate::rules::routing::Tree;

pub use check::Context;
pub use duration::PromDuration;
pub use secret::{HIDDEN, Secret, Source};

/// Why an `alertmanager.yml` was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It cannot be read: with line, snippet and suggestion.
    #[error("{0}")]
    Unreadable(String),
    /// It can be read, and does not make sense.
    #[error("{file}: {place}: {problem}")]
    Wrong {
        /// The file.
        file: String,
        /// Where: `receivers[1] (team-a).slack_configs[0]`.
        place: String,
        /// What is wrong, and what to do.
        problem: String,
    },
}

/// A template file, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateFile {
    /// Its path, for errors.
    pub path: PathBuf,
    /// What it says.
    pub text: String,
}

/// How we treat alerts and messages; from `alerter.yaml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How long the page of an issue of ours waits for the healer to take it up.
    pub pre_hold: SignedDuration,
    /// How long pages may be held.
    pub holds: holds::Rules,
    /// Whether repairs are told of that happened before anybody was paged.
    pub announce_healed: bool,
    /// How soon after its end an alert continues the same episode.
    pub cool_down: SignedDuration,
    /// What it means that an alert is not posted again.
    pub lapse: Lapse,
    /// How long one attempt may take.
    pub timeout: SignedDuration,
    /// The first wait after a failed attempt.
    pub retry_min: SignedDuration,
    /// The longest wait.
    pub retry_max: SignedDuration,
    /// When a message becomes a dead letter.
    pub give_up_after: SignedDuration,
    /// Messages on the way to one integration at once.
    pub concurrency: usize,
    /// How long what is over is kept.
    pub retention: SignedDuration,
    /// Alerts that may fire at once.
    pub alerts_max: usize,
    /// Silences there may be.
    pub silences_max: usize,
}

impl Policy {
    /// From our own configuration.
    pub fn new(config: &AlerterConfig) -> Self {
        Self {
            pre_hold: config.holds.pre_hold.signed(),
            holds: holds::Rules {
                cap: config.holds.cap.signed(),
                grace: config.holds.grace.signed(),
                silence: config.holds.silence.signed(),
            },
            announce_healed: config.holds.announce_healed,
            cool_down: config.episodes.cool_down.signed(),
            lapse: config.episodes.lapse,
            timeout: config.delivery.timeout.signed(),
            retry_min: config.delivery.retry_min.signed(),
            retry_max: config.delivery.retry_max.signed(),
            give_up_after: config.delivery.give_up_after.signed(),
            concurrency: config.delivery.concurrency,
            retention: config.store.retention.signed(),
            alerts_max: config.limits.alerts,
            silences_max: config.limits.silences,
        }
    }
}

/// Everything, checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The routing tree.
    pub tree: Tree,
    /// Receivers by name.
    pub receivers: BTreeMap<String, Receiver>,
    /// What mutes what.
    pub inhibit_rules: Vec<Rule>,
    /// Named times.
    pub intervals: BTreeMap<String, Vec<Interval>>,
    /// How long an alert without an end lasts.
    pub resolve_timeout: SignedDuration,
    /// How we treat alerts and messages.
    pub policy: Policy,
    /// Where people reach us, without a slash at the end.
    pub external_url: String,
    /// The `alertmanager.yml` as it is understood, without secrets.
    pub original: String,
    /// What tells this configuration from others.
    pub hash: String,
}

/// An `alertmanager.yml`, read.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// What it says.
    pub file: file::File,
    /// The hash of its text, secrets included: another secret is another configuration.
    digest: [u8; 32],
}

/// Reads an `alertmanager.yml`, without looking at the files it names.
pub fn parse(file: &str, text: &str) -> Result<Parsed, Error> {
    let parsed = model::config::parse(file, text)
        .map_err(|error| Error::Unreadable(redact::redact(&error.to_string())))?;
    Ok(Parsed { file: parsed, digest: Sha256::digest(text).into() })
}

/// The globs under `templates`, joined to the folder of the file they stand in.
pub fn template_globs(parsed: &Parsed, folder: &Path) -> Vec<PathBuf> {
    parsed.file.templates.iter().map(|glob| folder.join(glob)).collect()
}

/// Checks a parsed `alertmanager.yml` with its templates and makes it ready for use. `folder` is
/// where relative paths begin.
pub fn settle(
    file: &str,
    parsed: &Parsed,
    templates: &[TemplateFile],
    folder: &Path,
    config: &AlerterConfig,
) -> Result<Settings, Error> {
    let hash = hash(parsed, templates, config);
    check::settle(file, &parsed.file, templates, folder, config, hash)
}

/// What tells one configuration from others: a hash over all that is read.
pub fn hash(parsed: &Parsed, templates: &[TemplateFile], config: &AlerterConfig) -> String {
    let mut hash = Sha256::new();
    hash.update(parsed.digest);
    for template in templates {
        hash.update(&template.text);
    }
    // Without the certificates: they are read by themselves, and in one process with the other services they may be
    // named by no file.
    let config = AlerterConfig { tls: None, ..config.clone() };
    hash.update(serde_json::to_string(&config).unwrap_or_default());
    let first: [u8; 8] = std::array::from_fn({
        let whole = hash.finalize();
        move |index| whole[index]
    });
    format!("{:016x}", u64::from_be_bytes(first))
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// Settings of an `alertmanager.yml`, with the defaults of ours.
    pub(crate) fn settings(yaml: &str) -> Settings {
        try_settings(yaml).unwrap_or_else(|error| panic!("{error}"))
    }

    pub(crate) fn try_settings(yaml: &str) -> Result<Settings, Error> {
        let config = AlerterConfig::new("alertmanager.yml");
        let parsed = parse("alertmanager.yml", yaml)?;
        settle("alertmanager.yml", &parsed, &[], Path::new("/etc/alertmanager"), &config)
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{settings, try_settings};

    const MINIMAL: &str = "route: {receiver: a}\nreceivers: [{name: a}]\n";

    #[test]
    fn the_smallest_file_is_enough() {
        assert_eq!(settings(MINIMAL).receivers.len(), 1);
    }

    #[test]
    fn each_mistake_names_its_place_and_the_way_out() {
        let hook = "webhook_configs: [{url: 'http://x'}]";
        for (yaml, expected) in [
            ("", "no route"),
            ("route: {}\nreceivers: []", "route: the root route has no receiver"),
            ("route: {receiver: b}\nreceivers: [{name: a}]", "route: receiver \"b\" is not defined"),
            ("route: {receiver: a, matchers: [x=y]}\nreceivers: [{name: a}]", "route: the root route"),
            ("route: {receiver: a, continue: true}\nreceivers: [{name: a}]", "route: the root route"),
            (
                "route: {receiver: a, routes: [{matchers: ['x']}]}\nreceivers: [{name: a}]",
                "route.routes[0]: matchers[0]: \"x\" is not a matcher",
            ),
            (
                "route: {receiver: a, routes: [{mute_time_intervals: [nights]}]}\nreceivers: [{name: a}]",
                "time interval \"nights\" is not defined",
            ),
            ("route: {receiver: a, group_by: [a, '...']}\nreceivers: [{name: a}]", "`...`"),
            ("route: {receiver: a, labels: {team: x}}\nreceivers: [{name: a}]", "labels: not supported"),
            ("route: {receiver: a, group_by: [a, a]}\nreceivers: [{name: a}]", "\"a\" twice"),
            ("route: {receiver: a, group_interval: 0s}\nreceivers: [{name: a}]", "group_interval"),
            ("route: {receiver: a}\nreceivers: [{name: a}, {name: a}]", "name \"a\" is used twice"),
            (
                "route: {receiver: a}\nreceivers: [{name: a, webhook_configs: [{}]}]",
                "receivers[0] (a).webhook_configs[0]: neither url nor url_file",
            ),
            (
                "route: {receiver: a}\nreceivers:\n- name: a\n  pagerduty_configs:\n  - routing_key: x",
                "receivers[0] (a).pagerduty_configs (line 5): not supported yet",
            ),
            (
                "route: {receiver: a}\nreceivers: [{name: a, slack_configs: [{channel: x}]}]",
                "receivers[0] (a).slack_configs[0]: no api_url",
            ),
            (
                "route: {receiver: a}\nreceivers: [{name: a, email_configs: [{to: x@y.z, from: a@b.c}]}]",
                "no smarthost",
            ),
            (
                "route: {receiver: a}\ninhibit_rules: [{source_matchers: ['x']}]\nreceivers: [{name: a}]",
                "inhibit_rules[0].source_matchers[0]",
            ),
            (
                "route: {receiver: a}\nreceivers: [{name: a, webhook_configs: [{url: 'http://x', http_config: {proxy_url: y}}]}]",
                "http_config.proxy_url is not supported",
            ),
        ] {
            let error = try_settings(yaml).unwrap_err().to_string();
            assert!(error.contains(expected), "{yaml}: {error}");
        }
        let error =
            try_settings(&format!("route: {{recevier: a}}\nreceivers: [{{name: a, {hook}}}]")).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("line 1") && text.contains("did you mean `receiver`?"), "{text}");
    }

    #[test]
    fn no_secret_is_ever_shown() {
        let yaml = "
global: {slack_api_url: 'https://hooks.example/canary1', smtp_auth_password: canary2, smtp_smarthost: 'm:25', smtp_from: a@b.c}
route: {receiver: a}
receivers:
- name: a
  webhook_configs: [{url: 'http://x/canary3', http_config: {authorization: {credentials: canary4}}}]
  slack_configs: [{channel: x}]
  email_configs: [{to: a@b.c, auth_username: u}]
";
        let settings = settings(yaml);
        let shown = format!("{settings:?}{}", settings.original);
        assert!(!shown.contains("canary"), "{shown}");
        assert!(settings.original.contains("<secret>"));
        let broken = yaml.replace("- name: a", "- nmae: a");
        for broken in [
            &broken,
            "receivers:\n- slack_configs:\n  - api_url:\n      https://hooks.example/canary\n  nmae: a",
            "global:\n  smtp_auth_password: >-\n    canary1\n    canary2\n  nmae: a",
            "global:\n  smtp_auth_password: [canary]\n",
            "global:\n  smtp_auth_password: {canary: x}\n",
            "receivers:\n- nmae: a\n  webhook_configs:\n  - http_config:\n      http_headers:\n        X-Key: {secrets: [canary]}\n",
            "receivers:\n- nmae: a\n  webhook_configs:\n  - http_config:\n      http_headers:\n        X-Key:\n          secrets:\n          - canary\n",
            "receivers:\n- nmae: a\n  pagerduty_configs:\n  - {routing_key: 'canary1\n  canary2'}\n",
        ] {
            let shown = try_settings(broken).unwrap_err().to_string();
            assert!(!shown.contains("canary"), "{shown}");
        }
    }
}
