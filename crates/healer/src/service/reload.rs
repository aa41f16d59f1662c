//! The configuration file and the policy files, read again when they change. What is not fit for
//! use changes nothing: what was in force stays so, and that is said.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cluster::bookkeeping::Weight;
use model::config::changed_keys;
use model::config::healer::{HealerConfig, Timeouts};

use super::events::Events;
use super::policies;
use super::settings::FromFile;
use super::shared::Shared;

/// How often the files are looked at, as the other services look at theirs. A kubelet takes up to a
/// minute to bring a changed ConfigMap, and tells nobody.
const LOOK: Duration = Duration::from_secs(5);

/// What is read once: sockets, identities and claims are not exchanged while they are in use.
const AT_START: [&str; 6] = ["alerters", "cluster", "leader", "listen", "monitors", "tls"];

/// Puts into force what was changed in the files.
pub(super) struct Reload {
    shared: Arc<Shared>,
    /// The configuration file, if there is one.
    file: Option<PathBuf>,
    /// What the file said at the first look. What the healer started with is no measure for the
    /// file: `seaworthy all` adds to it who is where.
    first: Option<HealerConfig>,
    /// The changed keys that wait for a start, as they were last told.
    waiting: Vec<String>,
    events: Events,
}

impl Reload {
    pub(super) fn new(shared: &Arc<Shared>, file: Option<PathBuf>, events: Events) -> Self {
        Self { shared: Arc::clone(shared), file, first: None, waiting: Vec::new(), events }
    }

    /// Looks at the files for as long as the healer runs.
    pub(super) async fn run(mut self) {
        loop {
            tokio::time::sleep(LOOK).await;
            match self.read().await {
                Ok((config, files)) => self.adopt(config, files),
                Err(problem) => self.refuse(problem),
            }
        }
    }

    async fn read(&self) -> Result<(HealerConfig, Vec<FromFile>), String> {
        let config = match &self.file {
            Some(file) => read_config(file).await?,
            None => HealerConfig::clone(&self.shared.config()),
        };
        let files = policies::read_files(&config.policies).await.map_err(|error| error.to_string())?;
        Ok((config, files))
    }

    /// Puts what the files say into force, if it is something else.
    fn adopt(&mut self, config: HealerConfig, files: Vec<FromFile>) {
        self.warn_of_what_waits(&config);
        let config = kept_at_start(&self.shared.config(), config);
        let was_refused = self.shared.settings.problem().is_some();
        let is_other = self.shared.settings.adopt(config, &files);
        let hash = self.shared.settings.hash();
        self.shared.metrics.configured(true);
        if is_other {
            let mut state = self.shared.state();
            state.files = files;
            (state.dirty.policies, state.dirty.everything) = (true, true);
            drop(state);
            self.shared.metrics.in_force(&hash);
            tracing::info!(hash, "another configuration is in force");
            self.shared.changed.notify_one();
        }
        if was_refused {
            let text = format!("{hash} is in force");
            self.events.configuration(Weight::Normal, "ConfigurationInForce", text);
        }
    }

    fn refuse(&self, problem: String) {
        self.shared.metrics.configured(false);
        if self.shared.settings.refuse(problem.clone()) {
            tracing::error!(problem, "the configuration is not fit for use; the old one stays in force");
            self.events.configuration(Weight::Warning, "ConfigurationRefused", problem);
        }
    }

    fn warn_of_what_waits(&mut self, config: &HealerConfig) {
        let first = self.first.get_or_insert_with(|| config.clone());
        let waiting = waiting(first, config);
        if waiting != self.waiting && !waiting.is_empty() {
            tracing::warn!(keys = waiting.join(", "), "changed, and in force when the healer starts anew");
        }
        self.waiting = waiting;
    }
}

async fn read_config(file: &Path) -> Result<HealerConfig, String> {
    let name = file.display().to_string();
    let text = tokio::fs::read_to_string(file).await;
    let text = text.map_err(|error| format!("{name} cannot be read: {error}"))?;
    let config = HealerConfig::parse(&name, &text).map_err(|error| error.to_string())?;
    Ok(config.beside(file))
}

/// What of a configuration can be put into force without a start, on top of what is.
fn kept_at_start(current: &HealerConfig, wanted: HealerConfig) -> HealerConfig {
    let HealerConfig { cluster, leader, listen, tls, monitors, alerters, .. } = current.clone();
    let timeouts = Timeouts { request: current.timeouts.request, ..wanted.timeouts };
    HealerConfig { cluster, leader, listen, tls, monitors, alerters, timeouts, ..wanted }
}

/// The keys that were changed and are read once.
fn waiting(first: &HealerConfig, config: &HealerConfig) -> Vec<String> {
    let mut keys = changed_keys(first, config);
    keys.retain(|key| AT_START.contains(&key.as_str()));
    if first.timeouts.request != config.timeouts.request {
        keys.push("timeouts.request".to_owned());
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_a_start_stays_as_it_is_and_is_named() {
        let first = HealerConfig::default();
        let mut wanted = first.clone();
        wanted.cluster = Some("c1".into());
        wanted.leader.lease = "other".into();
        wanted.listen.api.set_port(1);
        wanted.monitors.push("other.seaworthy".into());
        wanted.alerters.push("https://a".into());
        wanted.tls =
            Some(model::config::healer::TlsFiles { ca: "ca".into(), cert: "cert".into(), key: "key".into() });
        wanted.timeouts.request = model::DurationText::from_secs(3);
        let mut named: Vec<String> = AT_START.map(str::to_owned).to_vec();
        named.push("timeouts.request".to_owned());
        assert_eq!(waiting(&first, &wanted), named);
        assert_eq!(kept_at_start(&first, wanted.clone()), first);
        wanted.attempts.per_lineage += 1;
        let kept = kept_at_start(&first, wanted.clone());
        assert_eq!((kept.attempts, waiting(&first, &first).len()), (wanted.attempts, 0));
    }
}
