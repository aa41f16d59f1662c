//! The records of one kind, found by namespace and name, with relists that never show half.

use std::hash::{BuildHasher, Hasher};

use hashbrown::HashTable;

use super::name::Fixed;

/// Records in one piece of memory. Growing piece by piece neither copies what is there nor
/// leaves half of the memory unused, as one doubling list would.
const CHUNK: usize = 256;

/// Something with a name in a namespace (empty for cluster-wide kinds).
pub(crate) trait Record {
    fn namespace(&self) -> &str;
    fn name(&self) -> &str;
}

/// Where a record is, until it is removed; its place is then used again.
pub(crate) type Id = u32;

/// The records of one kind.
pub(crate) struct Table<R> {
    index: HashTable<Id>,
    chunks: Vec<Vec<Option<R>>>,
    free: Vec<Id>,
    /// Which places have been listed, while a list is under way.
    listed: Option<Vec<u64>>,
}

impl<R> Default for Table<R> {
    fn default() -> Self {
        Self { index: HashTable::new(), chunks: Vec::new(), free: Vec::new(), listed: None }
    }
}

impl<R: Record> Table<R> {
    /// Puts a record in, and gives its place and the record of the same name that was there.
    pub(crate) fn put(&mut self, record: R) -> (Id, Option<R>) {
        let hash = hash(record.namespace(), record.name());
        let known = self.find(hash, record.namespace(), record.name());
        let id = known.unwrap_or_else(|| self.vacancy());
        let old = self.slot(id).replace(record);
        if known.is_none() {
            let Self { index, chunks, .. } = self;
            index.insert_unique(hash, id, |id| rehash(chunks, *id));
        }
        if let Some(listed) = &mut self.listed {
            mark(listed, id);
        }
        (id, old)
    }

    /// Notes that a list named a record that it could not show: what was known of it stays.
    pub(crate) fn keep(&mut self, namespace: &str, name: &str) {
        if let (Some(id), Some(listed)) = (self.id(namespace, name), &mut self.listed) {
            mark(listed, id);
        }
    }

    /// Takes out the record at a place.
    pub(crate) fn remove(&mut self, id: Id) -> Option<R> {
        let record = self.chunks.get_mut(id as usize / CHUNK)?.get_mut(id as usize % CHUNK)?.take()?;
        let hash = hash(record.namespace(), record.name());
        if let Ok(entry) = self.index.find_entry(hash, |own| *own == id) {
            entry.remove();
        }
        self.free.push(id);
        Some(record)
    }

    /// The record at a place.
    pub(crate) fn at(&self, id: Id) -> Option<&R> {
        self.chunks.get(id as usize / CHUNK)?.get(id as usize % CHUNK)?.as_ref()
    }

    /// The record at a place, to be changed in what is not its name.
    pub(crate) fn at_mut(&mut self, id: Id) -> Option<&mut R> {
        self.chunks.get_mut(id as usize / CHUNK)?.get_mut(id as usize % CHUNK)?.as_mut()
    }

    /// Where a record is.
    pub(crate) fn id(&self, namespace: &str, name: &str) -> Option<Id> {
        self.find(hash(namespace, name), namespace, name)
    }

    /// The record of that name.
    pub(crate) fn get(&self, namespace: &str, name: &str) -> Option<&R> {
        self.at(self.id(namespace, name)?)
    }

    /// All records with their places, in the order of these.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Id, &R)> {
        let slots = self.chunks.iter().flatten().zip(0..);
        slots.filter_map(|(record, id)| Some((id, record.as_ref()?)))
    }

    /// How many records there are.
    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    /// A list begins: until it ends, records that it has not named yet stay.
    pub(crate) fn list_started(&mut self) {
        self.listed = Some(Vec::new());
    }

    /// A list ended: the places of the records that it did not name, which are to be removed.
    pub(crate) fn list_done(&mut self) -> Vec<Id> {
        let Some(listed) = self.listed.take() else { return Vec::new() };
        self.iter().map(|(id, _)| id).filter(|id| !is_marked(&listed, *id)).collect()
    }

    fn find(&self, hash: u64, namespace: &str, name: &str) -> Option<Id> {
        let is_it = |id: &Id| {
            self.at(*id).is_some_and(|record| record.name() == name && record.namespace() == namespace)
        };
        self.index.find(hash, is_it).copied()
    }

    fn vacancy(&mut self) -> Id {
        if let Some(id) = self.free.pop() {
            return id;
        }
        if self.chunks.last().is_none_or(|chunk| chunk.len() == CHUNK) {
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        let last = self.chunks.len() - 1;
        self.chunks[last].push(None);
        (last * CHUNK + self.chunks[last].len() - 1) as Id
    }

    fn slot(&mut self, id: Id) -> &mut Option<R> {
        &mut self.chunks[id as usize / CHUNK][id as usize % CHUNK]
    }
}

