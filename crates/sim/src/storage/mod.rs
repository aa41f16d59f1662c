//! What etcd is to a cluster: objects by their address, every change at a revision of its own, and
//! a history of changes that reaches back until it is compacted.
//!
//! Objects are kept as the JSON that the API shows, so that 150,000 pods fit into memory and a
//! watch event costs no serialization. Nothing here knows what an object means.

mod object;
mod reading;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use compact_str::CompactString;
use tokio::sync::mpsc;

use crate::kinds::Kind;

pub use object::Object;
pub use reading::Reading;

/// Most changes kept for watches that begin in the past. The real server keeps five minutes of
/// them; a cluster of 1,000 nodes makes 30,000 in that time, of renewed leases alone.
const HISTORY_MAX: usize = 100_000;

/// Where an object is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace; empty for kinds that have none.
    pub namespace: CompactString,
    /// Its name.
    pub name: CompactString,
}

impl Address {
    /// An address.
    pub fn new(kind: Kind, namespace: &str, name: &str) -> Self {
        Self { kind, namespace: namespace.into(), name: name.into() }
    }
}

/// One change.
#[derive(Clone, Debug)]
pub struct Change {
    /// The revision it made.
    pub revision: u64,
    /// Where.
    pub address: Address,
    /// What was there before.
    pub before: Option<Arc<Object>>,
    /// What is there now. Of a deletion: what was there last, at the revision of the deletion.
    pub after: Arc<Object>,
    /// Whether it is gone.
    pub is_deletion: bool,
}

/// Why something cannot be read from the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Past {
    /// The history begins later.
    Compacted {
        /// The oldest revision from which changes are known.
        oldest: u64,
    },
    /// Nothing has happened at that revision yet.
    Future,
}

/// Changes, as they come.
pub type Changes = mpsc::UnboundedReceiver<Arc<Change>>;

/// The store. Cheap to clone; clones are the same store.
#[derive(Clone, Default)]
pub struct Storage {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    revision: u64,
    objects: BTreeMap<Address, Arc<Object>>,
    history: VecDeque<Arc<Change>>,
    /// The newest revision whose changes are forgotten.
    compacted: u64,
    listeners: Vec<Listener>,
}

/// Who hears of changes, of one kind or of all.
struct Listener {
    kind: Option<Kind>,
    sender: mpsc::UnboundedSender<Arc<Change>>,
}

impl Listener {
    /// Tells it of a change that it is to hear of. False when it is gone.
    fn tell(&self, change: &Arc<Change>) -> bool {
        if self.kind.is_some_and(|kind| kind != change.address.kind) {
            return !self.sender.is_closed();
        }
        self.sender.send(Arc::clone(change)).is_ok()
    }
}

impl Storage {
    /// The newest revision.
    pub fn revision(&self) -> u64 {
        self.lock().revision
    }

    /// The object at an address.
    pub fn get(&self, address: &Address) -> Option<Arc<Object>> {
        self.lock().objects.get(address).cloned()
    }

    /// All objects of a kind, of one namespace or all, by address, and the revision they are of.
    pub fn list(&self, kind: Kind, namespace: Option<&str>) -> (Vec<(Address, Arc<Object>)>, u64) {
        let state = self.lock();
        let own = state.of(kind, namespace).map(|(address, object)| (address.clone(), Arc::clone(object)));
        (own.collect(), state.revision)
    }

    /// [`Self::list`] as it was at an earlier revision.
    pub fn list_at(
        &self,
        kind: Kind,
        namespace: Option<&str>,
        revision: u64,
    ) -> Result<Vec<(Address, Arc<Object>)>, Past> {
        let state = self.lock();
        let is_own = |address: &Address| {
            address.kind == kind && namespace.is_none_or(|namespace| address.namespace == namespace)
        };
        let changes = state.changes_after(revision)?.filter(|change| is_own(&change.address));
        let mut changes = changes.rev().peekable();
        let own = state.of(kind, namespace);
        if changes.peek().is_none() {
            // The next page of a list that goes on: the same as now.
            return Ok(own.map(|(address, object)| (address.clone(), Arc::clone(object))).collect());
        }
        let mut objects: BTreeMap<&Address, &Arc<Object>> = own.collect();
        for change in changes {
            let Change { address, before, .. } = &**change;
            match before {
                Some(before) => objects.insert(address, before),
                None => objects.remove(address),
            };
        }
        Ok(objects.into_iter().map(|(address, object)| (address.clone(), Arc::clone(object))).collect())
    }

