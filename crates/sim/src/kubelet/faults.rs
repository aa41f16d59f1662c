//! What can befall machines, registries and containers. Nothing of it goes through the API: the
//! cluster finds out as a real one would.

use std::sync::Arc;

use super::behaviour::{Behaviour, Ending};
use super::behaviours::Workload;
use super::container::{State, Surroundings};
use super::eviction;
use super::machine::{Machine, RUNTIME_SILENCE};
use super::timers::Task;
use super::{Fleet, Pressure};
use crate::controllers::Moment;
use crate::kinds;
use crate::registry::Deletion;
use crate::storage::Address;

impl Fleet {
    /// The kubelet of a node stops: containers run on, and nobody looks after them.
    pub fn freeze(&mut self, node: &str) {
        if let Some(machine) = self.machines.get_mut(node) {
            machine.is_frozen = true;
        }
    }

    /// The kubelet goes on.
    pub fn thaw(&mut self, node: &str, moment: Moment<'_>) {
        if let Some(machine) = self.machines.get_mut(node) {
            machine.is_frozen = false;
        }
        self.come_back(node, moment);
    }

    /// A node can no longer reach the API server; its containers are looked after.
    pub fn cut_off(&mut self, node: &str) {
        if let Some(machine) = self.machines.get_mut(node) {
            machine.is_cut_off = true;
        }
    }

    /// A node can reach the API server again.
    pub fn reconnect(&mut self, node: &str, moment: Moment<'_>) {
        if let Some(machine) = self.machines.get_mut(node) {
            machine.is_cut_off = false;
        }
        self.come_back(node, moment);
    }

    /// The container runtime of a node stops answering: nothing is started or ended there, and
    /// after half a minute its kubelet says that the node is not ready.
    pub fn stop_runtime(&mut self, node: &str, moment: Moment<'_>) {
        if let Some(machine) = self.machines.get_mut(node) {
            machine.runtime_down.get_or_insert(moment.at);
            self.timers.set(Task::Report(node.into()), moment.at + RUNTIME_SILENCE);
        }
    }

    /// The container runtime answers again.
    pub fn start_runtime(&mut self, node: &str, moment: Moment<'_>) {
        if let Some(machine) = self.machines.get_mut(node) {
            machine.runtime_down = None;
        }
        self.come_back(node, moment);
    }

    /// Volumes cannot be attached to a node any more, or can again.
    pub fn set_storage(&mut self, node: &str, is_up: bool, moment: Moment<'_>) {
        if let Some(machine) = self.machines.get_mut(node) {
            machine.is_storage_up = is_up;
        }
        if is_up {
            self.come_back(node, moment);
        }
    }

    /// A node is short of something, and stays so; its kubelet evicts that many pods because of it,
    /// one at a time.
    pub fn set_pressure(&mut self, node: &str, pressure: Pressure, victims: u32, moment: Moment<'_>) {
        if let Some(machine) = self.machines.get_mut(node) {
            machine.pressures.insert(pressure, victims);
            self.timers.set(Task::Report(node.into()), moment.at);
            self.timers.set(Task::Evict(node.into()), moment.at + eviction::PERIOD);
        }
    }

    /// A node has enough again.
    pub fn lift_pressure(&mut self, node: &str, pressure: Pressure, moment: Moment<'_>) {
        if let Some(machine) = self.machines.get_mut(node) {
            machine.pressures.remove(&pressure);
            self.timers.set(Task::Report(node.into()), moment.at);
        }
    }

    /// A machine loses its power, and its containers with it.
    pub fn power_off(&mut self, node: &str) {
        if let Some(machine) = self.machines.get_mut(node) {
            machine.is_powered = false;
        }
    }

    /// A machine boots: its kubelet registers it again where that is needed, and starts its pods'
    /// containers anew.
    pub fn power_on(&mut self, node: &str, moment: Moment<'_>) {
        let Some(machine) = self.machines.get_mut(node).filter(|machine| !machine.is_powered) else { return };
        machine.is_powered = true;
        machine.is_frozen = false;
        machine.runtime_down = None;
        machine.boots += 1;
        if !moment.view.nodes.contains_key(node) {
            let registration = machine.registration.value();
            // Somebody else may have created it meanwhile.
            let _ = moment.registry.put(kinds::NODE, "", registration);
        }
        for uid in machine.pods.clone() {
            self.lose_containers(&uid, moment);
        }
        self.come_back(node, moment);
    }

    /// A machine is taken away, and its Node with it, as a cloud provider does.
    pub fn remove_node(&mut self, node: &str, moment: Moment<'_>) {
        let Some(machine) = self.machines.remove(node) else { return };
        for uid in machine.pods {
            self.pods.remove(&uid);
            self.timers.cancel(&Task::Pod(uid));
        }
        for task in [Task::Renew(node.into()), Task::Report(node.into()), Task::Evict(node.into())] {
            self.timers.cancel(&task);
        }
        // It may have been deleted before.
        let _ = moment.registry.delete(&Address::new(kinds::NODE, "", node), &Deletion::default());
    }

    /// An image registry stops answering, or answers again.
    pub fn set_registry(&mut self, host: &str, is_up: bool) {
        self.images.set_registry(host, is_up);
    }

    /// An image is no longer in its registry, or is there again.
    pub fn set_image(&mut self, image: &str, is_there: bool) {
        self.images.set_image(image, is_there);
    }

    /// A pod behaves otherwise from now on, as long as it lives.
    pub fn disturb_pod(&mut self, uid: &str, behaviour: Behaviour, moment: Moment<'_>) {
        let behaviour = Arc::new(behaviour);
        self.behaviours.set_pod(uid, Arc::clone(&behaviour));
        self.change_behaviour(uid, behaviour, moment);
    }

    /// All pods of a workload behave otherwise from now on, those to come included; `None` ends it.
    pub fn disturb_workload(
        &mut self,
        workload: &Workload,
        behaviour: Option<Behaviour>,
        moment: Moment<'_>,
    ) {
        self.behaviours.set_workload(workload, behaviour.map(Arc::new));
        let pods = moment.view.pods.in_namespace(&workload.namespace);
        for pod in pods.filter(|pod| Workload::of(pod).as_ref() == Some(workload)) {
            let behaviour = self.behaviours.of(pod);
            self.change_behaviour(&pod.object.uid, behaviour, moment);
        }
    }

    fn come_back(&mut self, node: &str, moment: Moment<'_>) {
        if !self.machines.get(node).is_some_and(Machine::speaks) {
            return;
        }
        // As a process that goes on where it was: its timers are overdue.
        let soon = moment.at + std::time::Duration::from_millis(100);
        self.timers.set(Task::Renew(node.into()), soon);
        self.timers.set(Task::Report(node.into()), soon);
        self.resync(node, moment);
    }

    fn lose_containers(&mut self, uid: &str, moment: Moment<'_>) {
        let Some(local) = self.pods.get_mut(uid) else { return };
        let restarts = local.restarts();
        let spec = Arc::clone(&local.spec);
        let healthy = &self.behaviours.healthy;
        for (number, container) in spec.containers.iter().enumerate() {
            let behaviour = local.behaviour_of(number, healthy);
            let around = Surroundings {
                at: moment.at,
                now: moment.registry.now(),
                container,
                behaviour: &behaviour,
                restarts,
                pull: std::time::Duration::ZERO,
                image: Ok(()),
                lacks_names: self.lacks_names,
            };
            if matches!(local.runs[number].state, State::Running(_)) {
                local.runs[number].end(Ending::Lost, &around);
            }
        }
    }
}
