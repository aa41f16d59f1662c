//! What there is to do: keys that something happened to, and keys whose time comes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Controller;
use crate::storage::Address;

/// A controller and the object it is to look at.
pub type Key = (Controller, Address);

/// How long after the first thing that happened it is looked at, so that what happens together is
/// looked at once. Real controllers take as long to hear of a change.
const LAG: Duration = Duration::from_millis(10);

/// Dirty keys and timers. Times are those of [`environment::Environment::monotonic`].
#[derive(Debug, Default)]
pub struct Queue {
    dirty: BTreeSet<Key>,
    dirty_at: Option<Duration>,
    timers: BTreeSet<(Duration, Key)>,
    /// The one timer of each key that has one.
    due: BTreeMap<Key, Duration>,
}

impl Queue {
    /// Something happened to a key.
    pub fn add(&mut self, controller: Controller, address: Address, now: Duration) {
        self.dirty.insert((controller, address));
        self.dirty_at.get_or_insert(now + LAG);
    }

    /// A key is to be looked at again at a time, or earlier if it was to be looked at earlier.
    pub fn at(&mut self, controller: Controller, address: Address, at: Duration) {
        let key = (controller, address);
        if let Some(before) = self.due.get(&key).copied() {
            if before <= at {
                return;
            }
            self.timers.remove(&(before, key.clone()));
        }
        self.due.insert(key.clone(), at);
        self.timers.insert((at, key));
    }

    /// When there is something to do next.
    pub fn next(&self) -> Option<Duration> {
        let timer = self.timers.first().map(|(at, _)| *at);
        match (timer, self.dirty_at) {
            (Some(timer), Some(dirty)) => Some(timer.min(dirty)),
            (timer, dirty) => timer.or(dirty),
        }
    }

    /// What is to be looked at now, in the fixed order.
    pub fn take(&mut self, now: Duration) -> BTreeSet<Key> {
        let mut keys = BTreeSet::new();
        while self.timers.first().is_some_and(|(at, _)| *at <= now) {
            if let Some((_, key)) = self.timers.pop_first() {
                self.due.remove(&key);
                keys.insert(key);
            }
        }
        if self.dirty_at.is_some_and(|at| at <= now) {
            self.dirty_at = None;
            keys.append(&mut self.dirty);
        }
        keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds;

    fn address(name: &str) -> Address {
        Address::new(kinds::JOB, "shop", name)
    }

    #[test]
    fn what_happens_together_is_looked_at_once_and_in_order() {
        let mut queue = Queue::default();
        let now = Duration::from_secs(5);
        for name in ["b", "a", "b"] {
            queue.add(Controller::Job, address(name), now);
        }
        queue.add(Controller::Deployment, address("c"), now + LAG / 2);
        assert_eq!(queue.next(), Some(now + LAG));
        assert!(queue.take(now).is_empty());
        let names: Vec<_> = queue.take(now + LAG).into_iter().map(|(_, own)| own.name).collect();
        assert_eq!((names.as_slice(), queue.next()), (["c", "a", "b"].map(Into::into).as_slice(), None));
    }

    #[test]
    fn the_earliest_timer_of_a_key_counts() {
        let mut queue = Queue::default();
        for second in [9, 3, 7] {
            queue.at(Controller::Job, address("a"), Duration::from_secs(second));
        }
        assert_eq!(queue.take(Duration::from_secs(3)).len(), 1);
        assert_eq!(queue.next(), None);
    }
}