    /// [`Self::get`] as it was at an earlier revision.
    pub fn get_at(&self, address: &Address, revision: u64) -> Result<Option<Arc<Object>>, Past> {
        let state = self.lock();
        let next = state.changes_after(revision)?.find(|change| change.address == *address);
        Ok(next.map_or_else(|| state.objects.get(address).cloned(), |change| change.before.clone()))
    }

    /// How many objects of a kind there are.
    pub fn count(&self, kind: Kind) -> usize {
        let state = self.lock();
        state
            .objects
            .range(Address::new(kind, "", "")..)
            .take_while(|(address, _)| address.kind == kind)
            .count()
    }

    /// Stores what `make` makes of what is there, at the next revision, which it is told. Nothing
    /// happens when it refuses.
    pub fn put<E>(
        &self,
        address: &Address,
        make: impl FnOnce(Option<&Arc<Object>>, u64) -> Result<Object, E>,
    ) -> Result<Arc<Object>, E> {
        let mut state = self.lock();
        let before = state.objects.get(address).cloned();
        let after = Arc::new(make(before.as_ref(), state.revision + 1)?);
        state.objects.insert(address.clone(), Arc::clone(&after));
        state.record(address.clone(), before, Arc::clone(&after), false);
        Ok(after)
    }

    /// Removes what is there, if `make` agrees; what it makes of it, at the revision of the
    /// deletion, is what watches see last.
    pub fn remove<E>(
        &self,
        address: &Address,
        make: impl FnOnce(Option<&Arc<Object>>, u64) -> Result<Object, E>,
    ) -> Result<Arc<Object>, E> {
        let mut state = self.lock();
        let before = state.objects.get(address).cloned();
        let last = Arc::new(make(before.as_ref(), state.revision + 1)?);
        if state.objects.remove(address).is_some() {
            state.record(address.clone(), before, Arc::clone(&last), true);
        }
        Ok(last)
    }

    /// Every change from now on, in order.
    pub fn listen(&self) -> Changes {
        self.lock().listen(None)
    }

    /// Every change of a kind since a revision, and every one from now on.
    pub fn since(&self, kind: Kind, revision: u64) -> Result<(Vec<Arc<Change>>, Changes), Past> {
        let mut state = self.lock();
        let missed = state.changes_after(revision)?.filter(|change| change.address.kind == kind);
        let missed = missed.cloned().collect();
        Ok((missed, state.listen(Some(kind))))
    }

    /// A store at the same revision that holds these objects alone, and goes its own way.
    #[must_use]
    pub fn excerpt(&self, addresses: &[&Address]) -> Self {
        let state = self.lock();
        let own = addresses.iter().filter_map(|address| state.objects.get_key_value(address));
        let objects = own.map(|(address, object)| (address.clone(), Arc::clone(object))).collect();
        let (revision, compacted) = (state.revision, state.revision);
        let excerpt = State { revision, objects, compacted, ..State::default() };
        Self { state: Arc::new(Mutex::new(excerpt)) }
    }

    /// Forgets all changes until now: watches that begin in the past are refused.
    pub fn compact(&self) {
        let mut state = self.lock();
        state.history.clear();
        state.compacted = state.revision;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn of<'a>(
        &'a self,
        kind: Kind,
        namespace: Option<&'a str>,
    ) -> impl Iterator<Item = (&'a Address, &'a Arc<Object>)> {
        let first = Address::new(kind, namespace.unwrap_or_default(), "");
        self.objects.range(first..).take_while(move |(address, _)| {
            address.kind == kind && namespace.is_none_or(|namespace| address.namespace == namespace)
        })
    }

    /// What happened after a revision, the oldest first.
    fn changes_after(&self, revision: u64) -> Result<impl DoubleEndedIterator<Item = &Arc<Change>>, Past> {
        if revision < self.compacted {
            return Err(Past::Compacted { oldest: self.compacted });
        }
        if revision > self.revision {
            return Err(Past::Future);
        }
        let from = self.history.partition_point(|change| change.revision <= revision);
        Ok(self.history.range(from..))
    }

    fn record(
        &mut self,
        address: Address,
        before: Option<Arc<Object>>,
        after: Arc<Object>,
        is_deletion: bool,
    ) {
        self.revision += 1;
        let change = Arc::new(Change { revision: self.revision, address, before, after, is_deletion });
        self.listeners.retain(|listener| listener.tell(&change));
        self.history.push_back(change);
        while self.history.len() > HISTORY_MAX {
            if let Some(forgotten) = self.history.pop_front() {
                self.compacted = forgotten.revision;
            }
        }
    }

