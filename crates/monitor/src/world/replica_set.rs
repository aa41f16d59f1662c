//! ReplicaSets: between pods and their Deployment, one per revision. Most of them are old
//! revisions without pods, so their record is small.

use cluster::views;

use super::labels::Labels;
use super::name::{Interner, Name};
use super::owner::Owner;
use super::table::Record;
use super::uid::Uid;
use crate::kind::Kind;

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
    /// How many pods there should be, unless it is a Deployment's, which says so itself.
    pub(crate) desired: i32,
    /// Its pods' labels, unless it is a Deployment's.
    pub(crate) pod_labels: Labels,
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
    /// Whether it wants pods, and with which labels, where Services may ask for that.
    pub(super) fn serves(&self) -> Option<(bool, &Labels)> {
        (!self.pod_labels.is_empty()).then_some((self.desired > 0, &self.pod_labels))
    }

    /// The controller that says how many pods there should be: itself where it is nobody's.
    pub(crate) fn top(&self) -> (&str, &str) {
        self.owner.as_ref().map_or((Kind::ReplicaSet.as_str(), &self.name), |own| (own.kind(), own.name()))
    }

    pub(super) fn new(view: &views::ReplicaSet, names: &mut Interner) -> Self {
        let meta = &view.metadata;
        let revision = meta.annotations.get(REVISION).and_then(|revision| revision.parse().ok());
        let owner = Owner::of(meta, names);
        let is_deployments = owner.as_ref().is_some_and(|owner| owner.kind() == Kind::Deployment.as_str());
        let (desired, pod_labels) = if is_deployments {
            (0, Labels::default())
        } else {
            (view.spec.replicas.unwrap_or(1), Labels::new(&view.spec.template.metadata.labels, names))
        };
        let top_uid = meta.controller().map_or(&meta.uid, |owner| &owner.uid);
        Self {
            name: meta.name.as_str().into(),
            namespace: names.intern(&meta.namespace),
            owner,
            top_uid: Uid::new(top_uid, names),
            revision: revision.unwrap_or(0),
            desired,
            pod_labels,
        }
    }
}
