//! How the services of a run are configured: as they come, but for grouping that does not wait
//! long, and what they promise by it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use model::config::alerter::AlerterConfig;
use model::config::healer::HealerConfig;
use model::config::monitor::MonitorConfig;

use super::defect::Defect;
use crate::oracles::Limits;

/// The cluster's name.
pub const CLUSTER: &str = "sim";
/// Where the services live.
pub const NAMESPACE: &str = "seaworthy-system";
/// The receivers: of everything, and of what is critical besides.
pub const RECEIVERS: [&str; 2] = ["hook", "pager"];

/// Each issue is a group of its own, told at once and again when it changes.
const ALERTMANAGER: &str = "
route:
  receiver: hook
  group_by: [cluster, lineage, check]
  group_wait: 1s
  group_interval: 1m
  repeat_interval: 4h
  routes:
    - {receiver: pager, matchers: ['severity=\"critical\"'], continue: true}
    - {receiver: hook}
receivers:
  - {name: hook, webhook_configs: [{url: 'http://hook/'}]}
  - {name: pager, webhook_configs: [{url: 'http://pager/'}]}
";

/// How the services are configured.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// The monitor.
    pub monitor: MonitorConfig,
    /// Each healer.
    pub healer: HealerConfig,
    /// The alerter.
    pub alerter: AlerterConfig,
    /// Its routes and receivers: an Alertmanager's file.
    pub alertmanager: String,
}

/// What the alerter would call the file with its routes.
pub const ALERTMANAGER_FILE: &str = "alertmanager.yml";

impl Default for Configuration {
    /// As they come.
    fn default() -> Self {
        let cluster = Some(CLUSTER.to_owned());
        let mut healer = HealerConfig { cluster: cluster.clone(), ..HealerConfig::default() };
        NAMESPACE.clone_into(&mut healer.leader.namespace);
        Self {
            monitor: MonitorConfig { cluster, ..MonitorConfig::default() },
            healer,
            alerter: AlerterConfig::new(ALERTMANAGER_FILE),
            alertmanager: ALERTMANAGER.to_owned(),
        }
    }
}

impl Configuration {
    pub(super) fn monitor(&self) -> monitor::Options {
        monitor::Options { config: self.monitor.clone(), ..monitor::Options::default() }
    }

    pub(super) fn alerter(
        &self,
        defect: Option<&Defect>,
    ) -> Result<(alerter::Options, alerter::configuration::Settings), alerter::configuration::Error> {
        let mut config = self.alerter.clone();
        if let Some(defect) = defect {
            defect.configure(&mut config);
        }
        let parsed = alerter::configuration::parse(ALERTMANAGER_FILE, &self.alertmanager)?;
        let settings =
            alerter::configuration::settle(ALERTMANAGER_FILE, &parsed, &[], Path::new("/"), &config)?;
        Ok((alerter::Options { config, folder: PathBuf::new(), file: None }, settings))
    }
}

/// What the services promise, configured like this. The figures are those of their defaults,
/// written down once more so that a default that slips is noticed.
pub fn limits() -> Limits {
    let mut protected = vec![NAMESPACE.to_owned()];
    protected.extend(["kube-system", "kube-public", "kube-node-lease"].map(str::to_owned));
    Limits {
        nodes_percent: (10, 20),
        pods: (10, 5, 3),
        owner_percent: 25,
        per_hour: (60, 10),
        mass_percent: 30,
        attempts: (5, Duration::from_hours(6)),
        lease: Duration::from_secs(15),
        settle: Duration::from_mins(2),
        protected,
        // The cap and the pre-hold.
        hold: Duration::from_mins(15) + Duration::from_secs(5),
        // A group's interval, and an answer that is waited for.
        delivery: Duration::from_mins(3),
        // With up to a fifth more, so that what failed together is not tried together.
        retry: Duration::from_mins(6),
        // The longest ladder, with its waits.
        calm: Duration::from_mins(45),
        given_up: Duration::from_hours(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_promises_are_those_of_the_configuration() {
        let (configuration, limits) = (Configuration::default(), limits());
        let healer = &configuration.healer;
        assert!(healer.validate().is_ok());
        let pods = &healer.budgets.pods;
        assert_eq!(limits.pods, (pods.cluster as usize, pods.zone as usize, pods.namespace as usize));
        assert_eq!(limits.per_hour, (pods.per_hour as usize, healer.budgets.nodes.per_hour as usize));
        assert_eq!(limits.attempts.0, healer.attempts.per_lineage as usize);
        assert_eq!(limits.attempts.1, healer.attempts.window.0);
        assert_eq!(limits.lease, healer.leader.lease_duration.0);
        assert_eq!(limits.settle, healer.timeouts.settle.0);
        let (alerter, settings) = configuration.alerter(None).expect("it is valid");
        assert_eq!(settings.receivers.len(), RECEIVERS.len());
        assert_eq!(limits.hold, alerter.config.holds.cap.0 + alerter.config.holds.pre_hold.0);
    }
}
