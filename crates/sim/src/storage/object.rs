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
    /// `spec.nodeName`: of a pod, the node that it is bound to.
    pub node: CompactString,
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
            node: text(&value["spec"]["nodeName"]),
            is_terminating: !meta["deletionTimestamp"].is_null(),
            json: Bytes::from(value.to_string()),
        }
    }

    /// This object at a later revision, with another text in a field that stands in it once; `None`
    /// if it has no such field. For what is renewed by the thousand: the rest is not read. The text
    /// must need no escapes.
    pub fn renewed(&self, field: &str, text: &str, revision: u64) -> Option<Self> {
        let json = replaced(&self.json, field, text)?;
        let json = replaced(&json, "resourceVersion", &revision.to_string())?;
        Some(Self { json: Bytes::from(json), revision, ..self.clone() })
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

/// JSON as it is kept, without spaces, in which the first text of a field is another.
fn replaced(json: &[u8], field: &str, text: &str) -> Option<Vec<u8>> {
    let start = format!("\"{field}\":\"");
    let from = memchr::memmem::find(json, start.as_bytes())? + start.len();
    let to = from + memchr::memchr(b'"', &json[from..])?;
    Some([&json[..from], text.as_bytes(), &json[to..]].concat())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_renewed_is_what_would_be_written() {
        let lease = |revision: &str, time: &str| {
            let meta = json!({"name": "n-1", "uid": "u", "resourceVersion": revision, "labels": {"a": "b"}});
            json!({"kind": "Lease", "metadata": meta, "spec": {"holderIdentity": "n-1", "renewTime": time}})
        };
        let before = Object::new(&lease("9", "12:00:00.000001Z"));
        let after = before.renewed("renewTime", "12:00:10.000000Z", 10);
        assert_eq!(after, Some(Object::new(&lease("10", "12:00:10.000000Z"))));
        assert_eq!(before.renewed("acquireTime", "12:00:10.000000Z", 10), None);
    }
}
