//! What the kubelets are to do, by time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use compact_str::CompactString;

/// Something that a kubelet does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Task {
    /// A node renews its lease.
    Renew(CompactString),
    /// A node reports its status.
    Report(CompactString),
    /// A node under pressure looks for a pod to evict.
    Evict(CompactString),
    /// A pod, by its UID, is looked after.
    Pod(CompactString),
}

/// One time for each task.
#[derive(Debug, Default)]
pub(super) struct Timers {
    order: BTreeSet<(Duration, Task)>,
    times: BTreeMap<Task, Duration>,
}

impl Timers {
    /// Sets the time of a task, whatever it was.
    pub(super) fn set(&mut self, task: Task, at: Duration) {
        self.cancel(&task);
        self.times.insert(task.clone(), at);
        self.order.insert((at, task));
    }

    /// The same, unless it is due earlier already.
    pub(super) fn set_earlier(&mut self, task: Task, at: Duration) {
        if self.times.get(&task).is_none_or(|before| at < *before) {
            self.set(task, at);
        }
    }

    /// Takes a task away.
    pub(super) fn cancel(&mut self, task: &Task) {
        if let Some((task, at)) = self.times.remove_entry(task) {
            self.order.remove(&(at, task));
        }
    }

    /// When the next is due.
    pub(super) fn next(&self) -> Option<Duration> {
        self.order.first().map(|(at, _)| *at)
    }

    /// The next that is due.
    pub(super) fn pop(&mut self, at: Duration) -> Option<Task> {
        if self.next()? > at {
            return None;
        }
        let (_, task) = self.order.pop_first()?;
        self.times.remove(&task);
        Some(task)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_has_one_time() {
        let mut timers = Timers::default();
        let second = Duration::from_secs;
        let task = |name: &str| Task::Pod(name.into());
        timers.set(task("a"), second(5));
        timers.set(task("a"), second(7));
        timers.set_earlier(task("a"), second(9));
        timers.set(task("b"), second(7));
        assert_eq!((timers.next(), timers.pop(second(6))), (Some(second(7)), None));
        assert_eq!(timers.pop(second(7)), Some(task("a")));
        timers.cancel(&task("b"));
        assert_eq!(timers.next(), None);
    }
}
