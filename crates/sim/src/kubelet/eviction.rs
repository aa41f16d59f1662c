//! Eviction by the kubelet: a node that is short of something ends pods until it is not.

use std::sync::Arc;
use std::time::Duration;

use super::events;
use super::local::Verdict;
use super::timers::Task;
use super::{Fleet, Pressure};
use crate::controllers::Moment;
use crate::controllers::condition::{self, Condition};
use crate::registry::Part;
use crate::view::Pod;

/// How often a kubelet looks whether it is short of something.
pub(super) const PERIOD: Duration = Duration::from_secs(10);
/// Pods of this priority and above are not evicted: `system-cluster-critical`.
const CRITICAL: i64 = 2_000_000_000;

impl Fleet {
    /// Ends one pod of a node that is short of something.
    pub(super) fn evict(&mut self, node: &str, moment: Moment<'_>) {
        let Some(machine) = self.machines.get_mut(node) else { return };
        let short = machine.pressures.iter_mut().find(|(_, victims)| **victims > 0);
        let Some((pressure, victims)) = short else { return };
        let pressure = *pressure;
        self.timers.set(Task::Evict(node.into()), moment.at + PERIOD);
        if !machine.is_powered || machine.is_frozen || machine.is_cut_off {
            return;
        }
        let Some(victim) = victim(moment, node) else { return };
        *victims -= 1;
        let Some(local) = self.pods.get_mut(&victim.object.uid) else { return };
        let message = format!("The node was low on resource: {}. ", pressure.resource());
        local.verdict = Some(Box::new(Verdict { reason: "Evicted", message: message.clone() }));
        events::say(local, "Evicted", &message, moment);
        let now = moment.registry.now();
        // The pod may be gone: then there is nobody to tell.
        let _ = moment.registry.modify(&victim.address, Part::Status, |value| {
            let (kind, reason) = ("DisruptionTarget", "TerminationByKubelet");
            condition::set(
                &mut value["status"],
                Condition { kind, status: "True", reason, message: &message },
                now,
            );
            Ok(())
        });
        self.look(&victim.object.uid, moment);
    }
}

/// Who goes first: the least important, and of those who asked for least.
fn victim<'a>(moment: Moment<'a>, node: &str) -> Option<&'a Arc<Pod>> {
    let pods = moment.view.pods.on_node(node);
    let evictable = pods.filter(|pod| pod.is_active() && pod.spec.priority < CRITICAL);
    evictable
        .min_by_key(|pod| (pod.spec.priority, pod.spec.requests().memory_bytes, pod.address.name.clone()))
}

impl Pressure {
    /// The condition of the node.
    pub(super) fn condition(self) -> &'static str {
        match self {
            Self::Memory => "MemoryPressure",
            Self::Disk => "DiskPressure",
            Self::Pid => "PIDPressure",
        }
    }

    fn resource(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Disk => "ephemeral-storage",
            Self::Pid => "pids",
        }
    }

    /// Reason and message of the condition.
    pub(super) fn words(self, is_so: bool) -> (&'static str, &'static str) {
        match (self, is_so) {
            (Self::Memory, true) => {
                ("KubeletHasInsufficientMemory", "kubelet has insufficient memory available")
            }
            (Self::Memory, false) => {
                ("KubeletHasSufficientMemory", "kubelet has sufficient memory available")
            }
            (Self::Disk, true) => ("KubeletHasDiskPressure", "kubelet has disk pressure"),
            (Self::Disk, false) => ("KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
            (Self::Pid, true) => ("KubeletHasInsufficientPID", "kubelet has insufficient PID available"),
            (Self::Pid, false) => ("KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        }
    }
}
