//! I2: the eviction API's answer is final for its attempt, and nobody goes around it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Books, Effect, Findings, Oracle, Verb};
use crate::seen::{Seen, What};

/// How soon after a refusal the same remediation may not ask for the same pod again, under whatever
/// attempt: the first wait between attempts, but for the clocks' whole seconds.
const WAIT: Duration = Duration::from_secs(28);

#[derive(Default)]
pub(super) struct DisruptionBudget {
    /// By remediation and pod: the attempt that was refused last, and when.
    refused: BTreeMap<(String, String), (u64, Duration)>,
}

impl DisruptionBudget {
    fn evicted(&self, effect: &Effect<'_>, books: &Books, found: &mut Findings) {
        let Some((remediation, number)) = effect.attempt() else { return };
        let key = (remediation.to_owned(), effect.uid().to_owned());
        let Some((refused, at)) = self.refused.get(&key) else { return };
        if *refused == number {
            found.add(format!("{effect}: it was refused under this attempt, and is tried again"));
        }
        // A wall clock that is set tells the waits wrongly.
        let was_jump = books.is_disturbed(&["clock jump"], effect.request.sent, Duration::ZERO);
        if effect.request.sent.saturating_sub(*at) < WAIT && !was_jump {
            found.add(format!("{effect}: it was refused at {at:?}, and is tried again at once"));
        }
    }
}

impl Oracle for DisruptionBudget {
    fn see(&mut self, seen: &Seen, books: &Books, found: &mut Findings) {
        let What::Request(request) = &seen.what else { return };
        let Some(effect) = Effect::of(request) else { return };
        if effect.verb == Verb::Delete && effect.plural == "pods" {
            found.add(format!("{effect}: a pod is deleted, not evicted"));
        }
        if effect.verb != Verb::Evict {
            return;
        }
        self.evicted(&effect, books, found);
        let causes = request.refusal["details"]["causes"].as_array().into_iter().flatten();
        let by_budget = causes.into_iter().any(|cause| cause["reason"] == "DisruptionBudget");
        // Where the answer was lost the healer cannot know it.
        if request.served == Some(429) && by_budget && request.was_told {
            let Some((remediation, number)) = effect.attempt() else { return };
            let key = (remediation.to_owned(), effect.uid().to_owned());
            self.refused.insert(key, (number, seen.at));
        }
    }
}
