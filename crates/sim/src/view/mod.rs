//! What the machinery of a cluster knows of it: slim, typed, indexed, and moved along by one change
//! at a time. Controllers, scheduler and kubelets read it instead of the stored JSON.

pub mod container;
pub mod node;
pub mod placement;
pub mod pod;
mod pods;
pub mod quantity;
pub mod selector;
pub mod taint;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use compact_str::CompactString;
use serde_json::Value;

use crate::kinds::{self, Kind};
use crate::storage::{Address, Change, Object, Storage};

pub use node::Node;
pub use pod::{Owner, Phase, Pod, Spec};
pub use pods::Pods;
pub use quantity::Resources;
pub use selector::Selector;
pub use taint::{Taint, Toleration};

/// Kinds that are read when they are worked on, but found by this view.
const LISTED: &[Kind] =
    &[kinds::DAEMON_SET, kinds::SERVICE, kinds::POD_DISRUPTION_BUDGET, kinds::JOB, kinds::NAMESPACE];

/// The cluster as it was when the last change was applied.
#[derive(Default)]
pub struct View {
    /// All pods.
    pub pods: Pods,
    /// All nodes, by name.
    pub nodes: BTreeMap<CompactString, Arc<Node>>,
    /// Which pods Services and disruption budgets are about.
    pub selectors: BTreeMap<Address, Selector>,
    /// What objects own, but for pods: by the owner's UID.
    owned: BTreeMap<CompactString, BTreeSet<Address>>,
    /// Kinds of custom resources that there are or were.
    custom: BTreeSet<Kind>,
    listed: BTreeSet<Address>,
}

/// What a change is to the machinery.
#[derive(Clone, Debug)]
pub enum Event {
    /// A pod came, changed or went.
    Pod {
        /// As it was.
        before: Option<Arc<Pod>>,
        /// As it is.
        after: Option<Arc<Pod>>,
    },
    /// A node came, changed or went.
    Node {
        /// As it was.
        before: Option<Arc<Node>>,
        /// As it is.
        after: Option<Arc<Node>>,
    },
    /// Anything else.
    Other(Arc<Change>),
}

impl View {
    /// Everything that is stored, as changes that make it.
    pub fn initial(storage: &Storage) -> Vec<Arc<Change>> {
        let all = kinds::BUILT_IN.iter().flat_map(|kind| storage.list(*kind, None).0);
        all.map(|(address, object)| {
            let revision = object.revision;
            Arc::new(Change { revision, address, before: None, after: object, is_deletion: false })
        })
        .collect()
    }

    /// Takes note of a change.
    pub fn apply(&mut self, change: &Arc<Change>) -> Event {
        let address = &change.address;
        if address.kind == kinds::POD {
            let now = (!change.is_deletion).then_some(&change.after);
            let (before, after) = self.pods.set(address, now);
            return Event::Pod { before, after };
        }
        if address.kind == kinds::LEASE {
            // Renewed by the thousand, and owned only once.
            if change.before.is_some() && !change.is_deletion {
                return Event::Other(Arc::clone(change));
            }
        }
        self.note_owners(change);
        if !kinds::BUILT_IN.contains(&address.kind) {
            self.custom.insert(address.kind);
        }
        if address.kind == kinds::NODE {
            return self.apply_node(change);
        }
        if LISTED.contains(&address.kind) {
            self.note_listed(address, &change.after, change.is_deletion);
        }
        Event::Other(Arc::clone(change))
    }

    /// The objects other than pods that name an owner.
    pub fn owned(&self, uid: &str) -> impl Iterator<Item = &Address> {
        self.owned.get(uid).into_iter().flatten()
    }

    /// All kinds that there may be objects of.
    pub fn kinds(&self) -> Vec<Kind> {
        kinds::BUILT_IN.iter().chain(&self.custom).copied().collect()
    }

    /// All objects of one of the kinds that are found here, by address.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Address> {
        self.listed.range(Address::new(kind, "", "")..).take_while(move |address| address.kind == kind)
    }

    /// All objects of one of the kinds that are found here, in one namespace.
    pub fn in_namespace<'a>(&'a self, kind: Kind, namespace: &'a str) -> impl Iterator<Item = &'a Address> {
        let from = Address::new(kind, namespace, "");
        let own = move |address: &&Address| address.kind == kind && address.namespace == namespace;
        self.listed.range(from..).take_while(own)
    }

    fn apply_node(&mut self, change: &Change) -> Event {
        let name = &change.address.name;
        let before = self.nodes.remove(name);
        let after = if change.is_deletion { None } else { Node::read(name, &change.after).map(Arc::new) };
        if let Some(node) = &after {
            self.nodes.insert(name.clone(), Arc::clone(node));
        }
        Event::Node { before, after }
    }

    fn note_owners(&mut self, change: &Change) {
        for uid in change.before.iter().flat_map(|before| &before.owners) {
            if let Some(own) = self.owned.get_mut(uid) {
                own.remove(&change.address);
                if own.is_empty() {
                    self.owned.remove(uid);
                }
            }
        }
        if !change.is_deletion {
            for uid in &change.after.owners {
                self.owned.entry(uid.clone()).or_default().insert(change.address.clone());
            }
        }
    }

    fn note_listed(&mut self, address: &Address, object: &Object, is_deletion: bool) {
        if is_deletion {
            self.listed.remove(address);
            self.selectors.remove(address);
            return;
        }
        self.listed.insert(address.clone());
        let read: fn(&Value) -> Selector = match address.kind.plural {
            "services" => Selector::of_map,
            "poddisruptionbudgets" => Selector::of,
            _ => return,
        };
        self.selectors.insert(address.clone(), read(&object.value()["spec"]["selector"]));
    }
}
