//! A small cluster to test on.

use std::time::Duration;

use environment::Environment;
use serde_json::Value;

use crate::blueprint::{Blueprint, Workload};
use crate::controllers::condition;
use crate::kinds::{self, Kind};
use crate::machinery::{Machinery, Settings};
use crate::registry::{Deletion, Part, Registry};
use crate::storage::Address;

/// A cluster that runs.
pub(super) struct Bed {
    pub(super) registry: Registry,
    pub(super) machinery: Machinery,
}

impl Bed {
    /// Builds a plan and sets it going.
    pub(super) fn new(plan: &Blueprint) -> Self {
        Self::seeded(plan, 1)
    }

    /// The same with another seed.
    pub(super) fn seeded(plan: &Blueprint, seed: u64) -> Self {
        let environment = Environment::test(seed);
        let registry = Registry::new(&environment);
        plan.build(&registry).unwrap();
        let machinery = Machinery::start(&registry, &environment, Settings::default());
        Self { registry, machinery }
    }

    /// Three nodes in three zones, and these workloads.
    pub(super) fn with(workloads: &[Workload]) -> Self {
        Self::new(&workloads.iter().fold(Blueprint::new().nodes(3, 3), Blueprint::workload))
    }

    /// Lets virtual time pass.
    pub(super) async fn pass(&self, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    pub(super) fn get(&self, kind: Kind, namespace: &str, name: &str) -> Value {
        self.registry.get(&Address::new(kind, namespace, name)).unwrap().value()
    }

    pub(super) fn is_there(&self, kind: Kind, namespace: &str, name: &str) -> bool {
        self.registry.get(&Address::new(kind, namespace, name)).is_ok()
    }

    pub(super) fn all(&self, kind: Kind, namespace: &str) -> Vec<Value> {
        let (all, _) = self.registry.storage().list(kind, Some(namespace));
        all.iter().map(|(_, object)| object.value()).collect()
    }

    /// The pods of the namespace `shop`, by name.
    pub(super) fn pods(&self) -> Vec<Value> {
        self.all(kinds::POD, "shop")
    }

    pub(super) fn ready(&self) -> usize {
        self.pods().iter().filter(|pod| is_ready(pod)).count()
    }

    pub(super) fn node(&self, name: &str) -> Value {
        self.get(kinds::NODE, "", name)
    }

    pub(super) fn condition(&self, kind: Kind, name: &str, condition: &str) -> (String, String) {
        let object = self.get(kind, "shop", name);
        let found = condition::find(&object["status"], condition);
        (text(&found["status"]), text(&found["reason"]))
    }

    pub(super) fn change(&self, kind: Kind, namespace: &str, name: &str, change: impl FnOnce(&mut Value)) {
        let changed = self.registry.modify(&Address::new(kind, namespace, name), Part::Main, |value| {
            change(value);
            Ok(())
        });
        changed.unwrap();
    }

    pub(super) fn delete(&self, kind: Kind, namespace: &str, name: &str, deletion: &Deletion) {
        self.registry.delete(&Address::new(kind, namespace, name), deletion).unwrap();
    }
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

pub(super) fn name(value: &Value) -> String {
    text(&value["metadata"]["name"])
}

pub(super) fn uid(value: &Value) -> String {
    text(&value["metadata"]["uid"])
}

pub(super) fn is_ready(pod: &Value) -> bool {
    condition::find(&pod["status"], "Ready")["status"] == "True"
}

/// The state of a pod's first container: what it is, and the reason.
pub(super) fn state(pod: &Value) -> (String, String) {
    let state = &pod["status"]["containerStatuses"][0]["state"];
    let (kind, details) = state.as_object().and_then(|own| own.iter().next()).expect("a state");
    (kind.clone(), text(&details["reason"]))
}
