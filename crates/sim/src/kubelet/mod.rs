//! The kubelets of all nodes: one driver, which does what each of them would do when it would.
//!
//! What a container does is said by its pod ([`behaviour`]); what befalls machines and registries
//! is done to them from outside (the methods of [`Fleet`] in `faults.rs`).

pub mod behaviour;
mod behaviours;
mod container;
mod events;
mod eviction;
mod faults;
mod heartbeat;
mod images;
mod local;
mod logs;
mod machine;
mod names;
mod pods;
mod resize;
mod settings;
mod status;
mod timers;
mod usage;

use std::collections::BTreeMap;
use std::time::Duration;

use compact_str::CompactString;
use environment::Environment;
use rand_chacha::ChaCha12Rng;

use crate::controllers::Moment;
use crate::view::{Event, View};
use behaviours::Behaviours;
use images::Images;
use local::Local;
use machine::Machine;
use timers::{Task, Timers};

pub use behaviours::Workload;
pub use heartbeat::LEASES;
pub use settings::Settings;

/// What a node can be short of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pressure {
    /// Memory.
    Memory,
    /// Disk.
    Disk,
    /// Process numbers.
    Pid,
}

/// All machines, and the pods on them.
pub struct Fleet {
    settings: Settings,
    environment: Environment,
    machines: BTreeMap<CompactString, Machine>,
    pods: BTreeMap<CompactString, Local>,
    timers: Timers,
    images: Images,
    behaviours: Behaviours,
    /// Whether names are not resolved.
    lacks_names: bool,
    rng: ChaCha12Rng,
    /// How many machines there ever were.
    count: u32,
}

impl Fleet {
    /// No machines yet: they come with their Nodes.
    pub fn new(settings: Settings, environment: &Environment) -> Self {
        Self {
            settings,
            environment: environment.clone(),
            machines: BTreeMap::new(),
            pods: BTreeMap::new(),
            timers: Timers::default(),
            images: Images::default(),
            behaviours: Behaviours::default(),
            lacks_names: false,
            rng: environment.rng("kubelets"),
            count: 0,
        }
    }

    /// Takes note of what happened.
    pub fn notice(&mut self, event: &Event, view: &View, at: Duration) {
        match event {
            Event::Pod { before, after } => self.notice_pod(before.as_ref(), after.as_ref(), at),
            Event::Node { before: None, after: Some(node) } if !self.machines.contains_key(&node.name) => {
                self.machines.insert(node.name.clone(), Machine::new(&node.name, &node.object, self.count));
                self.count += 1;
                let (lease, report) = (self.settings.lease_period, self.settings.report_period);
                let (renew, report) = (self.up_to(lease), self.up_to(report));
                self.timers.set(Task::Renew(node.name.clone()), at + renew);
                self.timers.set(Task::Report(node.name.clone()), at + report);
                for pod in view.pods.on_node(&node.name) {
                    self.take_over(pod, at);
                }
            }
            Event::Node { .. } | Event::Other(_) => {}
        }
        if names::concerns(event) {
            self.set_names(!names::are_resolved(view), at);
        }
    }

    /// When there is something to do next.
    pub fn next(&self) -> Option<Duration> {
        self.timers.next()
    }

    /// Does one thing that is due. Whether there was one.
    pub fn work(&mut self, moment: Moment<'_>) -> bool {
        match self.timers.pop(moment.at) {
            Some(Task::Renew(node)) => self.renew(&node, moment),
            Some(Task::Report(node)) => self.report(&node, moment),
            Some(Task::Evict(node)) => self.evict(&node, moment),
            Some(Task::Pod(uid)) => self.look(&uid, moment),
            None => return false,
        }
        true
    }
}
