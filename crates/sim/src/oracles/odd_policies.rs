//! I10: policies that are empty, mean everything, or make no sense do nothing; so does one that
//! only observes, and one that waits for an approval which nobody gave for that very plan.

use super::{Books, Effect, Findings, Oracle};
use crate::seen::{Seen, What};

/// What the names of policies begin with that must never come to an effect. The run names them so.
pub(super) const INERT: [&str; 2] = ["odd-", "observe-"];
/// What the names of policies begin with that must not come to an effect before a person says yes.
const ASKING: &str = "approve-";

#[derive(Default)]
pub(super) struct OddPolicies;

impl Oracle for OddPolicies {
    fn see(&mut self, seen: &Seen, books: &Books, found: &mut Findings) {
        let What::Request(request) = &seen.what else { return };
        let Some(effect) = Effect::of(request) else { return };
        let Some(remediation) = effect.attempt().and_then(|(name, _)| books.remediations.get(name)) else {
            return;
        };
        let policy = remediation.policy.rsplit('/').next().unwrap_or_default();
        let is_inert = INERT.iter().any(|inert| policy.starts_with(inert));
        if is_inert || policy.starts_with(ASKING) && !remediation.is_approved {
            found.add(format!("{effect}: by policy {policy}"));
        }
    }
}
