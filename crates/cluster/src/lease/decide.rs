//! Who may take a lease, and when: the rules, without a clock or a server.

use std::time::Duration;

/// A lease as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    /// Who holds it; empty when nobody does.
    pub(super) holder: String,
    /// For how long after each change of it, as its holder promised.
    pub(super) duration: Duration,
    /// How often it changed hands.
    pub(super) transitions: u64,
    /// The highest epoch written to it.
    pub(super) epoch: u64,
    /// Which object it is: one that was deleted and made anew is another.
    pub(super) uid: String,
    /// Which version of it this is.
    pub(super) version: String,
}

impl Record {
    fn highest(&self) -> u64 {
        self.transitions.max(self.epoch)
    }
}

/// What was last seen of the lease, and since when it has not changed, on the own monotonic
/// clock. The times that holders write come from other clocks and are not looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    record: Option<Record>,
    since: Option<Duration>,
    /// Whether there ever was a lease, as far as this process knows.
    was_there: bool,
    /// Whether there was one before, and none when it was last looked for.
    vanished: bool,
    /// When a lease that had vanished was first seen to be there again.
    made_anew: Option<Duration>,
    /// The highest epoch ever seen: a lease that is deleted and made anew must not begin at one.
    highest: u64,
}

/// What to do about a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// There is none: make it.
    Create,
    /// Take it.
    Take(Record),
    /// Somebody else has it; it cannot be free before this moment.
    Wait(Duration),
}

impl Seen {
    /// Notes what was read at `now`, and says what `me` may do. `predecessor_known` is whether
    /// there must have been a lease, though this process never saw one.
    pub(super) fn look(
        &mut self,
        record: Option<Record>,
        now: Duration,
        me: &str,
        predecessor_known: bool,
    ) -> Step {
        self.was_there |= predecessor_known;
        let since = self.note(record.clone(), now);
        match record {
            None => Step::Create,
            Some(record) if record.holder.is_empty() || record.holder == me => Step::Take(record),
            Some(record) if now >= since + record.duration => Step::Take(record),
            Some(record) => Step::Wait(since + record.duration),
        }
    }

    /// From when on the lease may be counted on by who holds it. One that was made anew only after
    /// it has been there for `patience`: whoever held the one that vanished may believe so until
    /// then. To see no lease for as long would not do: between two looks somebody else
    /// may have made one, lost it again, and still count on it.
    pub(super) fn counts_from(&self, patience: Duration) -> Duration {
        self.made_anew.map_or(Duration::ZERO, |since| since + patience)
    }

    /// The epoch of the next tenure: greater than whatever was seen, or stored elsewhere.
    pub(super) fn next_epoch(&self, floor: u64) -> u64 {
        self.highest.max(floor).saturating_add(1)
    }

    /// Notes that somebody else was faster: there is a lease, though it was not read.
    pub(super) fn was_beaten(&mut self, now: Duration) {
        let uid = self.record.as_ref().map(|record| record.uid.clone()).unwrap_or_default();
        self.note(Some(Record { uid, ..Record::default() }), now);
    }

