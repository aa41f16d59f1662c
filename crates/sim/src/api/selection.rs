//! Which objects of a kind a list or a watch is about.

use super::call::Asked;
use super::fields::FieldSelector;
use super::labels::LabelSelector;
use crate::registry::Status;
use crate::storage::{Address, Object};

/// The objects of a namespace, or of all, that its selectors select.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    namespace: Option<String>,
    labels: LabelSelector,
    fields: FieldSelector,
}

impl Selection {
    /// What a request asks for.
    pub(super) fn of(asked: &Asked<'_>) -> Result<Self, Status> {
        Ok(Self {
            namespace: asked.target.namespace.clone(),
            labels: LabelSelector::parse(asked.call.query.get("labelSelector"))?,
            fields: FieldSelector::parse(asked.kind, asked.call.query.get("fieldSelector"))?,
        })
    }

    /// The namespace; `None` for all.
    pub(super) fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// Whether everything in the namespace is selected.
    pub(super) fn is_everything(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether an object is selected.
    pub(super) fn selects(&self, address: &Address, object: &Object) -> bool {
        self.namespace.as_ref().is_none_or(|namespace| address.namespace == *namespace)
            && self.labels.selects(|name| object.label(name))
            && self.fields.selects(address, object)
    }
}
