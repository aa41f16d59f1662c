//! Which records belong to what: pods to their node, pods to their owner, slices to their Service.

use std::hash::{BuildHasher, Hasher};

use hashbrown::HashTable;

use super::name::{Fixed, Name};
use super::owner::Owner;
use super::table::Id;

/// Places of records by a pair of names: a namespace (or nothing) and what is in it.
#[derive(Default)]
pub(crate) struct Index {
    entries: HashTable<Entry>,
}

struct Entry {
    namespace: Option<Name>,
    name: Name,
    /// In no particular order; who needs one sorts.
    ids: Vec<Id>,
}

impl Entry {
    fn is(&self, namespace: &str, name: &str) -> bool {
        *self.name == *name && self.namespace.as_deref().unwrap_or_default() == namespace
    }

    fn hash(&self) -> u64 {
        hash(self.namespace.as_deref().unwrap_or_default(), &self.name)
    }
}

impl Index {
    /// Adds a record.
    pub(crate) fn add(&mut self, namespace: Option<&Name>, name: &Name, id: Id) {
        let space = namespace.map_or("", |namespace| namespace);
        let hash = hash(space, name);
        if let Some(entry) = self.entries.find_mut(hash, |entry| entry.is(space, name)) {
            entry.ids.push(id);
            return;
        }
        // Room for one to begin with: many owners have a single pod.
        let entry = Entry { namespace: namespace.cloned(), name: name.clone(), ids: vec![id] };
        self.entries.insert_unique(hash, entry, Entry::hash);
    }

    /// Removes a record.
    pub(crate) fn remove(&mut self, namespace: Option<&Name>, name: &Name, id: Id) {
        let space = namespace.map_or("", |namespace| namespace);
        let hash = hash(space, name);
        let Ok(mut found) = self.entries.find_entry(hash, |entry| entry.is(space, name)) else { return };
        let ids = &mut found.get_mut().ids;
        if let Some(at) = ids.iter().position(|own| *own == id) {
            ids.swap_remove(at);
        }
        if ids.is_empty() {
            found.remove();
        }
    }

    /// A record that belonged to `old` belongs to `new`.
    pub(crate) fn reown(&mut self, namespace: &Name, old: Option<&Owner>, new: Option<&Owner>, id: Id) {
        if old == new {
            return;
        }
        if let Some(old) = old {
            self.remove(Some(namespace), old.key(), id);
        }
        if let Some(new) = new {
            self.add(Some(namespace), new.key(), id);
        }
    }

    /// The records, in no particular order.
    pub(crate) fn get(&self, namespace: &str, name: &str) -> &[Id] {
        let hash = hash(namespace, name);
        self.entries.find(hash, |entry| entry.is(namespace, name)).map_or(&[], |entry| &entry.ids)
    }
}

fn hash(namespace: &str, name: &str) -> u64 {
    let mut hasher = Fixed::default().build_hasher();
    hasher.write(name.as_bytes());
    hasher.write_u8(b'/');
    hasher.write(namespace.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::super::name::Interner;
    use super::*;

    #[test]
    fn what_is_added_is_found_until_it_is_removed() {
        let mut names = Interner::default();
        let (shop, web) = (names.intern("shop"), names.intern("ReplicaSet/web"));
        let mut index = Index::default();
        index.add(Some(&shop), &web, 1);
        index.add(Some(&shop), &web, 2);
        index.add(None, &web, 3);
        assert_eq!(index.get("shop", "ReplicaSet/web"), [1, 2]);
        assert_eq!(index.get("", "ReplicaSet/web"), [3]);
        index.remove(Some(&shop), &web, 1);
        index.remove(Some(&shop), &web, 9);
        assert_eq!(index.get("shop", "ReplicaSet/web"), [2]);
        index.remove(Some(&shop), &web, 2);
        assert!(index.get("shop", "ReplicaSet/web").is_empty());
        assert_eq!(index.entries.len(), 1);
    }
}
