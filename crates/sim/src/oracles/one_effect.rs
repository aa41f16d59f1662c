//! I6: at most one effect per intent, across crashes and leaders, and one open attempt per lineage; a
//! restart is one for all instances of a workload.

use std::collections::BTreeMap;

use super::{Books, Effect, Findings, Oracle};
use crate::seen::{Seen, What};

/// Whether a request was granted and does anything but leave a mark: those that read before it
/// can then not change the object any more, and it may come again.
fn takes_effect(effect: &Effect<'_>) -> bool {
    effect.verb != super::Verb::Change || effect.taints().is_some() || effect.is_restart()
}

/// The workload of which a lineage is an instance: `StatefulSet/shop/db` of `StatefulSet/shop/db/db-0`.
fn whole(lineage: &str) -> &str {
    lineage.match_indices('/').nth(2).map_or(lineage, |(end, _)| &lineage[..end])
}

#[derive(Default)]
pub(super) struct OneEffect {
    /// Requests that the server granted, by attempt and object.
    granted: BTreeMap<(String, u64, String), usize>,
}

impl OneEffect {
    fn lineage(effect: &Effect<'_>, books: &Books, found: &mut Findings) {
        let Some((name, _)) = effect.attempt() else { return };
        let Some(own) = books.remediations.get(name) else { return };
        let is_same = |lineage: &str| {
            lineage == own.lineage || effect.is_restart() && whole(lineage) == whole(&own.lineage)
        };
        let others = books.remediations.iter().filter(|(other, remediation)| {
            *other != name && is_same(&remediation.lineage) && !remediation.is_deleted
        });
        for (other, remediation) in others {
            let open = remediation
                .attempts
                .iter()
                .any(|attempt| attempt.is_open && attempt.action != "CollectEvidence");
            if open {
                found.add(format!("{effect}: {other} has an open attempt on {}, too", own.lineage));
            }
        }
    }
}

impl Oracle for OneEffect {
    fn see(&mut self, seen: &Seen, books: &Books, found: &mut Findings) {
        let What::Request(request) = &seen.what else { return };
        let Some(effect) = Effect::granted(request).filter(takes_effect) else { return };
        let Some((remediation, number)) = effect.attempt() else { return };
        let count =
            self.granted.entry((remediation.to_owned(), number, effect.uid().to_owned())).or_default();
        *count += 1;
        if *count > 1 {
            found.add(format!("{effect}: the {count}. effect under this attempt"));
        }
        if effect.is_destructive() {
            Self::lineage(&effect, books, found);
        }
    }
}
