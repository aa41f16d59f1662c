//! What pods use, as metrics-server would measure it.

use super::behaviour::Ending;
use super::container::{Run, State};
use super::{Fleet, Local};
use crate::view::Resources;
use crate::view::container::Container;

/// Of what they ask for, containers use so much, in percent.
const CPU_PERCENT: u64 = 40;
const MEMORY_PERCENT: u64 = 60;
/// What a container that asks for nothing uses, and what a node uses besides its pods.
const LITTLE: Resources = Resources { cpu_milli: 5, memory_bytes: 16 << 20, pods: 0 };
const SYSTEM: Resources = Resources { cpu_milli: 150, memory_bytes: 600 << 20, pods: 0 };

impl Fleet {
    /// What the containers of a pod use, by its UID; `None` where nobody can be asked.
    pub fn usage_of_pod(&self, uid: &str, at: std::time::Duration) -> Option<Vec<(String, Resources)>> {
        let local = self.pods.get(uid)?;
        if !self.machines.get(&local.node)?.speaks() {
            return None;
        }
        Some(containers(local, at).map(|(container, used)| (container.name.to_string(), used)).collect())
    }

    /// What a node uses; `None` where it cannot be asked.
    pub fn usage_of_node(&self, node: &str, at: std::time::Duration) -> Option<Resources> {
        let machine = self.machines.get(node).filter(|own| own.speaks())?;
        let pods = machine.pods.iter().filter_map(|uid| self.pods.get(uid));
        let used = pods.flat_map(|local| containers(local, at).map(|(_, used)| used));
        Some(used.fold(SYSTEM, Resources::plus))
    }
}

fn containers(local: &Local, at: std::time::Duration) -> impl Iterator<Item = (&Container, Resources)> {
    let running = local.spec.containers.iter().zip(&local.runs);
    running.filter_map(move |(container, run)| Some((container, used(container, run, at)?)))
}

/// Nothing of a container that does not run. One that will be killed for its memory needs more and
/// more of it, and twice what it asks for in the end.
fn used(container: &Container, run: &Run, at: std::time::Duration) -> Option<Resources> {
    let State::Running(life) = &run.state else { return None };
    let asked = container.requests;
    let mut memory = asked.memory_bytes * MEMORY_PERCENT / 100;
    if let Some((progress, Ending::OutOfMemory)) = life.progress(at) {
        memory += (asked.memory_bytes * 2 - memory) * progress / 100;
    }
    Some(Resources {
        cpu_milli: (asked.cpu_milli * CPU_PERCENT / 100).max(LITTLE.cpu_milli),
        memory_bytes: memory.max(LITTLE.memory_bytes),
        pods: 0,
    })
}
