//! Namespaces: only whether what is in them is to go.

use cluster::views;

use super::name::{Interner, Name};
use super::table::Record;

/// A namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Namespace {
    pub(crate) name: Name,
    /// Whether its deletion was asked for. Its pods go first, and Services and workloads only when
    /// the last of these has gone.
    pub(crate) terminating: bool,
}

impl Record for Namespace {
    fn namespace(&self) -> &'static str {
        ""
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl Namespace {
    pub(super) fn new(view: &views::Namespace, names: &mut Interner) -> Self {
        Self { name: names.intern(&view.metadata.name), terminating: view.metadata.is_terminating() }
    }
}
