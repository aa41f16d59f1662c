//! Jobs: who owns them, for the lineage of their pods.

use cluster::views;

use super::name::{Interner, Name};
use super::owner::Owner;
use super::table::Record;
use super::uid::Uid;

/// A Job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) name: Box<str>,
    pub(crate) namespace: Name,
    pub(crate) owner: Option<Owner>,
    /// Its own UID where it is nobody's; its owner's else.
    pub(crate) top_uid: Uid,
}

impl Record for Job {
    fn namespace(&self) -> &str {
        &self.namespace
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl Job {
    pub(super) fn new(view: &views::Job, names: &mut Interner) -> Self {
        let meta = &view.metadata;
        let top_uid = meta.controller().map_or(&meta.uid, |owner| &owner.uid);
        Self {
            name: meta.name.as_str().into(),
            namespace: names.intern(&meta.namespace),
            owner: Owner::of(meta, names),
            top_uid: Uid::new(top_uid, names),
        }
    }
}
