//! An object as it is kept: the JSON that the API shows, and what is asked for most, read once.

use bytes::Bytes;
use compact_str::CompactString;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// An object at one revision. It never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// As the API shows it.
    pub json: Bytes,
    /// `metadata.uid`.
    pub uid: CompactString,
    /// `metadata.resourceVersion`, as a number.
    pub revision: u64,
    /// `metadata.labels`, by name.
    pub labels: Box<[(CompactString, CompactString)]>,
    /// The UIDs in `metadata.ownerReferences`.
    pub owners: Box<[CompactString]>,
    /// Whether `metadata.deletionTimestamp` is set.
    pub is_terminating: bool,
}

impl Object {
    /// What `value` says. It should have a name, a UID and a resourceVersion.
    pub fn new(value: &Value) -> Self {
        let meta = &value["metadata"];
        let text = |value: &Value| CompactString::from(value.as_str().unwrap_or_default());
        let labels = meta["labels"].as_object().into_iter().flatten();
        let owners = meta["ownerReferences"].as_array().into_iter().flatten();
        Self {
            uid: text(&meta["uid"]),
            revision: meta["resourceVersion"].as_str().and_then(|text| text.parse().ok()).unwrap_or(0),
            labels: labels.map(|(name, value)| (name.into(), text(value))).collect(),
            owners: owners.map(|owner| text(&owner["uid"])).collect(),
            is_terminating: !meta["deletionTimestamp"].is_null(),
            json: Bytes::from(value.to_string()),
        }
    }

    /// The whole of it.
    pub fn value(&self) -> Value {
        // It was made from a value.
        serde_json::from_slice(&self.json).unwrap_or_default()
    }

    /// As a type that reads some of it; `None` where it does not fit.
    pub fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.json).ok()
    }

    /// A label.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}
