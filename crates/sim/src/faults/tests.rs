//! Each fault does what it says, and leaves nothing behind.

mod actors;
mod disturbances;

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::controllers::condition;
use crate::kinds;
use crate::run::plan::{Plan, Workload};
use crate::run::play;
use crate::storage::Address;

fn scene() -> Scene {
    let names = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
    Scene {
        nodes: names(&["n-0", "n-1", "n-2"]),
        zones: names(&["a", "b"]),
        racks: names(&["a-0", "b-0"]),
        workloads: names(&["Deployment/shop/web", "StatefulSet/shop/db"]),
    }
}

#[test]
fn every_fault_is_drawn_in_the_end_and_has_a_name_of_its_own() {
    let names: BTreeSet<&str> = TABLE.iter().map(|kind| kind.name).collect();
    assert_eq!(names.len(), TABLE.len());
    let drawn = draw(&scene(), 2000, Duration::from_hours(1), &Environment::real(1));
    for name in names {
        assert!(drawn.iter().any(|fault| fault.name == name), "{name}");
    }
}

#[test]
fn a_seed_draws_one_timetable() {
    let draw = |seed| draw(&scene(), 10, Duration::from_hours(1), &Environment::real(seed));
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
}

/// A cluster of six nodes in two zones, two in a rack, with three workloads and without services.
struct Bed {
    stage: Stage,
}

impl Bed {
    async fn new() -> Self {
        let workload = |kind: &str, name: &str, replicas| Workload {
            kind: kind.to_owned(),
            namespace: "shop".to_owned(),
            name: name.to_owned(),
            replicas,
            budget: Some(1),
        };
        let workloads = vec![
            workload("Deployment", "web", 4),
            workload("Deployment", "cart", 2),
            workload("StatefulSet", "db", 2),
        ];
        let plan = Plan { seed: 1, nodes: 6, zones: 2, workloads, faults: Vec::new(), ..Plan::default() };
        let bed = Self { stage: play::stage(&plan, &Environment::test(1)).unwrap() };
        bed.pass(60).await;
        bed
    }

    async fn pass(&self, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    fn begin(&self, name: &str, subject: &str) {
        (get(name).unwrap().begin)(&self.stage, subject);
    }

    fn end(&self, name: &str, subject: &str) {
        (get(name).unwrap().end)(&self.stage, subject);
    }

    fn node(&self, name: &str) -> Value {
        self.stage.node(name).unwrap()
    }

    fn condition(&self, node: &str, kind: &str) -> String {
        let status = &self.node(node)["status"];
        condition::find(status, kind)["status"].as_str().unwrap_or_default().to_owned()
    }

    /// The keys of a node's taints.
    fn taints(&self, node: &str) -> Vec<String> {
        let node = self.node(node);
        let taints = node["spec"]["taints"].as_array().into_iter().flatten();
        taints.map(|taint| taint["key"].as_str().unwrap_or_default().to_owned()).collect()
    }

    fn pods(&self, workload: &str) -> Vec<Value> {
        let pods = self.stage.pods_of(workload);
        pods.iter().filter_map(|address| Some(self.stage.registry().get(address).ok()?.value())).collect()
    }

    fn ready(&self, workload: &str) -> usize {
        let is_ready = |pod: &&Value| condition::find(&pod["status"], "Ready")["status"] == "True";
        self.pods(workload).iter().filter(is_ready).count()
    }

    fn is_there(&self, kind: kinds::Kind, namespace: &str, name: &str) -> bool {
        self.stage.registry().get(&Address::new(kind, namespace, name)).is_ok()
    }
}
