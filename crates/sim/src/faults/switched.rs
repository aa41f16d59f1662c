//! Faults of the ways to the API server that are switched on, by the fault of the timetable that
//! did so.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::api::{Fault, FaultId, Faults};

/// What is switched on. Cheap to clone.
#[derive(Clone)]
pub struct Switched {
    faults: Faults,
    on: Arc<Mutex<On>>,
}

/// By the name and subject of a timetable's fault: what it switched on, and each time it did.
type On = BTreeMap<(&'static str, String), Vec<Vec<FaultId>>>;

impl Switched {
    /// Nothing is switched on.
    pub(crate) fn new(faults: &Faults) -> Self {
        Self { faults: faults.clone(), on: Arc::default() }
    }

    /// Switches something on.
    pub(super) fn on(&self, name: &'static str, subject: &str, wrong: impl IntoIterator<Item = Fault>) {
        let ids = wrong.into_iter().map(|fault| self.faults.add(fault)).collect();
        self.lock().entry((name, subject.to_owned())).or_default().push(ids);
    }

    /// Whether it is switched on.
    pub(super) fn is_on(&self, name: &'static str, subject: &str) -> bool {
        self.lock().get(&(name, subject.to_owned())).is_some_and(|times| !times.is_empty())
    }

    /// Switches off what was switched on last under this name.
    pub(super) fn off(&self, name: &'static str, subject: &str) {
        let ids = self.lock().get_mut(&(name, subject.to_owned())).and_then(Vec::pop);
        for id in ids.into_iter().flatten() {
            self.faults.remove(id);
        }
    }

    /// Switches everything off.
    pub(crate) fn clear(&self) {
        self.lock().clear();
        self.faults.clear();
    }

    fn lock(&self) -> MutexGuard<'_, On> {
        self.on.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
