//! What every object has.

use jiff::Timestamp;
use serde::Deserialize;

use super::text::{Annotations, Pairs, Text, nullable, present};

/// The metadata of an object, without what nobody here reads (managed fields, above all).
/// Strict about the four that identify the object and its version.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Meta {
    /// Its name, never empty.
    #[serde(deserialize_with = "present")]
    pub name: Text,
    /// Its namespace; empty for cluster-wide kinds.
    #[serde(default)]
    pub namespace: Text,
    /// Its UID, never empty: a precondition for writes, never a key.
    #[serde(deserialize_with = "present")]
    pub uid: Text,
    /// The version of the object that this view was decoded from, never empty.
    #[serde(deserialize_with = "present")]
    pub resource_version: Text,
    /// Counts changes of the spec.
    #[serde(default)]
    pub generation: i64,
    /// When it was created, by the API server's clock.
    #[serde(default)]
    pub creation_timestamp: Option<Timestamp>,
    /// When its grace ends or ended, once its deletion was asked for. In the future while a pod
    /// still has its grace period.
    #[serde(default)]
    pub deletion_timestamp: Option<Timestamp>,
    /// The grace that `deletion_timestamp` includes, in seconds.
    #[serde(default)]
    pub deletion_grace_period_seconds: Option<i64>,
    /// All labels.
    #[serde(default)]
    pub labels: Pairs,
    /// The annotations that Seaworthy reads.
    #[serde(default)]
    pub annotations: Annotations,
    /// Who owns it.
    #[serde(default, rename = "ownerReferences", deserialize_with = "nullable")]
    pub owners: Vec<Owner>,
    /// What keeps it from going.
    #[serde(default, deserialize_with = "nullable")]
    pub finalizers: Vec<Text>,
}

impl Meta {
    /// The owner that replaces it: the one marked as controller.
    pub fn controller(&self) -> Option<&Owner> {
        self.owners.iter().find(|owner| owner.controller)
    }

    /// Whether its deletion has been asked for.
    pub fn is_terminating(&self) -> bool {
        self.deletion_timestamp.is_some()
    }

    /// A reference to the object, as issues and remediations write it.
    pub fn reference(&self, kind: &str) -> model::ObjectRef {
        model::ObjectRef {
            kind: kind.to_owned(),
            namespace: self.namespace.to_string(),
            name: self.name.to_string(),
            uid: self.uid.to_string(),
        }
    }
}

/// An owner reference.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    /// Group and version: `apps/v1`.
    #[serde(default)]
    pub api_version: Text,
    /// Kind: `ReplicaSet`.
    #[serde(deserialize_with = "present")]
    pub kind: Text,
    /// Name.
    #[serde(deserialize_with = "present")]
    pub name: Text,
    /// UID.
    #[serde(deserialize_with = "present")]
    pub uid: Text,
    /// Whether this owner replaces the object when it goes.
    #[serde(default, deserialize_with = "nullable")]
    pub controller: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(json: &serde_json::Value) -> Result<Meta, serde_json::Error> {
        Meta::deserialize(json)
    }

    #[test]
    fn what_identifies_an_object_must_be_there() {
        let whole = serde_json::json!({"name": "web", "uid": "u", "resourceVersion": "1"});
        assert!(decode(&whole).is_ok());
        for key in ["name", "uid", "resourceVersion"] {
            let mut missing = whole.clone();
            missing.as_object_mut().unwrap().remove(key);
            assert!(decode(&missing).is_err(), "without {key}");
            let mut empty = whole.clone();
            empty[key] = "".into();
            assert!(decode(&empty).is_err(), "with an empty {key}");
        }
    }

    #[test]
    fn nulls_and_unknown_fields_are_taken_as_they_come() {
        let meta = decode(&serde_json::json!({
            "name": "web", "uid": "u", "resourceVersion": "1", "creationTimestamp": null,
            "labels": null, "annotations": null, "ownerReferences": null, "finalizers": null,
            "managedFields": [{"manager": "x", "fieldsV1": {"f:a": {}}}], "selfLink": "/old",
        }))
        .unwrap();
        assert!(meta.owners.is_empty() && meta.labels.is_empty() && meta.controller().is_none());
    }

    #[test]
    fn the_controller_is_the_owner_marked_so() {
        let meta = decode(&serde_json::json!({
            "name": "web", "uid": "u", "resourceVersion": "1", "ownerReferences": [
                {"apiVersion": "v1", "kind": "ConfigMap", "name": "a", "uid": "1"},
                {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "b", "uid": "2", "controller": true},
            ],
        }))
        .unwrap();
        assert_eq!(meta.controller().map(|owner| owner.name.as_str()), Some("b"));
    }
}
