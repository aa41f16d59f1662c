//! Others at work in the cluster: autoscalers, rebooters, operators, a person with kubectl. Each is a
//! client of the API under a name of its own, by which what it does can be told from what the
//! healer does. What each of them does stands with the faults that set it to work.

mod actor;
mod drain;
mod rights;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use environment::Task;

pub use actor::Actor;
pub(crate) use actor::node_path;
pub(crate) use drain::owner_kind;
pub use rights::rights;

/// Where their ServiceAccounts live.
pub(crate) const NAMESPACE: &str = "kube-system";

/// Those that are at work. Cheap to clone; clones are the same.
#[derive(Clone, Default)]
pub struct Actors {
    tasks: Arc<Mutex<BTreeMap<String, Task>>>,
}

impl Actors {
    /// One begins its work, known by what it works on; one that was known so ends.
    pub fn begin(&self, work: String, task: Task) {
        if let Some(before) = self.lock().insert(work, task) {
            before.abort();
        }
    }

    /// One ends where it stands: what it was about to do is not done.
    pub fn end(&self, work: &str) {
        if let Some(task) = self.lock().remove(work) {
            task.abort();
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Task>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
