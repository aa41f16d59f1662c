//! Signs of life of a node: its lease, and its status.

use std::time::Duration;

use jiff::Timestamp;
use rand::Rng;
use serde_json::{Value, json};

use super::machine::{Machine, RUNTIME_SILENCE};
use super::timers::Task;
use super::{Fleet, Pressure};
use crate::controllers::Moment;
use crate::controllers::condition::{self, Condition};
use crate::kinds;
use crate::registry::{Part, Registry, time};
use crate::storage::Address;

/// Where node leases are.
pub const LEASES: &str = "kube-node-lease";
/// How late a renewal may be by chance: 4% of the period, as the real kubelet jitters it.
const JITTER: u32 = 25;

impl Fleet {
    /// Renews a node's lease, and sets the time of the next.
    pub(super) fn renew(&mut self, node: &str, moment: Moment<'_>) {
        let period = self.settings.lease_period;
        let jitter = self.up_to(period / JITTER);
        let Some(machine) = self.machines.get(node) else { return };
        self.timers.set(Task::Renew(machine.name.clone()), moment.at + period + jitter);
        let Some(known) = moment.view.nodes.get(node).filter(|_| machine.speaks()) else { return };
        let now = self.environment.now();
        write_lease(moment.registry, machine, &known.object.uid, self.settings.lease_seconds, now);
    }

    /// Writes a node's status, and sets the time of the next.
    pub(super) fn report(&mut self, node: &str, moment: Moment<'_>) {
        let period = self.settings.report_period;
        let jitter = self.up_to(period / JITTER);
        let Some(machine) = self.machines.get(node) else { return };
        self.timers.set(Task::Report(machine.name.clone()), moment.at + period + jitter);
        if !machine.speaks() || !moment.view.nodes.contains_key(node) {
            return;
        }
        let now = moment.registry.now();
        let address = Address::new(kinds::NODE, "", node);
        // A node that was deleted stays deleted until its kubelet starts anew.
        let _ = moment.registry.modify(&address, Part::Status, |value| {
            write_status(&mut value["status"], machine, moment.at, now);
            Ok(())
        });
    }

    /// A time between zero and `most`, by chance.
    pub(super) fn up_to(&mut self, most: Duration) -> Duration {
        let most = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.rng.next_u64() % (most + 1))
    }
}

fn write_lease(registry: &Registry, machine: &Machine, uid: &str, seconds: u64, now: Timestamp) {
    let renewed = now.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string();
    let address = Address::new(kinds::LEASE, LEASES, &machine.name);
    if !registry.renew(&address, "renewTime", &renewed) {
        let owner = json!({"apiVersion": "v1", "kind": "Node", "name": machine.name, "uid": uid});
        let lease = json!({
            "metadata": {"name": machine.name, "ownerReferences": [owner]},
            "spec": {"holderIdentity": machine.name, "leaseDurationSeconds": seconds, "renewTime": renewed},
        });
        // Without the namespace there are no leases: the next renewal tries again.
        let _ = registry.create(kinds::LEASE, LEASES, lease);
    }
}

fn write_status(status: &mut Value, machine: &Machine, at: Duration, now: Timestamp) {
    for pressure in [Pressure::Memory, Pressure::Disk, Pressure::Pid] {
        let is_so = machine.pressures.contains_key(&pressure);
        let (reason, message) = pressure.words(is_so);
        let to = if is_so { "True" } else { "False" };
        say(status, Condition { kind: pressure.condition(), status: to, reason, message }, now);
    }
    let is_down = machine.runtime_down.is_some_and(|since| at >= since + RUNTIME_SILENCE);
    let (to, reason, message) = if is_down {
        ("False", "KubeletNotReady", "container runtime is down")
    } else {
        ("True", "KubeletReady", "kubelet is posting ready status")
    };
    say(status, Condition { kind: "Ready", status: to, reason, message }, now);
    status["nodeInfo"]["bootID"] = machine.boot_id().into();
}

fn say(status: &mut Value, said: Condition<'_>, now: Timestamp) {
    condition::set(status, said, now);
    let mut one = condition::find(status, said.kind).clone();
    one["lastHeartbeatTime"] = time(now).into();
    condition::put(status, said.kind, one);
}
