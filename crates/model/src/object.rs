//! A reference to an object of the cluster.

use schemars::JsonSchema;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

/// One object of the cluster at one moment of its life. The UID tells two objects of the same
/// name apart; it is a precondition for writes, never a key of an issue (that is the lineage).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectRef {
    /// Kind as the API spells it: `Pod`, `Node`, `Deployment`.
    pub kind: String,
    /// Empty for cluster-wide kinds.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Name of the object.
    pub name: String,
    /// UID, empty where it is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub uid: String,
}

impl ObjectRef {
    /// A reference to a namespaced object.
    pub fn namespaced(
        kind: impl Into<String>,
        namespace: impl Into<String>,
        name: impl Into<String>,
        uid: impl Into<String>,
    ) -> Self {
        Self { kind: kind.into(), namespace: namespace.into(), name: name.into(), uid: uid.into() }
    }

    /// A reference to a cluster-wide object.
    pub fn cluster_wide(kind: impl Into<String>, name: impl Into<String>, uid: impl Into<String>) -> Self {
        Self { kind: kind.into(), namespace: String::new(), name: name.into(), uid: uid.into() }
    }
}

/// Writes every key, also of what is empty: for readers that expect each to be there. In custom
/// resources, where each of them would be kept, what is empty is left out.
pub(crate) fn whole<S: Serializer>(object: &ObjectRef, serializer: S) -> Result<S::Ok, S::Error> {
    let ObjectRef { kind, namespace, name, uid } = object;
    let mut keys = serializer.serialize_struct("ObjectRef", 4)?;
    keys.serialize_field("kind", kind)?;
    keys.serialize_field("namespace", namespace)?;
    keys.serialize_field("name", name)?;
    keys.serialize_field("uid", uid)?;
    keys.end()
}

impl std::fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.namespace.is_empty() {
            write!(f, "{}/{}", self.kind, self.name)
        } else {
            write!(f, "{}/{}/{}", self.kind, self.namespace, self.name)
        }
    }
}
