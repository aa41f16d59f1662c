//! I2: the eviction API's answer is final for its attempt, and nobody goes around it.

use std::collections::BTreeSet;

use super::{Books, Effect, Findings, Oracle, Verb};
use crate::seen::{Seen, What};

#[derive(Default)]
pub(super) struct DisruptionBudget {
    /// Attempts and pods that were refused.
    refused: BTreeSet<(String, u64, String)>,
}

impl Oracle for DisruptionBudget {
    fn see(&mut self, seen: &Seen, _: &Books, found: &mut Findings) {
        let What::Request(request) = &seen.what else { return };
        let Some(effect) = Effect::of(request) else { return };
        if effect.verb == Verb::Delete && effect.plural == "pods" {
            found.add(format!("{effect}: a pod is deleted, not evicted"));
        }
        if effect.verb != Verb::Evict {
            return;
        }
        let Some((remediation, number)) = effect.attempt() else { return };
        let key = (remediation.to_owned(), number, effect.uid().to_owned());
        if self.refused.contains(&key) {
            found.add(format!("{effect}: it was refused under this attempt, and is tried again"));
        }
        let causes = request.refusal["details"]["causes"].as_array().into_iter().flatten();
        let by_budget = causes.into_iter().any(|cause| cause["reason"] == "DisruptionBudget");
        // Where the answer was lost the healer cannot know it.
        if request.served == Some(429) && by_budget && request.was_told {
            self.refused.insert(key);
        }
    }
}
