//! All pods, and the ways they are looked for: by address, node and owner.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use compact_str::CompactString;

use super::pod::{Pod, Spec};
use crate::kinds;
use crate::storage::{Address, Object};

type ByAddress = BTreeMap<Arc<Address>, Arc<Pod>>;

/// The pods of a cluster.
#[derive(Default)]
pub struct Pods {
    all: ByAddress,
    by_node: BTreeMap<CompactString, ByAddress>,
    by_owner: BTreeMap<CompactString, ByAddress>,
    specs: BTreeSet<Arc<Spec>>,
}

impl Pods {
    /// One of them.
    pub fn get(&self, address: &Address) -> Option<&Arc<Pod>> {
        self.all.get(address)
    }

    /// All of them, by address.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Pod>> {
        self.all.values()
    }

    /// Those of a namespace.
    pub fn in_namespace<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Arc<Pod>> {
        let from = Address::new(kinds::POD, namespace, "");
        self.all.range(from..).map(|(_, pod)| pod).take_while(move |pod| pod.address.namespace == namespace)
    }

    /// Those bound to a node; to none, where `node` is empty.
    pub fn on_node(&self, node: &str) -> impl Iterator<Item = &Arc<Pod>> {
        self.by_node.get(node).into_iter().flat_map(BTreeMap::values)
    }

    /// Nodes that pods are bound to.
    pub fn nodes(&self) -> impl Iterator<Item = &CompactString> {
        self.by_node.keys().filter(|node| !node.is_empty())
    }

    /// Those that name an owner, controlling or not.
    pub fn owned_by(&self, uid: &str) -> impl Iterator<Item = &Arc<Pod>> {
        self.by_owner.get(uid).into_iter().flat_map(BTreeMap::values)
    }

    /// Those that a controller keeps.
    pub fn controlled_by<'a>(&'a self, uid: &'a str) -> impl Iterator<Item = &'a Arc<Pod>> {
        self.owned_by(uid).filter(move |pod| pod.is_controlled_by(uid))
    }

    /// Takes note of a pod, or of its end; says what it was and is.
    pub(super) fn set(
        &mut self,
        address: &Address,
        object: Option<&Arc<Object>>,
    ) -> (Option<Arc<Pod>>, Option<Arc<Pod>>) {
        let before = self.all.remove(address);
        if let Some(pod) = &before {
            forget(&mut self.by_node, &pod.node, address);
            for uid in &pod.object.owners {
                forget(&mut self.by_owner, uid, address);
            }
        }
        let kept = before.as_ref().map_or_else(|| Arc::new(address.clone()), |pod| Arc::clone(&pod.address));
        let after = object.and_then(|object| Pod::read(&kept, object, &mut self.specs)).map(Arc::new);
        if let Some(pod) = &after {
            let note = |index: &mut BTreeMap<CompactString, ByAddress>, key: &CompactString| {
                index.entry(key.clone()).or_default().insert(Arc::clone(&kept), Arc::clone(pod));
            };
            note(&mut self.by_node, &pod.node);
            for uid in &pod.object.owners {
                note(&mut self.by_owner, uid);
            }
            self.all.insert(kept, Arc::clone(pod));
        }
        (before, after)
    }
}

fn forget(index: &mut BTreeMap<CompactString, ByAddress>, key: &CompactString, address: &Address) {
    if let Some(own) = index.get_mut(key) {
        own.remove(address);
        if own.is_empty() {
            index.remove(key);
        }
    }
}