    /// Notes what the lease is at `now`. Returns since when it has been so.
    pub(super) fn note(&mut self, record: Option<Record>, now: Duration) -> Duration {
        match (&record, &self.record) {
            (None, _) => self.vanished = self.was_there,
            (Some(found), before) => {
                let known = before.as_ref().map(|before| &before.uid).filter(|uid| !uid.is_empty());
                let is_another = known.is_some_and(|uid| *uid != found.uid);
                if std::mem::take(&mut self.vanished) || is_another {
                    self.made_anew = Some(now);
                }
            }
        }
        self.was_there |= record.is_some();
        self.highest = self.highest.max(record.as_ref().map_or(0, Record::highest));
        let since = self.since.filter(|_| record == self.record).unwrap_or(now);
        (self.record, self.since) = (record, Some(since));
        since
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const S: Duration = Duration::from_secs(1);

    fn held_by(holder: &str, version: &str) -> Record {
        Record {
            holder: holder.into(),
            duration: 15 * S,
            uid: "u-1".into(),
            version: version.into(),
            ..Record::default()
        }
    }

    #[test]
    fn a_lease_is_taken_only_after_it_stood_still_for_its_whole_duration() {
        let mut seen = Seen::default();
        let mut look = |record, at: u32| seen.look(Some(record), at * S, "me", false);
        assert_eq!(look(held_by("them", "1"), 100), Step::Wait(115 * S));
        assert_eq!(look(held_by("them", "1"), 114), Step::Wait(115 * S));
        // A renewal starts the wait again.
        assert_eq!(look(held_by("them", "2"), 114), Step::Wait(129 * S));
        assert!(matches!(look(held_by("them", "2"), 129), Step::Take(_)));
    }

    #[test]
    fn a_lease_that_is_free_or_ones_own_is_taken_at_once() {
        for holder in ["", "me"] {
            let step = Seen::default().look(Some(held_by(holder, "1")), S, "me", false);
            assert!(matches!(step, Step::Take(_)), "{holder:?}");
        }
    }

    #[test]
    fn a_lease_that_vanished_is_made_at_once_and_counts_later() {
        let made = Some(held_by("me", "7"));
        // The first of all counts at once.
        let mut seen = Seen::default();
        assert_eq!(seen.look(None, S, "me", false), Step::Create);
        seen.note(made.clone(), 2 * S);
        assert_eq!(seen.counts_from(15 * S), Duration::ZERO);
        // One that was seen before, or is known to have been there, does not.
        let mut seen = Seen::default();
        seen.look(Some(held_by("them", "1")), S, "me", false);
        assert_eq!(seen.look(None, 2 * S, "me", false), Step::Create);
        seen.note(made.clone(), 3 * S);
        seen.note(Some(held_by("me", "8")), 8 * S);
        assert_eq!(seen.counts_from(15 * S), 18 * S);
        let mut seen = Seen::default();
        assert_eq!(seen.look(None, S, "me", true), Step::Create);
        seen.note(made, 2 * S);
        assert_eq!(seen.counts_from(15 * S), 17 * S);
    }

    #[test]
    fn a_lease_that_was_replaced_between_two_looks_counts_later() {
        let mut seen = Seen::default();
        seen.look(Some(held_by("them", "1")), S, "me", false);
        // Somebody applied it from a file: nobody holds it, and it is another object.
        let applied = Record { uid: "another".into(), ..held_by("", "9") };
        assert!(matches!(seen.look(Some(applied), 4 * S, "me", false), Step::Take(_)));
        assert_eq!(seen.counts_from(15 * S), 19 * S);
    }

    proptest! {
        #[test]
        fn epochs_only_grow(transitions in 0u64..1000, epoch in 0u64..1000, floor in 0u64..1000) {
            let record = Record { transitions, epoch, ..Record::default() };
            let mut seen = Seen::default();
            seen.note(Some(record), S);
            seen.note(None, S);
            let next = seen.next_epoch(floor);
            prop_assert!(next > transitions && next > epoch && next > floor);
        }

        /// A holder renews at arbitrary moments; a watcher looks at arbitrary moments. Nobody
        /// takes the lease within its duration of the last renewal that the server had accepted.
        #[test]
        fn nobody_takes_a_lease_within_its_duration(
            moments in prop::collection::vec((0u32..40, prop::bool::ANY), 1..60),
        ) {
            let mut seen = Seen::default();
            let (mut now, mut renewed, mut version) = (0, 0, 0);
            for (wait, renews) in moments {
                now += wait;
                if renews {
                    (renewed, version) = (now, version + 1);
                } else {
                    let record = held_by("them", &version.to_string());
                    if let Step::Take(_) = seen.look(Some(record), now * S, "me", false) {
                        prop_assert!(now - renewed >= 15, "taken {} s after a renewal", now - renewed);
                    }
                }
            }
        }
    }
}
