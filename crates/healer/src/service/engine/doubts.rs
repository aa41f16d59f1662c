//! Intents whose write was not answered: each may land yet, unless its remediation has moved on.
//!
//! Nothing is ever sent under such an intent. But the books hold it for written until it can land no
//! more, so that nothing is begun beside it that could not be begun beside it if it had.

use std::collections::BTreeMap;
use std::time::Duration;

use model::remediation::Remediation;

/// What may be written.
#[derive(Default)]
pub(super) struct Doubts(BTreeMap<String, Doubt>);

struct Doubt {
    intended: Remediation,
    until: Duration,
}

impl Doubts {
    /// The write was not answered; it can land until the monotonic moment `until`.
    pub(super) fn note(&mut self, name: &str, intended: Remediation, until: Duration) {
        self.0.insert(name.to_owned(), Doubt { intended, until });
    }

    /// Forgets what can land no more.
    pub(super) fn tidy(&mut self, now: Duration) {
        self.0.retain(|_, doubt| now < doubt.until);
    }

    /// What is known of a remediation, or what was to be written if it is still at the version that this
    /// would follow: as `other` has to reckon with it. For itself it is as it is known, since of two
    /// writes that follow one version only one can land.
    pub(super) fn at_worst<'a>(&'a self, known: &'a Remediation, other: &str) -> &'a Remediation {
        let name = known.metadata.name.as_ref().filter(|name| *name != other);
        let doubt = name.and_then(|name| self.0.get(name));
        doubt.map_or(known, |doubt| {
            let is_at = known.metadata.resource_version == doubt.intended.metadata.resource_version;
            if is_at { &doubt.intended } else { known }
        })
    }
}

#[cfg(test)]
mod tests {
    use model::remediation::Attempt;

    use super::*;
    use crate::ledger::Ledger;
    use crate::machine::tests_support::{attempt, open_part, remediation};

    #[test]
    fn an_intent_that_may_land_counts_until_it_can_no_more() {
        let mut known = remediation("r-1-1");
        known.metadata.resource_version = Some("7".to_owned());
        let mut intended = known.clone();
        intended.status.as_mut().unwrap().attempts =
            vec![Attempt { parts: vec![open_part("web-1", "p-1")], ..attempt() }];
        let mut doubts = Doubts::default();
        let open = |doubts: &Doubts, known: &Remediation| {
            Ledger::of([doubts.at_worst(known, "r-2-1")]).open().count()
        };
        assert_eq!(open(&doubts, &known), 0);
        doubts.note("r-1-1", intended, Duration::from_secs(20));
        doubts.tidy(Duration::from_secs(19));
        assert_eq!(open(&doubts, &known), 1);
        assert_eq!(open(&doubts, &remediation("r-1-2")), 0, "another");
        let own = Ledger::of([doubts.at_worst(&known, "r-1-1")]);
        assert_eq!(own.open().count(), 0, "it does not stand in its own way");
        let mut later = known.clone();
        later.metadata.resource_version = Some("8".to_owned());
        assert_eq!(open(&doubts, &later), 0, "it has moved on, and the write fails by its version");
        doubts.tidy(Duration::from_secs(20));
        assert_eq!(open(&doubts, &known), 0);
    }
}
