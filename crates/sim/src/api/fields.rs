//! Field selectors: `spec.nodeName=n1,status.phase!=Running`, on the fields that the real server
//! selects by.

use memchr::memmem;
use serde_json::Value;

use crate::kinds::{self, Kind};
use crate::registry::Status;
use crate::storage::{Address, Object};

/// The fields of built-in kinds by which can be selected, besides name and namespace.
const FIELDS: &[(Kind, &[&str])] = &[
    (
        kinds::POD,
        &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
    ),
    (kinds::NODE, &["spec.unschedulable"]),
    (kinds::NAMESPACE, &["status.phase"]),
    (kinds::SECRET, &["type"]),
    (kinds::REPLICA_SET, &["status.replicas"]),
    (kinds::JOB, &["status.successful"]),
    (
        kinds::EVENT,
        &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
    ),
    (kinds::EVENT_EVENTS, &["reason", "type", "regarding.kind", "regarding.name", "regarding.namespace"]),
];

/// Conditions on fields, all of which must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSelector(Vec<Requirement>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    field: String,
    value: String,
    is_negated: bool,
}

impl FieldSelector {
    /// Reads a selector for a kind; an empty one selects everything.
    pub fn parse(kind: Kind, text: &str) -> Result<Self, Status> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(|part| Requirement::parse(kind, part)).collect::<Result<_, _>>().map(Self)
    }

    /// Whether it selects everything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an object is selected.
    pub fn selects(&self, address: &Address, object: &Object) -> bool {
        if !self.0.iter().all(|requirement| requirement.may_hold(address, object)) {
            return false;
        }
        if self.0.iter().all(Requirement::is_known_unread) {
            return true;
        }
        let value = object.value();
        self.0.iter().all(|requirement| requirement.holds(&value))
    }
}

impl Requirement {
    fn parse(kind: Kind, text: &str) -> Result<Self, Status> {
        let parts = [("!=", true), ("==", false), ("=", false)]
            .into_iter()
            .find_map(|(operator, is_negated)| text.split_once(operator).map(|parts| (parts, is_negated)));
        let Some(((field, value), is_negated)) = parts else {
            return Err(Status::bad_request(&format!(
                "invalid selector: '{text}'; can't understand '{text}'"
            )));
        };
        let requirement = Self { field: field.to_owned(), value: value.to_owned(), is_negated };
        let own = FIELDS.iter().find(|(own, _)| *own == kind).map_or(&[][..], |(_, fields)| fields);
        if requirement.is_about_address() || own.contains(&field) {
            return Ok(requirement);
        }
        Err(Status::bad_request(&format!("field label not supported: {field}")))
    }

    fn is_about_address(&self) -> bool {
        matches!(self.field.as_str(), "metadata.name" | "metadata.namespace")
    }

    /// Whether `may_hold` says all of it.
    fn is_known_unread(&self) -> bool {
        self.is_about_address() || self.field == "spec.nodeName"
    }

    /// False only where it surely does not hold. Nearly all objects of a large cluster are sorted
    /// out here, without their JSON being read.
    fn may_hold(&self, address: &Address, object: &Object) -> bool {
        match self.field.as_str() {
            "metadata.name" => (address.name == self.value) != self.is_negated,
            "metadata.namespace" => (address.namespace == self.value) != self.is_negated,
            // Asked for each node that is drained, of all pods.
            "spec.nodeName" => (object.node == self.value) != self.is_negated,
            _ if self.is_negated || self.value.is_empty() => true,
            // As compact JSON writes it: a text in quotes, a number or a truth without.
            _ => memmem::find(&object.json, self.value.as_bytes()).is_some() || self.is_default(),
        }
    }

    /// Whether the field has this value where it is not written at all.
    fn is_default(&self) -> bool {
        matches!(self.value.as_str(), "false" | "0")
    }

    fn holds(&self, object: &Value) -> bool {
        if self.is_about_address() {
            return true;
        }
        let value = self.field.split('.').fold(object, |value, part| &value[part]);
        let text = match (self.field.as_str(), value) {
            ("source", value) => value["component"].as_str().unwrap_or_default().to_owned(),
            (_, Value::String(text)) => text.clone(),
            (_, Value::Null) if self.is_default() => self.value.clone(),
            (_, Value::Null) => String::new(),
            (_, other) => other.to_string(),
        };
        (text == self.value) != self.is_negated
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_select_as_the_api_does() {
        let address = Address::new(kinds::POD, "shop", "web-1");
        let object = Object::new(&json!({
            "metadata": {"name": "web-1"}, "spec": {"nodeName": "n1"}, "status": {"phase": "Running"},
        }));
        for (selector, expected) in [
            ("", true),
            ("metadata.name=web-1", true),
            ("metadata.name=web-2", false),
            ("metadata.namespace!=shop", false),
            ("spec.nodeName=n1", true),
            ("spec.nodeName==n2", false),
            ("spec.nodeName=Running", false),
            ("spec.nodeName=", false),
            ("status.nominatedNodeName=", true),
            ("status.phase!=Running", false),
            ("status.phase!=Failed,spec.nodeName=n1", true),
            ("spec.hostNetwork=false", true),
        ] {
            let parsed = FieldSelector::parse(kinds::POD, selector).unwrap();
            assert_eq!(parsed.selects(&address, &object), expected, "{selector:?}");
        }
    }

    #[test]
    fn other_fields_are_refused() {
        let refused = FieldSelector::parse(kinds::POD, "spec.priority=5").unwrap_err();
        assert_eq!(
            (refused.code, refused.message.as_str()),
            (400, "field label not supported: spec.priority")
        );
        assert!(FieldSelector::parse(kinds::NODE, "status.phase=x").is_err());
        assert!(FieldSelector::parse(kinds::NODE, "metadata.name").is_err());
    }
}
