//! What is read of objects again and again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::de::DeserializeOwned;

use super::{Address, Object};

/// What was read of objects of a few kinds, so that each version is read once.
#[derive(Debug)]
pub struct Reading<T> {
    /// With the revision that it is of.
    known: Mutex<BTreeMap<Address, (u64, Arc<T>)>>,
}

impl<T> Default for Reading<T> {
    fn default() -> Self {
        Self { known: Mutex::default() }
    }
}

impl<T: DeserializeOwned + Default> Reading<T> {
    /// What an object at an address says; nothing where it does not fit.
    pub fn of(&self, address: &Address, object: &Object) -> Arc<T> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match known.get(address) {
            Some((revision, read)) if *revision == object.revision => Arc::clone(read),
            _ => {
                let read: Arc<T> = Arc::new(object.read().unwrap_or_default());
                known.insert(address.clone(), (object.revision, Arc::clone(&read)));
                read
            }
        }
    }
}