fn rehash<R: Record>(chunks: &[Vec<Option<R>>], id: Id) -> u64 {
    let record = chunks[id as usize / CHUNK][id as usize % CHUNK].as_ref();
    record.map_or(0, |record| hash(record.namespace(), record.name()))
}

fn hash(namespace: &str, name: &str) -> u64 {
    let mut hasher = Fixed::default().build_hasher();
    hasher.write(name.as_bytes());
    hasher.write_u8(b'/');
    hasher.write(namespace.as_bytes());
    hasher.finish()
}

fn mark(bits: &mut Vec<u64>, id: Id) {
    let word = id as usize / 64;
    if bits.len() <= word {
        bits.resize(word + 1, 0);
    }
    bits[word] |= 1 << (id % 64);
}

fn is_marked(bits: &[u64], id: Id) -> bool {
    bits.get(id as usize / 64).is_some_and(|word| word & (1 << (id % 64)) != 0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Sample(String, u32);

    impl Record for Sample {
        fn namespace(&self) -> &'static str {
            "ns"
        }

        fn name(&self) -> &str {
            &self.0
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Put(u8, u32),
        Take(u8),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            3 => (any::<u8>(), any::<u32>()).prop_map(|(name, value)| Step::Put(name, value)),
            1 => any::<u8>().prop_map(Step::Take),
        ];
        prop::collection::vec(step, 0..600)
    }

    proptest! {
        #[test]
        fn it_is_a_map(steps in steps()) {
            let (mut table, mut map) = (Table::default(), BTreeMap::new());
            for step in steps {
                match step {
                    Step::Put(name, value) => {
                        let (id, old) = table.put(Sample(name.to_string(), value));
                        prop_assert_eq!(old.map(|old| old.1), map.insert(name, value));
                        prop_assert_eq!(table.at(id).map(|record| record.1), Some(value));
                    }
                    Step::Take(name) => {
                        let old = table.id("ns", &name.to_string()).and_then(|id| table.remove(id));
                        prop_assert_eq!(old.map(|old| old.1), map.remove(&name));
                    }
                }
            }
            prop_assert_eq!(table.len(), map.len());
            for (name, value) in &map {
                prop_assert_eq!(table.get("ns", &name.to_string()).map(|record| record.1), Some(*value));
            }
            let mut all: Vec<u32> = table.iter().map(|(_, record)| record.1).collect();
            let mut expected: Vec<u32> = map.into_values().collect();
            all.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(all, expected);
        }
    }

    #[test]
    fn a_list_removes_what_it_did_not_name_and_only_at_its_end() {
        let mut table = Table::default();
        for name in ["a", "b", "c"] {
            table.put(Sample(name.into(), 1));
        }
        table.list_started();
        table.put(Sample("b".into(), 2));
        assert_eq!(table.len(), 3);
        // It broke off and began again.
        table.list_started();
        table.put(Sample("c".into(), 2));
        table.put(Sample("d".into(), 2));
        table.keep("ns", "a");
        table.keep("ns", "never heard of");
        let gone: Vec<String> = table.list_done().iter().map(|id| table.at(*id).unwrap().0.clone()).collect();
        assert_eq!(gone, ["b"]);
        assert!(table.list_done().is_empty());
    }

    #[test]
    fn the_same_name_elsewhere_is_another_record() {
        assert_ne!(hash("a", "b"), hash("b", "a"));
        assert!(Table::<Sample>::default().get("other", "a").is_none());
    }
}
