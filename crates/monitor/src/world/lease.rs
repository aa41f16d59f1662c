//! Leases of nodes, and the clock by which their silence is measured.

use std::time::Duration;

use cluster::views;
use jiff::{SignedDuration, Timestamp};

use super::name::{Interner, Name};
use super::table::Record;
use crate::now::Now;

/// The most that one silence adds to the clock. Kubelets renew every ten seconds; when nobody
/// does, the watch asks the store every twelve.
const GAP_MAX: Duration = Duration::from_secs(15);

/// A silence longer than a renewal takes, with room for a late one.
const OVERDUE: SignedDuration = SignedDuration::from_secs(15);

/// The longest that a lease may say it lasts, in seconds. Kubelets say 40 unless they are told
/// otherwise; what is beyond an hour is not meant.
const LASTS_MAX_S: i64 = 3600;

/// Measures how long the watch of leases has been listened to.
///
/// A lease's age by the wall clock says nothing while nothing is heard: the API server may be
/// away or its store take no writes, the connection dead, this process suspended. Then *no* node
/// can renew its lease within our hearing, and none may be called unreachable for it. So the clock
/// runs only while somebody is seen to write: a node, or, when all of them are silent, whoever
/// else takes the store's version forward (the API server's own lease does every ten seconds). A
/// silence counts up to [`GAP_MAX`].
#[derive(Debug, Default)]
pub(crate) struct ListeningClock {
    listened: Duration,
    heard: Option<Duration>,
}

impl ListeningClock {
    /// Somebody wrote.
    pub(super) fn hear(&mut self, steady: Duration) {
        self.listened = self.reading(steady);
        self.heard = Some(steady);
    }

    /// For how long it has been listened until `steady`.
    pub(crate) fn reading(&self, steady: Duration) -> Duration {
        let gap = self.heard.map_or(Duration::ZERO, |heard| steady.saturating_sub(heard));
        self.listened + gap.min(GAP_MAX)
    }

    /// Whether the silence is so long that the clock has stopped.
    pub(crate) fn has_stopped(&self, steady: Duration) -> bool {
        self.heard.is_none_or(|heard| steady.saturating_sub(heard) > GAP_MAX)
    }
}

/// A node's lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) name: Name,
    /// When it was last seen to be renewed, on the listening clock; negative when that was before
    /// the clock began.
    renewed: SignedDuration,
    /// When it was last renewed, by the node's clock.
    renew_time: Option<Timestamp>,
    /// For how long after a renewal its node says that it holds.
    pub(crate) lasts: SignedDuration,
}

impl Record for Lease {
    fn namespace(&self) -> &'static str {
        ""
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl Lease {
    /// `old` is what was known of it before. A renewal is judged by our own listening; only of a
    /// lease that is new to us the node's clock is believed, give or take `skew`.
    pub(super) fn new(
        view: &views::Lease,
        old: Option<&Self>,
        clock: &ListeningClock,
        skew: SignedDuration,
        now: Now,
        names: &mut Interner,
    ) -> Self {
        let reading = signed(clock.reading(now.steady));
        let renewed = match old {
            Some(old) if old.renew_time == view.spec.renew_time => old.renewed,
            Some(_) => reading,
            None => reading - first_age(view.spec.renew_time, skew, now.wall),
        };
        let lasts = view.spec.lease_duration_seconds.unwrap_or(0).clamp(0, LASTS_MAX_S);
        Self {
            name: names.intern(&view.metadata.name),
            renewed,
            renew_time: view.spec.renew_time,
            lasts: SignedDuration::from_secs(lasts),
        }
    }

    /// For how long nobody has heard from its node, as far as can be told.
    pub(crate) fn silence(&self, clock: &ListeningClock, steady: Duration) -> SignedDuration {
        signed(clock.reading(steady)) - self.renewed
    }

    /// When it was last renewed, by the node's clock.
    pub(crate) fn renewed_at(&self) -> Option<Timestamp> {
        self.renew_time
    }

    /// Whether its node has been silent for longer than usual.
    pub(super) fn is_overdue(&self, clock: &ListeningClock, steady: Duration) -> bool {
        self.silence(clock, steady) > OVERDUE
    }
}

fn first_age(renew_time: Option<Timestamp>, skew: SignedDuration, now: Timestamp) -> SignedDuration {
    let age = renew_time.map_or(SignedDuration::ZERO, |renewed| now.duration_since(renewed));
    (age.saturating_sub(skew)).max(SignedDuration::ZERO)
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_clock_runs_while_signs_of_life_come() {
        let mut clock = ListeningClock::default();
        assert_eq!(clock.reading(secs(100)), secs(0));
        clock.hear(secs(100));
        clock.hear(secs(110));
        assert_eq!(clock.reading(secs(112)), secs(12));
        assert!(!clock.has_stopped(secs(112)));
    }

    #[test]
    fn a_long_silence_counts_little() {
        let mut clock = ListeningClock::default();
        clock.hear(secs(0));
        assert_eq!(clock.reading(secs(3600)), GAP_MAX);
        assert!(clock.has_stopped(secs(3600)));
        clock.hear(secs(3600));
        clock.hear(secs(3610));
        assert_eq!(clock.reading(secs(3610)), GAP_MAX + secs(10));
    }

    #[test]
    fn the_nodes_clock_is_believed_at_first_sight_only_and_within_reason() {
        let now: Timestamp = "2026-01-01T00:10:00Z".parse().unwrap();
        let skew = SignedDuration::from_secs(60);
        let age = |renewed: &str| first_age(Some(renewed.parse().unwrap()), skew, now).as_secs();
        assert_eq!(age("2026-01-01T00:09:55Z"), 0);
        assert_eq!(age("2026-01-01T00:09:00Z"), 0);
        assert_eq!(age("2026-01-01T00:00:00Z"), 540);
        assert_eq!(age("2026-01-01T01:00:00Z"), 0);
        assert_eq!(first_age(None, skew, now), SignedDuration::ZERO);
    }
}
