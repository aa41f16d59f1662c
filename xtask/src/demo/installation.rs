//! Seaworthy, installed as a person would: accounts with the least rights, certificates, three services.

use super::tools::{apply, kubectl, seaworthy};
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// The namespace that the manifests put the accounts into.
const NAMESPACE: &str = "seaworthy-system";
const API_VERSION: &str = "config.seaworthy.dev/v1alpha1";
/// Where people and Prometheus ask the alerter. The network is the testbed's own, so nothing else is there.
const ALERTER: &str = "127.0.0.1:9093";
/// Where people ask the monitor.
pub(super) const MONITOR: &str = "https://127.0.0.1:8441";
/// Each service and the address that it opens when it is there.
const SERVICES: [(&str, &str); 3] =
    [("alerter", "127.0.0.1:9443"), ("healer", "127.0.0.1:9442"), ("monitor", "127.0.0.1:9440")];
/// How often, and how far apart, a service's address is tried: a minute.
const TRIES: u32 = 300;
const BETWEEN: Duration = Duration::from_millis(200);

/// The running services; they end with it.
pub(super) struct Installation {
    services: Vec<Child>,
}

impl Installation {
    /// Installs everything, with files in `folder`, and waits until the services are there.
    pub(super) fn start(program: &Path, folder: &Path, hook: &str) -> Result<Self> {
        apply(&seaworthy(program, &["crds"])?)?;
        apply(&seaworthy(program, &["rbac"])?)?;
        seaworthy(program, &["resume"])?;
        seaworthy(program, &["certs", "--out", &folder.join("tls").display().to_string()])?;
        configurations(folder, hook)?;
        let mut installation = Self { services: Vec::new() };
        for (service, _) in SERVICES {
            installation.services.push(start(program, folder, service)?);
        }
        for (index, (service, address)) in SERVICES.iter().enumerate() {
            installation.wait_for(index, service, address, folder)?;
        }
        Ok(installation)
    }

    fn wait_for(&mut self, index: usize, service: &str, address: &str, folder: &Path) -> Result<()> {
        for _ in 0..TRIES {
            if TcpStream::connect(address).is_ok() {
                return Ok(());
            }
            if let Some(status) = self.services[index].try_wait()? {
                let log = fs::read_to_string(log(folder, service)).unwrap_or_default();
                bail!("the {service} ended ({status}):\n{log}");
            }
            thread::sleep(BETWEEN);
        }
        bail!("the {service} does not open {address}; its log is in {}", folder.display())
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        for service in &mut self.services {
            // It may have ended by itself; then there is nothing to end.
            let _ = service.kill();
            let _ = service.wait();
        }
    }
}

/// What a service says, as JSON lines.
pub(super) fn log(folder: &Path, service: &str) -> PathBuf {
    folder.join(format!("{service}.log"))
}

fn start(program: &Path, folder: &Path, service: &str) -> Result<Child> {
    let log = File::create(log(folder, service))?;
    let mut command = Command::new(program);
    command.arg(service).arg("--config").arg(folder.join(format!("{service}.yaml")));
    command.args(["--log-format", "json"]);
    if service != "alerter" {
        command.env("KUBECONFIG", kubeconfig(folder, service)?);
    }
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .with_context(|| format!("the {service} does not start"))
}

/// A kubeconfig that speaks as the service's own account, so that the demo shows the rights to be enough.
fn kubeconfig(folder: &Path, service: &str) -> Result<PathBuf> {
    let token = kubectl(&["create", "token", &format!("seaworthy-{service}"), "--namespace", NAMESPACE])?;
    let admin: Value = serde_json::from_str(&kubectl(&["config", "view", "--raw", "-o", "json"])?)?;
    let cluster = &admin["clusters"][0];
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "demo",
        "clusters": [cluster],
        "users": [{ "name": "account", "user": { "token": token.trim() } }],
        "contexts": [{ "name": "demo", "context": {
            "cluster": cluster["name"], "user": "account", "namespace": NAMESPACE,
        } }],
    });
    let path = folder.join(format!("{service}.kubeconfig"));
    fs::write(&path, config.to_string())?;
    Ok(path)
}

/// The services' files. They are written as JSON, which is YAML. Waits are shorter than the defaults, so that the story
/// is about a minute long.
fn configurations(folder: &Path, hook: &str) -> Result<()> {
    let identity = |service: &str| {
        let file = |name: &str| folder.join("tls").join(service).join(name).display().to_string();
        json!({ "ca": file("ca.crt"), "cert": file("tls.crt"), "key": file("tls.key") })
    };
    let files = [
        (
            "monitor.yaml",
            json!({
                "apiVersion": API_VERSION, "kind": "MonitorConfig", "cluster": "demo", "tls": identity("monitor"),
                "listen": { "api": "127.0.0.1:8441", "metrics": "127.0.0.1:9440" },
                "alerters": ["https://127.0.0.1:8443"], "healers": ["https://127.0.0.1:8442"],
                "checks": { "PodRunningNotReady": { "for": "0s", "healthyFor": "2s" } },
            }),
        ),
        (
            "healer.yaml",
            json!({
                "apiVersion": API_VERSION, "kind": "HealerConfig", "cluster": "demo", "tls": identity("healer"),
                "listen": { "api": "127.0.0.1:8442", "metrics": "127.0.0.1:9442" },
                "leader": { "namespace": NAMESPACE, "identity": "demo" },
                "alerters": ["https://127.0.0.1:8443"],
            }),
        ),
        (
            "alerter.yaml",
            json!({
                "apiVersion": API_VERSION, "kind": "AlerterConfig", "tls": identity("alerter"),
                "listen": { "api": ALERTER, "internal": "127.0.0.1:8443", "metrics": "127.0.0.1:9443" },
                "store": { "path": folder.join("alerter.db") },
                "alertmanagerConfig": folder.join("alertmanager.yml"),
            }),
        ),
        (
            "alertmanager.yml",
            json!({
                "route": {
                    "receiver": "demo", "group_by": ["cluster", "lineage", "check"],
                    "group_wait": "1s", "group_interval": "2s", "repeat_interval": "4h",
                },
                "receivers": [{ "name": "demo", "webhook_configs": [{ "url": hook, "send_resolved": true }] }],
            }),
        ),
    ];
    for (name, content) in files {
        fs::write(folder.join(name), serde_json::to_string_pretty(&content)?)?;
    }
    Ok(())
}
