//! Everything that a run is made of, drawn from its seed. What is drawn can be made smaller: that
//! is how a failing run is shrunk.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use environment::Environment;
use rand::RngExt;
use rand_chacha::ChaCha12Rng;
use serde::{Deserialize, Serialize};

use super::staff::SERVICES;
use crate::blueprint::Machine;
use crate::faults::{self, Fault, Scene};

/// The zones that nodes are spread over.
const ZONES: [&str; 3] = ["zone-a", "zone-b", "zone-c"];

/// The plan of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The seed. It also decides what is not planned: latencies, jitter, names.
    pub seed: u64,
    /// How many nodes there are.
    pub nodes: usize,
    /// Over how many zones they are spread.
    pub zones: usize,
    /// What runs there.
    pub workloads: Vec<Workload>,
    /// The faults, by their beginnings.
    pub faults: Vec<Fault>,
    /// How long there may be faults, in seconds.
    pub storm_s: u64,
    /// How long there are none afterwards, in seconds.
    pub calm_s: u64,
}

/// A workload of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workload {
    /// `Deployment`, `StatefulSet` or `DaemonSet`.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// How many pods it wants.
    pub replicas: usize,
    /// How many of them a disruption budget lets be away; none without a budget.
    pub budget: Option<usize>,
}

impl Workload {
    /// `kind/namespace/name`.
    pub fn path(&self) -> String {
        format!("{}/{}/{}", self.kind, self.namespace, self.name)
    }
}

impl Plan {
    /// The plan of a seed.
    pub fn draw(seed: u64) -> Self {
        let environment = Environment::real(seed);
        let mut rng = environment.rng("plan");
        let nodes = rng.random_range(3..=12);
        let zones = rng.random_range(1..=ZONES.len());
        let workloads = workloads(&mut rng);
        let storm_s = rng.random_range(600..=2400);
        let count = rng.random_range(1..=8);
        let mut plan = Self { seed, nodes, zones, workloads, faults: Vec::new(), storm_s, calm_s: 3600 };
        plan.faults = faults::draw(&plan.scene(), count, Duration::from_secs(storm_s), &environment);
        plan
    }

    /// The nodes' names.
    pub fn node_names(&self) -> Vec<String> {
        (0..self.nodes).map(|number| format!("n-{number}")).collect()
    }

    /// What faults can befall.
    pub fn scene(&self) -> Scene {
        Scene {
            nodes: self.node_names(),
            zones: ZONES[..self.zones.clamp(1, ZONES.len())].iter().map(ToString::to_string).collect(),
            racks: self.racks(),
            workloads: self.workloads.iter().map(Workload::path).collect(),
        }
    }

    /// The racks' names.
    fn racks(&self) -> Vec<String> {
        let machines = (0..self.nodes).map(|number| Machine::numbered(number, self.zones));
        let racks: BTreeSet<String> = machines.map(|machine| machine.rack().to_owned()).collect();
        racks.into_iter().collect()
    }

    /// The nodes that the services run on.
    pub fn places(&self) -> BTreeMap<String, String> {
        let names = self.node_names();
        let placed = SERVICES.iter().enumerate();
        placed.map(|(index, service)| ((*service).to_owned(), names[index % names.len()].clone())).collect()
    }
}

fn workloads(rng: &mut ChaCha12Rng) -> Vec<Workload> {
    let names = ["web", "cart", "search", "ledger", "mail"];
    let mut all: Vec<Workload> = (0..rng.random_range(1..=names.len()))
        .map(|index| {
            let replicas = rng.random_range(1..=8);
            let kind = if rng.random_bool(0.25) { "StatefulSet" } else { "Deployment" };
            let namespace = if rng.random_bool(0.6) { "shop" } else { "bank" };
            let budget = rng.random_bool(0.4).then(|| rng.random_range(0..=2));
            Workload {
                kind: kind.to_owned(),
                namespace: namespace.to_owned(),
                name: names[index].to_owned(),
                replicas,
                budget,
            }
        })
        .collect();
    if rng.random_bool(0.4) {
        let (kind, namespace, name) = ("DaemonSet".to_owned(), "shop".to_owned(), "agent".to_owned());
        all.push(Workload { kind, namespace, name, replicas: 0, budget: None });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_has_one_plan_and_a_plan_can_be_written_down() {
        let plan = Plan::draw(7);
        assert_eq!(plan, Plan::draw(7));
        assert_ne!(plan, Plan::draw(8));
        let text = serde_json::to_string(&plan).unwrap();
        assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
    }
}
