//! StatefulSets and DaemonSets: as much as lineages and Services need of them.

use cluster::views;

use super::labels::Labels;
use super::name::{Interner, Name};
use super::table::Record;
use super::uid::Uid;

/// A controller that owns pods directly and names them, or their places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Controller {
    pub(crate) name: Name,
    pub(crate) namespace: Name,
    pub(crate) team: Option<Name>,
    pub(crate) uid: Uid,
    /// How many pods there should be.
    pub(crate) desired: i32,
    /// How many pods a DaemonSet has where there should be none.
    pub(crate) misplaced: i32,
    /// The number of the first, where they are numbered.
    pub(crate) first: i32,
    /// Its pods' labels.
    pub(crate) pod_labels: Labels,
}

impl Record for Controller {
    fn namespace(&self) -> &str {
        &self.namespace
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl Controller {
    pub(super) fn stateful_set(view: &views::StatefulSet, team_label: &str, names: &mut Interner) -> Self {
        let desired = view.spec.replicas.unwrap_or(1);
        let set = Self::new(&view.metadata, desired, &view.spec.template, team_label, names);
        Self { first: view.spec.ordinals.start, ..set }
    }

    pub(super) fn daemon_set(view: &views::DaemonSet, team_label: &str, names: &mut Interner) -> Self {
        let status = &view.status;
        // One that is being deleted goes on saying what it wanted.
        let is_going = view.metadata.is_terminating();
        let desired = if is_going { 0 } else { status.desired_number_scheduled };
        let set = Self::new(&view.metadata, desired, &view.spec.template, team_label, names);
        Self { misplaced: if is_going { 0 } else { status.number_misscheduled }, ..set }
    }

    /// Whether it is to have the pod of this number.
    pub(super) fn wants(&self, ordinal: i64) -> bool {
        let first = i64::from(self.first);
        (first..first + i64::from(self.desired)).contains(&ordinal)
    }

    fn new(
        meta: &views::Meta,
        desired: i32,
        template: &views::Template,
        team_label: &str,
        names: &mut Interner,
    ) -> Self {
        Self {
            name: names.intern(&meta.name),
            namespace: names.intern(&meta.namespace),
            team: names.intern_some(meta.labels.get(team_label).unwrap_or_default()),
            uid: Uid::new(&meta.uid, names),
            desired,
            misplaced: 0,
            first: 0,
            pod_labels: Labels::new(&template.metadata.labels, names),
        }
    }
}
