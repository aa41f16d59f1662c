//! Entries in memory: for the simulator, where a crash is played by dropping what reads them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use environment::Environment;
use jiff::Timestamp;

use super::{Error, Store};
use crate::entries::{Entry, Fact, Incarnation, Stamp};

/// What can be wrong with the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing can be kept.
    Failing(Error),
    /// Nothing can be kept or read.
    Away(Error),
    /// Each write takes so long; what waits for it is written together by the next, as a file does it.
    Slow(Duration),
}

/// A store that several lives of a service can share, as they would share a disk. Cheap to clone.
#[derive(Clone)]
pub struct Memory {
    environment: Environment,
    incarnation: Incarnation,
    kept: Arc<Mutex<Kept>>,
    /// When the last write began; held while one lasts, so that they end in the order in which they came.
    writing: Arc<tokio::sync::Mutex<Option<Duration>>>,
}

#[derive(Default)]
struct Kept {
    entries: BTreeMap<Stamp, Fact>,
    sequence: u64,
    last: Option<Timestamp>,
    /// What is wrong, as often as it was said.
    troubles: Vec<Trouble>,
}

impl Kept {
    /// Why nothing can be written.
    fn unwritable(&self) -> Result<(), Error> {
        let failing = |trouble: &Trouble| match trouble {
            Trouble::Failing(error) | Trouble::Away(error) => Some(error.clone()),
            Trouble::Slow(_) => None,
        };
        self.troubles.iter().find_map(failing).map_or(Ok(()), Err)
    }

    /// Why nothing can be read.
    fn unreadable(&self) -> Result<(), Error> {
        let away = |trouble: &Trouble| match trouble {
            Trouble::Away(error) => Some(error.clone()),
            _ => None,
        };
        self.troubles.iter().find_map(away).map_or(Ok(()), Err)
    }

    /// How long a write takes.
    fn slow(&self) -> Duration {
        let slow = |trouble: &Trouble| match trouble {
            Trouble::Slow(by) => Some(*by),
            _ => None,
        };
        self.troubles.iter().filter_map(slow).max().unwrap_or_default()
    }
}

impl Memory {
    /// An empty store.
    pub fn new(environment: &Environment, incarnation: Incarnation) -> Self {
        let (kept, writing) = (Arc::default(), Arc::default());
        Self { environment: environment.clone(), incarnation, kept, writing }
    }

    /// Something is wrong with it from now on.
    pub fn begin(&self, trouble: Trouble) {
        self.lock().troubles.push(trouble);
    }

    /// That is over; what else is wrong goes on. A write that has begun still takes its time.
    pub fn end(&self, trouble: &Trouble) {
        let mut kept = self.lock();
        if let Some(at) = kept.troubles.iter().position(|own| own == trouble) {
            kept.troubles.remove(at);
        }
    }

    /// Takes as long as a write does now, after those that came before.
    async fn write(&self) {
        let came = self.environment.monotonic();
        let mut began = self.writing.lock().await;
        let is_with_the_last = began.is_some_and(|began| came <= began);
        let slow = self.lock().slow();
        if !slow.is_zero() && !is_with_the_last {
            *began = Some(self.environment.monotonic());
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
        self.write().await;
        let now = self.environment.now();
        let mut kept = self.lock();
        kept.unwritable()?;
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
        kept.unreadable()?;
        Ok(kept.entries.iter().map(|(stamp, fact)| Entry { stamp: *stamp, fact: fact.clone() }).collect())
    }

    async fn forget(&self, stamps: Vec<Stamp>) -> Result<(), Error> {
        self.write().await;
        let mut kept = self.lock();
        kept.unreadable()?;
        for stamp in stamps {
            kept.entries.remove(&stamp);
        }
        Ok(())
    }

    async fn probe(&self) -> Result<(), Error> {
        self.lock().unwritable()
    }

    async fn close(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn slow_writes_end_in_the_order_in_which_they_came_and_those_that_wait_together() {
        let environment = Environment::test(1);
        let store = Memory::new(&environment, Incarnation(1));
        store.begin(Trouble::Slow(Duration::from_secs(5)));
        let ended = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for comes in [0, 1, 2, 7] {
            let (own, store, ended) = (environment.clone(), store.clone(), Arc::clone(&ended));
            tasks.push(environment.spawn("write", async move {
                let begins = own.monotonic();
                tokio::time::sleep(Duration::from_secs(comes)).await;
                store.append(Vec::new()).await.unwrap();
                ended.lock().unwrap().push((comes, own.monotonic().saturating_sub(begins).as_secs()));
            }));
        }
        for task in tasks {
            task.join().await;
        }
        assert_eq!(*ended.lock().unwrap(), [(0, 5), (1, 10), (2, 10), (7, 15)]);
    }
}
