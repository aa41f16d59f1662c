//! The services' configuration files. They are written as JSON, which is YAML.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::layout::{Layout, Ports};
use super::{HOOK, NAMESPACE, Service};
use crate::receiver::Receiver;

/// What stands for the receiver's address in [`Options`]: it is not known before it listens.
const RECEIVER: &str = "$RECEIVER";
const API_VERSION: &str = "config.seaworthy.dev/v1alpha1";

/// What differs between installations: values that are merged into the configuration files.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Into `monitor.yaml`.
    pub monitor: Value,
    /// Into every healer's `healer.yaml`.
    pub healer: Value,
    /// Into `alerter.yaml`.
    pub alerter: Value,
    /// Into `alertmanager.yml`; `$RECEIVER` stands for the receiver's address.
    pub alertmanager: Value,
    /// Whether monitor and healer reach the API server through the testbed's proxy, which can make
    /// their calls slow or fail.
    pub through_proxy: bool,
}

/// Writes the files of the monitor, of the alerter and of as many healers as there may be.
pub(super) fn write(layout: &Layout, ports: &Ports, options: &Options, receiver: &Receiver) -> Result<()> {
    let files = [
        (layout.config(Service::Monitor, 0), monitor(layout, ports), &options.monitor),
        (layout.config(Service::Alerter, 0), alerter(layout, ports), &options.alerter),
        (layout.alertmanager(), alertmanager(), &options.alertmanager),
        (layout.config(Service::Healer, 0), healer(layout, ports, 0), &options.healer),
        (layout.config(Service::Healer, 1), healer(layout, ports, 1), &options.healer),
    ];
    for (path, mut config, changes) in files {
        merge(&mut config, changes);
        let text = serde_json::to_string_pretty(&config)?.replace(RECEIVER, &receiver.url(""));
        std::fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
    }
    Ok(())
}

fn identity(layout: &Layout, service: Service) -> Value {
    let folder = layout.certificates().join(service.name());
    let file = |name: &str| folder.join(name).display().to_string();
    json!({"ca": file("ca.crt"), "cert": file("tls.crt"), "key": file("tls.key")})
}

fn monitor(layout: &Layout, ports: &Ports) -> Value {
    let urls = |addresses: &[String]| -> Vec<String> {
        addresses.iter().map(|address| format!("https://{address}")).collect()
    };
    json!({
        "apiVersion": API_VERSION,
        "kind": "MonitorConfig",
        "cluster": "testbed",
        "listen": {"api": ports.monitor_api, "metrics": ports.monitor_health},
        "tls": identity(layout, Service::Monitor),
        "alerters": urls(std::slice::from_ref(&ports.alerter_internal)),
        "healers": urls(&ports.healers_api),
        // Thresholds that a cluster's owner would not choose, so that a suite does not wait.
        "checks": {
            "NodeNotReady": {"for": "2s", "startupFor": "0s", "healthyFor": "2s"},
            "NodeDiskPressure": {"for": "2s", "healthyFor": "2s"},
            "NodeMemoryPressure": {"for": "2s", "healthyFor": "2s"},
            "NodeUnreachable": {"after": "15s", "healthyFor": "2s"},
            "PodCrashLoopBackOff": {"restarts": 1, "stableFor": "10s", "healthyFor": "2s"},
            "PodImagePullBackOff": {"for": "10s", "healthyFor": "2s"},
            // Longer than a busy machine takes to end a container.
            "PodStuckTerminating": {"for": "10s"},
            "PodRunningNotReady": {"for": "0s", "startupFor": "10s", "healthyFor": "2s"},
            "PodUnschedulable": {"for": "2s", "healthyFor": "2s"},
            "WorkloadRolloutStuck": {"healthyFor": "2s"},
            "ServiceNoReadyEndpoints": {"for": "2s", "healthyFor": "2s"},
        },
    })
}

fn healer(layout: &Layout, ports: &Ports, number: usize) -> Value {
    json!({
        "apiVersion": API_VERSION,
        "kind": "HealerConfig",
        "cluster": "testbed",
        "listen": {"api": ports.healers_api[number], "metrics": ports.healers_health[number]},
        "tls": identity(layout, Service::Healer),
        "leader": {
            "namespace": NAMESPACE,
            "identity": format!("healer-{number}"),
            "leaseDuration": "6s",
        },
        "alerters": [format!("https://{}", ports.alerter_internal)],
        "healthyFor": "2s",
        // Scenarios run side by side, and each counts only its own disruptions.
        "budgets": {
            "nodes": {"cluster": 1, "zone": 1},
            "pods": {"cluster": 20, "zone": 20, "namespace": 3, "owner": "100%", "perHour": 500},
        },
        "attempts": {"backOff": "1s", "backOffMax": "2s"},
        "correlated": {"settle": "2s", "calm": "5s"},
        "timeouts": {"request": "2s", "landingMargin": "2s", "settle": "20s"},
        "retention": {"perLineage": 1},
    })
}

fn alerter(layout: &Layout, ports: &Ports) -> Value {
    json!({
        "apiVersion": API_VERSION,
        "kind": "AlerterConfig",
        "listen": {
            "api": ports.alerts,
            "internal": ports.alerter_internal,
            "metrics": ports.alerter_health,
        },
        "tls": identity(layout, Service::Alerter),
        "store": {"path": layout.store()},
        "alertmanagerConfig": layout.alertmanager(),
        "holds": {"preHold": "5s", "grace": "20s"},
        "delivery": {"timeout": "2s", "retryMin": "200ms", "retryMax": "1s"},
    })
}

/// One group per issue, told at once, and not again while the suite runs.
fn alertmanager() -> Value {
    json!({
        "route": {
            "receiver": "hook",
            "group_by": ["cluster", "lineage", "check"],
            "group_wait": "1s",
            "group_interval": "2s",
            "repeat_interval": "4h",
        },
        "receivers": [{
            "name": "hook",
            "webhook_configs": [{"url": format!("{RECEIVER}{HOOK}"), "send_resolved": true}],
        }],
    })
}

/// Objects are merged key by key; everything else is replaced.
fn merge(into: &mut Value, changes: &Value) {
    match (into, changes) {
        (_, Value::Null) => {}
        (Value::Object(into), Value::Object(changes)) => {
            for (key, change) in changes {
                merge(into.entry(key).or_insert(Value::Null), change);
            }
        }
        (into, change) => *into = change.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_merged_deeply() {
        let mut config = json!({"a": {"b": 1, "c": 2}, "d": [1, 2]});
        merge(&mut config, &json!({"a": {"b": 3}, "d": [4], "e": "new"}));
        assert_eq!(config, json!({"a": {"b": 3, "c": 2}, "d": [4], "e": "new"}));
        merge(&mut config, &Value::Null);
        assert_eq!(config["a"]["b"], 3);
    }
}
