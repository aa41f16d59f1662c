//! EndpointSlices: how many endpoints of a Service take traffic, and which do not.

use cluster::views;

use super::name::{Interner, Name};
use super::table::Record;

/// An EndpointSlice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slice {
    pub(crate) name: Box<str>,
    pub(crate) namespace: Name,
    /// The Service that it belongs to.
    pub(crate) service: Option<Name>,
    /// How many endpoints take new traffic.
    pub(crate) ready: u32,
    /// The pods of those that do not.
    pub(crate) unready_pods: Box<[Box<str>]>,
}

impl Record for Slice {
    fn namespace(&self) -> &str {
        &self.namespace
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl Slice {
    pub(super) fn new(view: &views::EndpointSlice, names: &mut Interner) -> Self {
        let unready = view.endpoints.iter().filter(|endpoint| endpoint.conditions.ready == Some(false));
        let pods = unready.filter_map(|endpoint| endpoint.target_ref.as_ref());
        Self {
            name: view.metadata.name.as_str().into(),
            namespace: names.intern(&view.metadata.namespace),
            service: view.service().and_then(|service| names.intern_some(service)),
            ready: view.ready() as u32,
            unready_pods: pods
                .filter(|target| target.kind == "Pod")
                .map(|target| target.name.as_str().into())
                .collect(),
        }
    }
}
