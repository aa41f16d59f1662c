//! Entries in memory: for the simulator, where a crash is played by dropping what reads them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use environment::Environment;
use jiff::Timestamp;

use super::{Error, Store};
use crate::entries::{Entry, Fact, Incarnation, Stamp};

/// A store that several lives of a service can share, as they would share a disk. Cheap to clone.
#[derive(Clone)]
pub struct Memory {
    environment: Environment,
    incarnation: Incarnation,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    entries: BTreeMap<Stamp, Fact>,
    sequence: u64,
    last: Option<Timestamp>,
    failing: Option<Error>,
    /// Whether it cannot even be read.
    is_away: bool,
    /// How long each write takes.
    slow: Duration,
}

impl Memory {
    /// An empty store.
    pub fn new(environment: &Environment, incarnation: Incarnation) -> Self {
        Self { environment: environment.clone(), incarnation, kept: Arc::default() }
    }

    /// From now on nothing can be kept, for this reason; `None` heals it.
    pub fn fail(&self, error: Option<Error>) {
        self.lock().failing = error;
    }

    /// From now on nothing can be kept or read, for this reason.
    pub fn take_away(&self, error: Error) {
        let mut kept = self.lock();
        kept.failing = Some(error);
        kept.is_away = true;
    }

    /// From now on each write takes so long.
    pub fn slow_down(&self, by: Duration) {
        self.lock().slow = by;
    }

    /// Nothing is wrong with it any more.
    pub fn mend(&self) {
        let mut kept = self.lock();
        (kept.failing, kept.is_away, kept.slow) = (None, false, Duration::ZERO);
    }

    /// Takes as long as a write does now.
    async fn pass(&self) {
        let slow = self.lock().slow;
        if !slow.is_zero() {
            tokio::time::sleep(slow).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for Memory {
    async fn append(&self, facts: Vec<Fact>) -> Result<Vec<Entry>, Error> {
        self.pass().await;
        let now = self.environment.now();
        let mut kept = self.lock();
        if let Some(error) = &kept.failing {
            return Err(error.clone());
        }
        let receipt = kept.last.map_or(now, |last| last.max(now));
        kept.last = Some(receipt);
        let mut entries = Vec::with_capacity(facts.len());
        for fact in facts {
            kept.sequence += 1;
            let stamp = Stamp { receipt, incarnation: self.incarnation, sequence: kept.sequence };
            kept.entries.insert(stamp, fact.clone());
            entries.push(Entry { stamp, fact });
        }
        Ok(entries)
    }

    async fn load(&self) -> Result<Vec<Entry>, Error> {
        let kept = self.lock();
        if let Some(error) = kept.failing.as_ref().filter(|_| kept.is_away) {
            return Err(error.clone());
        }
        Ok(kept.entries.iter().map(|(stamp, fact)| Entry { stamp: *stamp, fact: fact.clone() }).collect())
    }

    async fn forget(&self, stamps: Vec<Stamp>) -> Result<(), Error> {
        let mut kept = self.lock();
        if let Some(error) = kept.failing.as_ref().filter(|_| kept.is_away) {
            return Err(error.clone());
        }
        for stamp in stamps {
            kept.entries.remove(&stamp);
        }
        Ok(())
    }

    async fn probe(&self) -> Result<(), Error> {
        self.lock().failing.clone().map_or(Ok(()), Err)
    }

    async fn close(&self) {}
}
