//! Interned texts: what many records say alike is held once.

use std::fmt;
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use hashbrown::HashTable;
use rustc_hash::FxHasher;

/// The hasher of everything in here: the same on every machine and in every run. Nothing is
/// ordered by it.
pub(super) type Fixed = BuildHasherDefault<FxHasher>;

/// The least number of texts before a sweep is worth its while.
const SWEEP_FROM: usize = 4096;

/// A text that equal texts share. Eight bytes in the record that holds it.
#[derive(Clone)]
pub(crate) struct Name(Arc<Held>);

/// Behind one more pointer, so that a [`Name`] is eight bytes and not sixteen.
struct Held(Box<str>);

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0.0
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || **self == **other
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

/// Hands out [`Name`]s. Texts that nobody holds any more go at the next sweep, which happens when
/// as many new ones have come as there were: names of Jobs come and go by the thousand.
#[derive(Default)]
pub(crate) struct Interner {
    texts: HashTable<Name>,
    sweep_at: usize,
}

impl Interner {
    /// The shared text equal to `text`.
    pub(crate) fn intern(&mut self, text: &str) -> Name {
        let hash = Fixed::default().hash_one(text);
        if let Some(known) = self.texts.find(hash, |known| **known == *text) {
            return known.clone();
        }
        if self.texts.len() >= self.sweep_at {
            self.sweep();
        }
        let name = Name(Arc::new(Held(text.into())));
        self.texts.insert_unique(hash, name.clone(), |known| Fixed::default().hash_one(&**known));
        name
    }

    /// [`Self::intern`], with nothing for the empty text.
    pub(crate) fn intern_some(&mut self, text: &str) -> Option<Name> {
        (!text.is_empty()).then(|| self.intern(text))
    }

    /// Lets go of what only the interner still holds.
    fn sweep(&mut self) {
        self.texts.retain(|name| Arc::strong_count(&name.0) > 1);
        self.sweep_at = (self.texts.len() * 2).max(SWEEP_FROM);
    }

    /// How many texts are held.
    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_one() {
        let mut names = Interner::default();
        let (first, again, other) = (names.intern("shop"), names.intern("shop"), names.intern("bank"));
        assert!(Arc::ptr_eq(&first.0, &again.0));
        assert_eq!(first, again);
        assert_ne!(first, other);
        assert_eq!((names.len(), names.intern_some("")), (2, None));
    }

    #[test]
    fn what_nobody_holds_goes() {
        let mut names = Interner::default();
        let kept = names.intern("kept");
        for n in 0..10 * SWEEP_FROM {
            names.intern(&format!("job-{n}"));
        }
        assert!(names.len() <= 2 * SWEEP_FROM, "{} texts are held", names.len());
        assert!(Arc::ptr_eq(&kept.0, &names.intern("kept").0));
    }

    #[test]
    fn a_name_is_one_word() {
        assert_eq!(size_of::<Option<Name>>(), size_of::<usize>());
    }
}
