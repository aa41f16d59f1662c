//! The handle to machines, registries and containers: physical faults come through here.

use super::Machinery;
use crate::kubelet::behaviour::Behaviour;
use crate::kubelet::{Pressure, Workload};

/// What can befall machines, registries and containers. Nodes and registries that there are not are
/// left alone.
#[derive(Clone)]
pub struct Kubelets {
    machinery: Machinery,
}

impl Kubelets {
    pub(super) fn new(machinery: Machinery) -> Self {
        Self { machinery }
    }

    /// The kubelet of a node stops: containers run on, and nobody looks after them.
    pub fn freeze(&self, node: &str) {
        self.machinery.with_fleet(|fleet, _| fleet.freeze(node));
    }

    /// The kubelet goes on.
    pub fn thaw(&self, node: &str) {
        self.machinery.with_fleet(|fleet, moment| fleet.thaw(node, moment));
    }

    /// A node can no longer reach the API server; its containers are looked after.
    pub fn cut_off(&self, node: &str) {
        self.machinery.with_fleet(|fleet, _| fleet.cut_off(node));
    }

    /// A node can reach the API server again.
    pub fn reconnect(&self, node: &str) {
        self.machinery.with_fleet(|fleet, moment| fleet.reconnect(node, moment));
    }

    /// The container runtime of a node stops answering.
    pub fn stop_runtime(&self, node: &str) {
        self.machinery.with_fleet(|fleet, moment| fleet.stop_runtime(node, moment));
    }

    /// The container runtime answers again.
    pub fn start_runtime(&self, node: &str) {
        self.machinery.with_fleet(|fleet, moment| fleet.start_runtime(node, moment));
    }

    /// Volumes cannot be attached to a node any more, or can again. Those that are, stay.
    pub fn set_storage(&self, node: &str, is_up: bool) {
        self.machinery.with_fleet(|fleet, moment| fleet.set_storage(node, is_up, moment));
    }

    /// A node is short of something; its kubelet evicts that many pods because of it.
    pub fn set_pressure(&self, node: &str, pressure: Pressure, victims: u32) {
        self.machinery.with_fleet(|fleet, moment| fleet.set_pressure(node, pressure, victims, moment));
    }

    /// A node has enough again.
    pub fn lift_pressure(&self, node: &str, pressure: Pressure) {
        self.machinery.with_fleet(|fleet, moment| fleet.lift_pressure(node, pressure, moment));
    }

    /// A machine loses its power.
    pub fn power_off(&self, node: &str) {
        self.machinery.with_fleet(|fleet, _| fleet.power_off(node));
    }

    /// A machine boots.
    pub fn power_on(&self, node: &str) {
        self.machinery.with_fleet(|fleet, moment| fleet.power_on(node, moment));
    }

    /// A machine is taken away, and its Node with it.
    pub fn remove_node(&self, node: &str) {
        self.machinery.with_fleet(|fleet, moment| fleet.remove_node(node, moment));
    }

    /// An image registry, by its host, stops answering.
    pub fn registry_down(&self, host: &str) {
        self.machinery.with_fleet(|fleet, _| fleet.set_registry(host, false));
    }

    /// An image registry answers again. Pulls that failed are tried again when their time comes.
    pub fn registry_up(&self, host: &str) {
        self.machinery.with_fleet(|fleet, _| fleet.set_registry(host, true));
    }

    /// An image is no longer in its registry.
    pub fn image_gone(&self, image: &str) {
        self.machinery.with_fleet(|fleet, _| fleet.set_image(image, false));
    }

    /// An image is in its registry again.
    pub fn image_back(&self, image: &str) {
        self.machinery.with_fleet(|fleet, _| fleet.set_image(image, true));
    }

    /// A pod, by its UID, behaves otherwise from now on, as long as it lives.
    pub fn disturb_pod(&self, uid: &str, behaviour: Behaviour) {
        self.machinery.with_fleet(|fleet, moment| fleet.disturb_pod(uid, behaviour, moment));
    }

    /// All pods of a workload behave otherwise from now on, those to come included.
    pub fn disturb(&self, workload: &Workload, behaviour: Behaviour) {
        self.machinery.with_fleet(|fleet, moment| fleet.disturb_workload(workload, Some(behaviour), moment));
    }

    /// The pods of a workload behave again as their template says.
    pub fn calm(&self, workload: &Workload) {
        self.machinery.with_fleet(|fleet, moment| fleet.disturb_workload(workload, None, moment));
    }
}
