//! Label sets and selectors of the simple kind: every pair must be there.

use cluster::views::Pairs;

use super::name::{Interner, Name};

/// Pairs of a label's name and value, ordered by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Labels(Box<[(Name, Name)]>);

impl Labels {
    pub(super) fn new(pairs: &Pairs, names: &mut Interner) -> Self {
        Self(pairs.iter().map(|(key, value)| (names.intern(key), names.intern(value))).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all of these pairs are among `others`.
    pub(crate) fn are_within(&self, others: &Self) -> bool {
        self.0.iter().all(|pair| others.0.contains(pair))
    }
}

impl std::fmt::Display for Labels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, (key, value)) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{key}={value}")?;
        }
        Ok(())
    }
}
