//! I14: what has references that make no sense is left alone, and so is a pod that nobody makes
//! anew.

use super::{Books, Effect, Findings, Oracle};
use crate::seen::{Seen, What};

#[derive(Default)]
pub(super) struct Corrupted;

impl Oracle for Corrupted {
    fn see(&mut self, seen: &Seen, books: &Books, found: &mut Findings) {
        let What::Request(request) = &seen.what else { return };
        let Some(effect) = Effect::granted(request).filter(|effect| effect.plural == "pods") else { return };
        let Some(pod) = books.pods.get(effect.uid()) else { return };
        if pod.is_corrupted {
            found.add(format!("{effect}: its references make no sense"));
        }
        match &pod.owner {
            None => found.add(format!("{effect}: nobody makes it anew")),
            Some(owner) if !books.workloads.contains_key(&owner.uid) && owner.kind != "Node" => {
                found.add(format!("{effect}: {} {} that would make it anew is gone", owner.kind, owner.name));
            }
            Some(_) => {}
        }
    }
}
