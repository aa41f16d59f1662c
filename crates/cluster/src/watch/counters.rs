//! What a watch counts, for its owner's metrics.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Counters of one watch. They only grow, but for the time of the last sign of life.
#[derive(Debug, Default)]
pub struct Counters {
    bytes: AtomicU64,
    events: AtomicU64,
    malformed: AtomicU64,
    lists: AtomicU64,
    failures: AtomicU64,
    /// Milliseconds on the environment's monotonic clock, plus one; zero before any sign of life.
    heard: AtomicU64,
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Bytes of bodies received, uncompressed and without TLS.
    pub bytes: u64,
    /// Objects received, in lists and as changes.
    pub events: u64,
    /// Objects that could not be decoded.
    pub malformed: u64,
    /// Lists completed: the first, and one for every time the history was lost.
    pub lists: u64,
    /// Times that a connection failed, was refused or fell silent.
    pub failures: u64,
    /// The last sign of life, on the environment's monotonic clock.
    pub heard: Option<Duration>,
}

impl Counters {
    /// The counters now.
    pub fn snapshot(&self) -> Snapshot {
        let heard = self.heard.load(Relaxed);
        Snapshot {
            bytes: self.bytes.load(Relaxed),
            events: self.events.load(Relaxed),
            malformed: self.malformed.load(Relaxed),
            lists: self.lists.load(Relaxed),
            failures: self.failures.load(Relaxed),
            heard: heard.checked_sub(1).map(Duration::from_millis),
        }
    }

    /// How long ago, at `now` on the monotonic clock, the watch was last heard from; `None` when
    /// it never was.
    pub fn staleness(&self, now: Duration) -> Option<Duration> {
        self.snapshot().heard.map(|heard| now.saturating_sub(heard))
    }

    pub(crate) fn received(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Relaxed);
    }

    pub(crate) fn event(&self) {
        self.events.fetch_add(1, Relaxed);
    }

    pub(crate) fn malformed(&self) {
        self.malformed.fetch_add(1, Relaxed);
    }

    pub(crate) fn listed(&self) {
        self.lists.fetch_add(1, Relaxed);
    }

    pub(crate) fn failed(&self) {
        self.failures.fetch_add(1, Relaxed);
    }

    pub(crate) fn heard(&self, now: Duration) {
        self.heard.store(now.as_millis() as u64 + 1, Relaxed);
    }
}
