//! I3: every eviction and deletion carries the UID that its attempt recorded, every change in place
//! the version it changes, and every effect belongs to an attempt that was written down before.

use super::{Books, Effect, Findings, Oracle, Verb};
use crate::seen::{Seen, What};

#[derive(Default)]
pub(super) struct Preconditions;

impl Oracle for Preconditions {
    fn see(&mut self, seen: &Seen, books: &Books, found: &mut Findings) {
        let What::Request(request) = &seen.what else { return };
        let Some(effect) = Effect::of(request).filter(|_| request.served.is_some()) else { return };
        if effect.uid().is_empty() {
            found.add(format!("{effect}: no UID"));
        }
        if effect.verb == Verb::Change && effect.version().is_empty() {
            found.add(format!("{effect}: no resourceVersion"));
        }
        let Some((remediation, number)) = effect.attempt() else {
            found.add(format!("{effect}: it names no attempt"));
            return;
        };
        match books.attempt(remediation, number) {
            None => found.add(format!("{effect}: its attempt was never written down")),
            Some((_, attempt)) if !attempt.uids.iter().any(|uid| uid == effect.uid()) => {
                found.add(format!(
                    "{effect}: its attempt is for {:?}, not for {}",
                    attempt.uids,
                    effect.uid()
                ));
            }
            Some(_) => {}
        }
    }
}
