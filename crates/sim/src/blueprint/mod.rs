//! Plans of clusters: nodes and workloads, before anything of them is there.

mod bulk;
mod machine;
mod shop;
mod workload;

use serde_json::{Value, json};

use crate::kinds::{self, Kind};
use crate::registry::{Registry, Status};

pub use machine::{Machine, RACK};
pub use shop::shop;
pub use workload::{Workload, WorkloadKind, budget, service};

/// Namespaces that every cluster has.
const NAMESPACES: &[&str] = &["default", "kube-node-lease", "kube-public", "kube-system"];

/// A plan of a cluster.
#[derive(Clone, Debug, Default)]
pub struct Blueprint {
    namespaces: Vec<String>,
    machines: Vec<Machine>,
    /// How many settled pods.
    crowd: usize,
    objects: Vec<(Kind, String, Value)>,
}

impl Blueprint {
    /// A cluster without nodes.
    pub fn new() -> Self {
        Self { namespaces: NAMESPACES.iter().map(ToString::to_string).collect(), ..Self::default() }
    }

    /// So many nodes more, `n-0` and so on, dealt to so many zones, `zone-a` and so on.
    #[must_use]
    pub fn nodes(mut self, count: usize, zones: usize) -> Self {
        for _ in 0..count {
            let number = self.machines.len();
            self.machines.push(Machine::numbered(number, zones));
        }
        self
    }

    /// A node more.
    #[must_use]
    pub fn machine(mut self, machine: Machine) -> Self {
        self.machines.push(machine);
        self
    }

    /// So many settled pods, spread over its nodes: for what is too large to grow.
    #[must_use]
    pub fn crowd(self, pods: usize) -> Self {
        Self { crowd: pods, ..self }
    }

    /// A namespace more.
    #[must_use]
    pub fn namespace(mut self, name: &str) -> Self {
        if !self.namespaces.iter().any(|own| own == name) {
            self.namespaces.push(name.to_owned());
        }
        self
    }

    /// A workload more, and its namespace.
    #[must_use]
    pub fn workload(self, workload: &Workload) -> Self {
        self.object(workload.kind(), workload.namespace(), workload.object())
    }

    /// Any object more, and its namespace.
    #[must_use]
    pub fn object(self, kind: Kind, namespace: &str, value: Value) -> Self {
        let mut plan = if kind.is_namespaced { self.namespace(namespace) } else { self };
        plan.objects.push((kind, namespace.to_owned(), value));
        plan
    }

    /// The names of its nodes.
    pub fn node_names(&self) -> Vec<String> {
        self.machines.iter().map(|machine| machine.name().to_owned()).collect()
    }

    /// Builds it: stores everything that is planned. The machinery does the rest.
    pub fn build(&self, registry: &Registry) -> Result<(), Status> {
        for name in &self.namespaces {
            registry.put(kinds::NAMESPACE, "", json!({"metadata": {"name": name}}))?;
        }
        for machine in &self.machines {
            machine.join(registry)?;
        }
        bulk::settle(registry, self.machines.len(), self.crowd)?;
        for (kind, namespace, value) in &self.objects {
            registry.create(*kind, namespace, value.clone())?;
        }
        Ok(())
    }
}
