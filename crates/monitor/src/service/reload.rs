//! The configuration file, read again when it changes.

use std::path::PathBuf;
use std::time::Duration;

use model::config::changed_keys;
use model::config::monitor::{Checks, MonitorConfig};
use tokio::sync::watch;

use super::metrics::Metrics;

/// How often the file is looked at, as the alerter looks at its own. A kubelet takes up to a minute
/// to bring a changed ConfigMap, and tells nobody.
const LOOK: Duration = Duration::from_secs(5);

/// Puts thresholds into force that were changed in the file.
pub(super) struct Reload {
    file: PathBuf,
    /// What the file said at the first look. What the monitor started with is no measure for the file: `seaworthy all`
    /// adds to it who is where.
    first: Option<MonitorConfig>,
    thresholds: watch::Sender<Checks>,
    metrics: Metrics,
    /// What was read last, or why it could not be: it is reported once.
    last: Option<Result<String, String>>,
}

impl Reload {
    pub(super) fn new(file: PathBuf, thresholds: watch::Sender<Checks>, metrics: Metrics) -> Self {
        Self { file, first: None, thresholds, metrics, last: None }
    }

    /// Looks at the file for as long as the monitor runs.
    pub(super) async fn run(mut self) {
        loop {
            tokio::time::sleep(LOOK).await;
            self.look().await;
        }
    }

    async fn look(&mut self) {
        let name = self.file.display().to_string();
        let read = tokio::fs::read_to_string(&self.file).await;
        let read = read.map_err(|error| format!("{name} cannot be read: {error}"));
        if self.last.as_ref() == Some(&read) {
            return;
        }
        let parse = |text: &String| MonitorConfig::parse(&name, text).map_err(|error| error.to_string());
        let parsed = read.as_ref().map_err(Clone::clone).and_then(parse);
        self.last = Some(read);
        self.metrics.configured(parsed.is_ok());
        match parsed {
            Ok(config) => self.adopt(&config),
            Err(error) => {
                tracing::error!(error, "the configuration is not fit for use; the old one stays in force");
            }
        }
    }

    fn adopt(&mut self, config: &MonitorConfig) {
        self.thresholds.send_if_modified(|checks| {
            let changed = *checks != config.checks;
            checks.clone_from(&config.checks);
            changed
        });
        let first = self.first.get_or_insert_with(|| config.clone());
        let mut keys = changed_keys(first, config);
        keys.retain(|key| key != "checks");
        if !keys.is_empty() {
            tracing::warn!(keys = keys.join(", "), "changed, and in force when the monitor starts anew");
        }
    }
}
