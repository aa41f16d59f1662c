//! ReplicaSets: between pods and their Deployment, one per revision. Most of them are old
//! revisions without pods, so their record is small.

use cluster::views;

use super::name::{Interner, Name};
use super::owner::Owner;
use super::table::Record;
use super::uid::Uid;

/// The annotation that counts a Deployment's revisions.
const REVISION: &str = "deployment.kubernetes.io/revision";

/// A ReplicaSet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReplicaSet {
    pub(crate) name: Box<str>,
    pub(crate) namespace: Name,
    pub(crate) owner: Option<Owner>,
    /// Its own UID where it is nobody's; its owner's else.
    pub(crate) top_uid: Uid,
    /// Which revision of its Deployment it is; zero where nobody said.
    pub(crate) revision: u32,
}

impl Record for ReplicaSet {
    fn namespace(&self) -> &str {
        &self.namespace
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl ReplicaSet {
    pub(super) fn new(view: &views::ReplicaSet, names: &mut Interner) -> Self {
        let meta = &view.metadata;
        let revision = meta.annotations.get(REVISION).and_then(|revision| revision.parse().ok());
        let top_uid = meta.controller().map_or(&meta.uid, |owner| &owner.uid);
        Self {
            name: meta.name.as_str().into(),
            namespace: names.intern(&meta.namespace),
            owner: Owner::of(meta, names),
            top_uid: Uid::new(top_uid, names),
            revision: revision.unwrap_or(0),
        }
    }
}
