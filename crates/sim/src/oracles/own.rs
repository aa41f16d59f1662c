//! I13: nothing is done to Seaworthy itself, to the node that it leads from, or in namespaces and
//! to objects that are out of bounds.

use std::collections::BTreeMap;

use super::{Books, Effect, Findings, Limits, Oracle};
use crate::seen::{Seen, What};

pub(super) struct Own {
    limits: Limits,
    nodes: BTreeMap<String, String>,
}

impl Own {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, nodes: BTreeMap::new() }
    }
}

impl Oracle for Own {
    fn see(&mut self, seen: &Seen, books: &Books, found: &mut Findings) {
        if let What::Change(change) = &seen.what {
            let own =
                change.address.kind == crate::kinds::POD && change.address.namespace == "seaworthy-system";
            if own && let Some(pod) = books.pods.get(change.after.uid.as_str()) {
                self.nodes.insert(pod.name.clone(), pod.node.clone());
            }
        }
        let What::Request(request) = &seen.what else { return };
        let Some(effect) = Effect::of(request).filter(Effect::is_destructive) else { return };
        let namespaced = !effect.namespace.is_empty();
        if namespaced && self.limits.protected.iter().any(|own| own == effect.namespace) {
            found.add(format!("{effect}: its namespace is protected"));
        }
        let is_node = effect.plural == "nodes";
        if is_node && self.nodes.get(&request.by).is_some_and(|node| node == effect.name) {
            found.add(format!("{effect}: the healer runs there itself"));
        }
        let excluded = match effect.plural {
            "nodes" => books.nodes.get(effect.name).is_some_and(|node| node.is_excluded),
            "pods" => books
                .pods
                .get(effect.uid())
                .and_then(|pod| books.top(pod))
                .is_some_and(|(_, top)| top.is_excluded),
            _ => books.workloads.get(effect.uid()).is_some_and(|workload| workload.is_excluded),
        };
        if excluded {
            found.add(format!("{effect}: it is excluded by its annotation"));
        }
    }
}
