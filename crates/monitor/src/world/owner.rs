//! The controller that an object belongs to.

use cluster::views::Meta;

use super::name::{Interner, Name};

/// Kind and name of a controller in the object's namespace, as one shared text:
/// `ReplicaSet/web-5d4f8c9b7`. Neither may contain the slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner(Name);

impl Owner {
    /// The controller among an object's owners. A static pod's is its node, which does not
    /// replace it: nobody does.
    pub(crate) fn of(meta: &Meta, names: &mut Interner) -> Option<Self> {
        let controller = meta.controller().filter(|owner| owner.kind != "Node")?;
        Some(Self(names.intern(&key(&controller.kind, &controller.name))))
    }

    pub(crate) fn kind(&self) -> &str {
        self.0.split_once('/').map_or("", |(kind, _)| kind)
    }

    pub(crate) fn name(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, name)| name)
    }

    /// The text by which the indexes know it.
    pub(crate) fn key(&self) -> &Name {
        &self.0
    }
}

/// The text by which the indexes know a controller.
pub(crate) fn key(kind: &str, name: &str) -> String {
    format!("{kind}/{name}")
}
