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

/// One plan in so many plays its calm to the end although everything is at rest: what would begin
/// again by itself after that is rare, and would be the same in many runs.
const PLAYS_ON: u32 = 8;

/// The plan of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The seed. It also decides what is not planned: latencies, jitter, names.
    pub seed: u64,
    /// How many nodes there are.
    pub nodes: usize,
    /// Over how many zones they are spread.
    pub zones: usize,
    /// What runs there.
    pub workloads: Vec<Workload>,
    /// How many settled pods there are besides, of Deployments that nothing befalls by itself: for
    /// clusters too large to grow. None in a plan that is drawn.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub crowd: usize,
    /// The faults, by their beginnings.
    pub faults: Vec<Fault>,
    /// How long there may be faults, in seconds.
    pub storm_s: u64,
    /// How long there are none afterwards, in seconds.
    pub calm_s: u64,
    /// Whether the calm may end earlier, when everything has come to rest.
    #[serde(default)]
    pub ends_at_rest: bool,
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
        let (faults, crowd) = (Vec::new(), 0);
        let ends_at_rest = !rng.random_ratio(1, PLAYS_ON);
        let mut plan =
            Self { seed, nodes, zones, workloads, crowd, faults, storm_s, calm_s: 3600, ends_at_rest };
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

    /// How long after the storm services may not know what its faults have kept from them.
    pub fn lingers(&self) -> Duration {
        self.faults.iter().map(|fault| faults::lingers(&fault.name)).max().unwrap_or_default()
    }

    /// The nodes that the services run on.
    pub fn places(&self) -> BTreeMap<String, String> {
        let names = self.node_names();
        let placed = SERVICES.iter().enumerate();
        placed.map(|(index, service)| ((*service).to_owned(), names[index % names.len()].clone())).collect()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &usize) -> bool {
    *number == 0
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
