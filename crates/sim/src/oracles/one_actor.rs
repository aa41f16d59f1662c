//! I15: of two that act on one node, the one that does not hold the Lease for it yields: the healer
//! begins nothing on a node that somebody else has taken on.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Books, Effect, Findings, Oracle};
use crate::kinds;
use crate::seen::{Seen, What};

/// Where those that work on nodes keep a Lease for each, and what its name begins with.
const LEASES: &str = "medik8s-leases";
const PREFIX: &str = "node-";
/// The Lease is read before each effect; both are requests that take their time.
const HEARD: Duration = Duration::from_secs(12);

#[derive(Default)]
pub(super) struct OneActor {
    /// By node: who holds it, since when, and until when.
    held: BTreeMap<String, (String, Duration, Duration)>,
}

impl OneActor {
    fn note(&mut self, node: &str, lease: &serde_json::Value, is_deletion: bool, at: Duration) {
        let holder = lease["spec"]["holderIdentity"].as_str().unwrap_or_default();
        if is_deletion || holder.is_empty() {
            self.held.remove(node);
            return;
        }
        let lasts = Duration::from_secs(lease["spec"]["leaseDurationSeconds"].as_u64().unwrap_or(0));
        let own = self.held.entry(node.to_owned()).or_insert_with(|| (holder.to_owned(), at, at));
        if own.0 != holder {
            *own = (holder.to_owned(), at, at);
        }
        own.2 = at + lasts;
    }
}

impl Oracle for OneActor {
    fn see(&mut self, seen: &Seen, books: &Books, found: &mut Findings) {
        match &seen.what {
            What::Change(change)
                if change.address.kind == kinds::LEASE && change.address.namespace == LEASES =>
            {
                if let Some(node) = change.address.name.strip_prefix(PREFIX) {
                    self.note(node, &change.after.value(), change.is_deletion, seen.at);
                }
            }
            What::Request(request) => {
                let Some(effect) = Effect::granted(request).filter(Effect::is_destructive) else { return };
                let remediation = effect.attempt().and_then(|(name, _)| books.remediations.get(name));
                let Some(node) = remediation.and_then(|own| own.lineage.strip_prefix("Node/")) else {
                    return;
                };
                let Some((holder, since, until)) = self.held.get(node) else { return };
                if request.sent > *since + HEARD && request.sent < *until {
                    found.add(format!("{effect}: {holder} has worked on {node} since {since:?}"));
                }
            }
            _ => {}
        }
    }
}
