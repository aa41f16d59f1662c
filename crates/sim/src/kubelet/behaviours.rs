//! Who behaves how: what templates say, and what was said later of a pod or a workload.

use std::collections::BTreeMap;
use std::sync::Arc;

use compact_str::CompactString;

use super::behaviour::Behaviour;
use crate::view::Pod;

/// A workload whose pods are meant: the present ones, and those that replace them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Workload {
    /// Its namespace.
    pub namespace: CompactString,
    /// `Deployment`, `StatefulSet`, `DaemonSet`, `Job`.
    pub kind: CompactString,
    /// Its name.
    pub name: CompactString,
}

impl Workload {
    /// A workload.
    pub fn new(namespace: &str, kind: &str, name: &str) -> Self {
        Self { namespace: namespace.into(), kind: kind.into(), name: name.into() }
    }

    /// The workload that a pod is of. Of a ReplicaSet, its Deployment: the hash is cut off.
    pub fn of(pod: &Pod) -> Option<Self> {
        let owner = pod.controller.as_ref()?;
        let namespace = &pod.address.namespace;
        if owner.kind == "ReplicaSet"
            && let Some((name, _)) = owner.name.rsplit_once('-')
        {
            return Some(Self::new(namespace, "Deployment", name));
        }
        Some(Self::new(namespace, &owner.kind, &owner.name))
    }
}

/// The behaviours that are known.
#[derive(Debug, Default)]
pub(super) struct Behaviours {
    pub(super) healthy: Arc<Behaviour>,
    read: BTreeMap<CompactString, Arc<Behaviour>>,
    workloads: BTreeMap<Workload, Arc<Behaviour>>,
    pods: BTreeMap<CompactString, Arc<Behaviour>>,
}

impl Behaviours {
    /// How a pod behaves: what was said of it, of its workload, or by its template.
    pub(super) fn of(&mut self, pod: &Pod) -> Arc<Behaviour> {
        if let Some(own) = self.pods.get(&pod.object.uid) {
            return Arc::clone(own);
        }
        if !self.workloads.is_empty()
            && let Some(own) = Workload::of(pod).and_then(|workload| self.workloads.get(&workload))
        {
            return Arc::clone(own);
        }
        self.read(&pod.spec.behaviour)
    }

    fn read(&mut self, text: &CompactString) -> Arc<Behaviour> {
        if text.is_empty() {
            return Arc::clone(&self.healthy);
        }
        if let Some(known) = self.read.get(text) {
            return Arc::clone(known);
        }
        let behaviour = text.parse().unwrap_or_else(|error| {
            tracing::warn!(%error, "a pod is taken for healthy");
            Behaviour::default()
        });
        let behaviour = Arc::new(behaviour);
        self.read.insert(text.clone(), Arc::clone(&behaviour));
        behaviour
    }

    /// One pod behaves otherwise, as long as it lives.
    pub(super) fn set_pod(&mut self, uid: &str, behaviour: Arc<Behaviour>) {
        self.pods.insert(uid.into(), behaviour);
    }

    /// All pods of a workload behave otherwise, or as their template says again.
    pub(super) fn set_workload(&mut self, workload: &Workload, behaviour: Option<Arc<Behaviour>>) {
        match behaviour {
            Some(behaviour) => drop(self.workloads.insert(workload.clone(), behaviour)),
            None => drop(self.workloads.remove(workload)),
        }
    }

    /// A pod is gone.
    pub(super) fn forget(&mut self, uid: &str) {
        self.pods.remove(uid);
    }
}