    fn listen(&mut self, kind: Option<Kind>) -> Changes {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.listeners.push(Listener { kind, sender });
        receiver
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds;

    /// What a write makes of whatever is there.
    fn put(storage: &Storage, address: &Address) {
        storage.put(address, |_, revision| Ok::<_, ()>(object(revision))).unwrap();
    }

    fn object(revision: u64) -> Object {
        Object::new(&json!({"metadata": {"name": "n", "resourceVersion": revision.to_string()}}))
    }

    #[test]
    fn changes_are_told_in_order_and_read_back_until_they_are_compacted() {
        let storage = Storage::default();
        let mut heard = storage.listen();
        let (node, lease) =
            (Address::new(kinds::NODE, "", "n"), Address::new(kinds::LEASE, "kube-node-lease", "n"));
        for address in [&node, &lease, &node] {
            put(&storage, address);
        }
        storage.remove(&node, |_, revision| Ok::<_, ()>(object(revision))).unwrap();
        let told: Vec<(u64, bool)> =
            std::iter::from_fn(|| heard.try_recv().ok()).map(|c| (c.revision, c.is_deletion)).collect();
        assert_eq!(told, [(1, false), (2, false), (3, false), (4, true)]);
        let (missed, _) = storage.since(kinds::NODE, 1).unwrap();
        assert_eq!(missed.iter().map(|change| change.revision).collect::<Vec<_>>(), [3, 4]);
        assert_eq!(storage.since(kinds::NODE, 5).unwrap_err(), Past::Future);
        storage.compact();
        assert_eq!(storage.since(kinds::NODE, 3).unwrap_err(), Past::Compacted { oldest: 4 });
        assert!(storage.since(kinds::NODE, 4).unwrap().0.is_empty());
    }

    #[test]
    fn a_list_holds_its_kind_and_namespace_alone() {
        let storage = Storage::default();
        for (kind, namespace, name) in [
            (kinds::POD, "shop", "b"),
            (kinds::POD, "shop", "a"),
            (kinds::POD, "shopping", "c"),
            (kinds::POD, "bank", "d"),
            (kinds::SERVICE, "shop", "e"),
            (kinds::NODE, "", "f"),
        ] {
            put(&storage, &Address::new(kind, namespace, name));
        }
        let names = |namespace| {
            let (objects, revision) = storage.list(kinds::POD, namespace);
            assert_eq!(revision, 6);
            objects.iter().map(|(address, _)| address.name.as_str()).collect::<String>()
        };
        assert_eq!((names(Some("shop")), names(None)), ("ab".to_owned(), "dabc".to_owned()));
        assert_eq!((storage.count(kinds::POD), storage.count(kinds::JOB)), (4, 0));
    }

    #[test]
    fn the_past_is_as_it_was() {
        let storage = Storage::default();
        let [a, b] = ["a", "b"].map(|name| Address::new(kinds::POD, "shop", name));
        for address in [&a, &b, &a] {
            put(&storage, address);
        }
        storage.remove(&b, |_, revision| Ok::<_, ()>(object(revision))).unwrap();
        let at = |revision| {
            let objects = storage.list_at(kinds::POD, Some("shop"), revision).unwrap();
            objects.iter().map(|(address, object)| format!("{}{}", address.name, object.revision)).collect()
        };
        let past: Vec<Vec<String>> = (0..=4).map(at).collect();
        assert_eq!(past, [vec![], vec!["a1"], vec!["a1", "b2"], vec!["a3", "b2"], vec!["a3"]]);
        let one =
            |address, revision| storage.get_at(address, revision).unwrap().map(|object| object.revision);
        assert_eq!((one(&a, 0), one(&a, 2), one(&a, 4)), (None, Some(1), Some(3)));
        assert_eq!((one(&b, 3), one(&b, 4)), (Some(2), None));
        storage.compact();
        assert_eq!(storage.get_at(&a, 1).unwrap_err(), Past::Compacted { oldest: 4 });
    }

    #[test]
    fn what_is_refused_changes_nothing() {
        let storage = Storage::default();
        let address = Address::new(kinds::NODE, "", "n");
        assert!(storage.put(&address, |_, _| Err::<Object, _>("no")).is_err());
        assert_eq!((storage.revision(), storage.get(&address).is_none()), (0, true));
    }
}
