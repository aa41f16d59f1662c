//! How the services are configured: as they come, but for who is told.

use model::config::alerter::AlerterConfig;
use model::config::healer::HealerConfig;
use model::config::monitor::MonitorConfig;
use sim::run::settings::{ALERTMANAGER_FILE, Configuration, NAMESPACE};

/// The cluster's name.
const CLUSTER: &str = "shop";

/// An Alertmanager's file, as one would have it: what is critical wakes somebody.
const ALERTMANAGER: &str = "
route:
  receiver: chat
  group_by: [cluster, alertname, lineage]
  group_wait: 5s
  group_interval: 1m
  repeat_interval: 4h
  routes:
    - {receiver: pager, matchers: ['severity=\"critical\"'], group_by: [cluster, alertname], group_wait: 15s}
receivers:
  - {name: chat, webhook_configs: [{url: 'http://chat/'}]}
  - {name: pager, webhook_configs: [{url: 'http://pager/'}]}
";

/// The services' configuration.
pub(super) fn services() -> Configuration {
    let cluster = Some(CLUSTER.to_owned());
    let mut healer = HealerConfig { cluster: cluster.clone(), ..HealerConfig::default() };
    NAMESPACE.clone_into(&mut healer.leader.namespace);
    Configuration {
        monitor: MonitorConfig { cluster, ..MonitorConfig::default() },
        healer,
        alerter: AlerterConfig::new(ALERTMANAGER_FILE),
        alertmanager: ALERTMANAGER.to_owned(),
    }
}
