//! Services.

use cluster::views;

use super::labels::Labels;
use super::name::{Interner, Name};
use super::stamp::Stamp;
use super::table::Record;
use super::uid::Uid;

/// A Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Service {
    pub(crate) name: Name,
    pub(crate) namespace: Name,
    pub(crate) team: Option<Name>,
    pub(crate) uid: Uid,
    pub(crate) terminating: bool,
    /// Whether it is only a name for something outside of the cluster.
    pub(crate) external: bool,
    /// Which pods are behind it. Without any pair, somebody else keeps its endpoints.
    pub(crate) selector: Labels,
    /// Since when the monitor has seen no ready endpoint; none while there is one. Endpoints have
    /// no times of their own.
    pub(crate) empty_since: Stamp,
}

impl Record for Service {
    fn namespace(&self) -> &str {
        &self.namespace
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl Service {
    pub(super) fn new(view: &views::Service, team_label: &str, names: &mut Interner) -> Self {
        let meta = &view.metadata;
        Self {
            name: names.intern(&meta.name),
            namespace: names.intern(&meta.namespace),
            team: names.intern_some(meta.labels.get(team_label).unwrap_or_default()),
            uid: Uid::new(&meta.uid, names),
            terminating: meta.is_terminating(),
            external: view.spec.kind == "ExternalName",
            selector: Labels::new(&view.spec.selector, names),
            empty_since: Stamp::NONE,
        }
    }
}
