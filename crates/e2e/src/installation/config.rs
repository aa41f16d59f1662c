//! The services' configuration files. They are written as JSON, which is YAML.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::layout::{Layout, Ports};
use super::{NAMESPACE, Service, habits};
use crate::receiver::Receiver;

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
    let habits = habits::of(options);
    let files = [
        (layout.config(Service::Monitor, 0), monitor(layout, ports), &habits.monitor),
        (layout.config(Service::Alerter, 0), alerter(layout, ports), &habits.alerter),
        (layout.alertmanager(), json!({}), &habits.alertmanager),
        (layout.config(Service::Healer, 0), healer(layout, ports, 0), &habits.healer),
        (layout.config(Service::Healer, 1), healer(layout, ports, 1), &habits.healer),
    ];
    for (path, mut config, habits) in files {
        habits::merge(&mut config, habits);
        let text = serde_json::to_string_pretty(&config)?.replace(habits::RECEIVER, &receiver.url(""));
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
        "apiVersion": habits::API_VERSION,
        "kind": "MonitorConfig",
        "cluster": "testbed",
        "listen": {"api": ports.monitor_api, "metrics": ports.monitor_health},
        "tls": identity(layout, Service::Monitor),
        "alerters": urls(std::slice::from_ref(&ports.alerter_internal)),
        "healers": urls(&ports.healers_api),
    })
}

fn healer(layout: &Layout, ports: &Ports, number: usize) -> Value {
    json!({
        "apiVersion": habits::API_VERSION,
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
    })
}

fn alerter(layout: &Layout, ports: &Ports) -> Value {
    json!({
        "apiVersion": habits::API_VERSION,
        "kind": "AlerterConfig",
        "listen": {
            "api": ports.alerts,
            "internal": ports.alerter_internal,
            "metrics": ports.alerter_health,
        },
        "tls": identity(layout, Service::Alerter),
        "store": {"path": layout.store()},
        "alertmanagerConfig": layout.alertmanager(),
    })
}
