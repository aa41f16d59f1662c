//! When faults begin and end.

use std::time::Duration;

use crate::faults::{self, Fault, Kind, Stage};
use crate::seen::{self, What};

use super::witness::Witness;

/// A beginning or an end, in the order in which they come.
pub(super) struct Turn {
    pub(super) at: Duration,
    fault: Fault,
    kind: &'static Kind,
    begins: bool,
}

/// The turns of a plan's faults; what would last longer ends with the storm. Names that no fault
/// has are left out.
pub(super) fn turns(planned: &[Fault], storm: Duration) -> Vec<Turn> {
    let mut turns = Vec::new();
    for fault in planned {
        let Some(kind) = faults::get(&fault.name) else {
            tracing::warn!(name = fault.name, "there is no such fault");
            continue;
        };
        let begin = Duration::from_secs(fault.at_s).min(storm);
        let end = (begin + Duration::from_secs(fault.lasts_s)).min(storm);
        turns.push(Turn { at: begin, fault: fault.clone(), kind, begins: true });
        turns.push(Turn { at: end, fault: fault.clone(), kind, begins: false });
    }
    // Stable: what begins and ends in one moment begins first.
    turns.sort_by_key(|turn| turn.at);
    turns
}

impl Turn {
    /// Lets it come.
    pub(super) fn take(&self, stage: &Stage, witness: &Witness) {
        let seen =
            seen::Fault { name: self.kind.name, subject: self.fault.subject.clone(), begins: self.begins };
        witness.see(What::Fault(seen));
        if self.begins {
            (self.kind.begin)(stage, &self.fault.subject);
        } else {
            (self.kind.end)(stage, &self.fault.subject);
        }
    }
}
