//! I7: a leader that stood still past its lease begins nothing after its successor took over: no
//! attempt bears an older epoch than its remediation, and epochs never go back.

use std::collections::BTreeMap;

use super::{Books, Findings, Oracle};
use crate::seen::{Seen, What};

#[derive(Default)]
pub(super) struct Leader {
    /// By remediation: the highest epoch, and how many attempts there were.
    known: BTreeMap<String, (u64, u64)>,
}

impl Oracle for Leader {
    fn see(&mut self, seen: &Seen, books: &Books, found: &mut Findings) {
        let What::Change(change) = &seen.what else { return };
        if change.address.kind.plural != "remediations" || change.is_deletion {
            return;
        }
        let name = change.address.name.as_str();
        let Some(now) = books.remediations.get(name) else { return };
        let newest = now.attempts.last();
        let count = newest.map_or(0, |attempt| attempt.number);
        if let Some((epoch, attempts)) = self.known.get(name) {
            if now.epoch < *epoch {
                found.add(format!("{name}: its epoch went from {epoch} back to {}", now.epoch));
            }
            if let Some(attempt) =
                newest.filter(|attempt| attempt.number > *attempts && attempt.epoch < *epoch)
            {
                found.add(format!("{name}: attempt {count} of epoch {} after epoch {epoch}", attempt.epoch));
            }
            if count < *attempts {
                found.add(format!("{name}: {attempts} attempts were written down, {count} are left"));
            }
        }
        self.known.insert(name.to_owned(), (now.epoch, count));
    }
}
