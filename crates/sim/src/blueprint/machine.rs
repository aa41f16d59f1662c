//! A node that is to be.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::kinds;
use crate::registry::{Registry, Status, time};
use crate::view::node::{HOSTNAME, ZONE};

/// Where a rack's name stands.
pub const RACK: &str = "sim.seaworthy.test/rack";
/// Nodes in a rack: so few that a small cluster has several.
const RACK_SIZE: usize = 2;

/// A node that is to be: 8 cores, 32 GiB and 110 pods, unless it says otherwise.
#[derive(Clone, Debug)]
pub struct Machine {
    name: String,
    zone: String,
    rack: String,
    cores: u32,
    memory_gib: u32,
    pods: u32,
    labels: Vec<(String, String)>,
}

impl Machine {
    /// A node of a zone.
    pub fn new(name: &str, zone: &str) -> Self {
        Self {
            name: name.to_owned(),
            zone: zone.to_owned(),
            rack: format!("{zone}-0"),
            cores: 8,
            memory_gib: 32,
            pods: 110,
            labels: Vec::new(),
        }
    }

    /// The node of a number, in one of so many zones.
    pub fn numbered(number: usize, zones: usize) -> Self {
        let zones = zones.max(1);
        let letter = char::from(b'a' + (number % zones).min(25) as u8);
        let zone = format!("zone-{letter}");
        let rack = format!("{zone}-{}", number / zones / RACK_SIZE);
        Self { rack, ..Self::new(&format!("n-{number}"), &zone) }
    }

    /// A node that stands where one with these labels does.
    pub fn like(name: &str, labels: &Value) -> Self {
        let text = |label: &str| labels[label].as_str().unwrap_or_default();
        Self { rack: text(RACK).to_owned(), ..Self::new(name, text(ZONE)) }
    }

    /// With so many cores, so much memory, and room for so many pods.
    #[must_use]
    pub fn size(self, cores: u32, memory_gib: u32, pods: u32) -> Self {
        Self { cores, memory_gib, pods, ..self }
    }

    /// With a label.
    #[must_use]
    pub fn label(mut self, name: &str, value: &str) -> Self {
        self.labels.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of its rack.
    pub fn rack(&self) -> &str {
        &self.rack
    }

    /// Joins a cluster.
    pub fn join(&self, registry: &Registry) -> Result<(), Status> {
        registry.put(kinds::NODE, "", self.object(registry.now())).map(drop)
    }

    /// As its kubelet registers it, ready.
    pub(super) fn object(&self, now: Timestamp) -> Value {
        let mut labels = json!({
            HOSTNAME: self.name, ZONE: self.zone, RACK: self.rack,
            "topology.kubernetes.io/region": "region-1",
            "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
        });
        for (name, value) in &self.labels {
            labels[name] = value.as_str().into();
        }
        let amounts = json!({
            "cpu": self.cores.to_string(), "memory": format!("{}Gi", self.memory_gib), "pods": self.pods.to_string(),
        });
        let condition = |kind: &str, status: &str, reason: &str, message: &str| {
            json!({
                "type": kind, "status": status, "reason": reason, "message": message,
                "lastHeartbeatTime": time(now), "lastTransitionTime": time(now),
            })
        };
        let enough = |kind, reason, message| condition(kind, "False", reason, message);
        json!({
            "metadata": {"name": self.name, "labels": labels},
            "spec": {"providerID": format!("sim://{}/{}", self.zone, self.name)},
            "status": {
                "capacity": amounts, "allocatable": amounts,
                "conditions": [
                    enough("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
                    enough("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
                    enough("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
                    condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
                ],
                "nodeInfo": {
                    "kubeletVersion": "v1.37.2", "containerRuntimeVersion": "containerd://2.2.0",
                    "operatingSystem": "linux", "architecture": "amd64", "bootID": "", "machineID": self.name,
                },
            },
        })
    }
}
