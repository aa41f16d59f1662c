//! What a service cannot have known: faults that keep news from it, or tell it what is not so.

use std::time::Duration;

use super::Books;

/// Faults under which a service may not hear, or not in time, what the cluster is like.
pub(super) const BLINDING: [&str; 18] = [
    "partition",
    "ended watches",
    "stale reads",
    "dropped events",
    "coalesced events",
    "delayed events",
    "malformed events",
    "malformed objects",
    "garbled events",
    "throttled",
    "server errors",
    "lost requests",
    "lost answers",
    "late requests",
    "slow api",
    "service pause",
    "mid attempt",
    "silent watches",
];

/// A server that answers even those reads from the past that insist on the newest state: what its
/// clients do in good faith is not their fault.
const MISLEADING: &str = "stale reads";

impl Books {
    /// Whether `service` was answered from the past at `at` or less than `within` before, however
    /// much it insisted on the newest state.
    pub(super) fn is_misled(&self, service: &str, at: Duration, within: Duration) -> bool {
        let is_its = |subject: &str| {
            let client = subject.split(' ').next().unwrap_or_default();
            subject.ends_with("quorum") && (client == "all" || client == service)
        };
        let lasts = self.faults.keys().any(|(name, subject)| *name == MISLEADING && is_its(subject));
        let mut ended =
            self.ended.iter().filter(|((name, subject), _)| *name == MISLEADING && is_its(subject));
        lasts || ended.any(|(_, ended)| at.saturating_sub(*ended) < within)
    }
}
