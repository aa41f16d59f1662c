//! The one queue of everything that is due at some time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Times on the steady clock, at most one for each key.
#[derive(Debug)]
pub(super) struct Timers<K> {
    queue: BTreeSet<(Duration, K)>,
    set: BTreeMap<K, Duration>,
}

impl<K> Default for Timers<K> {
    fn default() -> Self {
        Self { queue: BTreeSet::new(), set: BTreeMap::new() }
    }
}

impl<K: Ord + Clone> Timers<K> {
    /// Sets the time of a key, in place of the one it had; none takes it away.
    pub(super) fn set(&mut self, key: K, at: Option<Duration>) {
        let old = match at {
            Some(at) => self.set.insert(key.clone(), at),
            None => self.set.remove(&key),
        };
        if old == at {
            return;
        }
        if let Some(old) = old {
            self.queue.remove(&(old, key.clone()));
        }
        if let Some(at) = at {
            self.queue.insert((at, key));
        }
    }

    /// The time that comes first.
    pub(super) fn next(&self) -> Option<Duration> {
        self.queue.first().map(|(at, _)| *at)
    }

    /// Takes out the first key that is due by `now`.
    pub(super) fn pop_due(&mut self, now: Duration) -> Option<K> {
        if self.next()? > now {
            return None;
        }
        let (_, key) = self.queue.pop_first()?;
        self.set.remove(&key);
        Some(key)
    }

    /// Takes out all keys, due or not.
    pub(super) fn take_all(&mut self) -> Vec<K> {
        self.set.clear();
        std::mem::take(&mut self.queue).into_iter().map(|(_, key)| key).collect()
    }

    /// How many keys have a time.
    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn they_come_in_order_and_a_key_has_one_time() {
        let mut timers = Timers::default();
        for (key, time) in [("b", 2), ("a", 3), ("c", 1), ("a", 2)] {
            timers.set(key, Some(at(time)));
        }
        timers.set("c", None);
        timers.set("unknown", None);
        assert_eq!((timers.next(), timers.len()), (Some(at(2)), 2));
        assert_eq!(timers.pop_due(at(1)), None);
        assert_eq!(
            (timers.pop_due(at(2)), timers.pop_due(at(9)), timers.pop_due(at(9))),
            (Some("a"), Some("b"), None)
        );
        timers.set("z", Some(at(9)));
        assert_eq!((timers.take_all(), timers.next()), (vec!["z"], None));
    }
}
