//! A reference to an object of the cluster.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

impl std::fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.namespace.is_empty() {
            write!(f, "{}/{}", self.kind, self.name)
        } else {
            write!(f, "{}/{}/{}", self.kind, self.namespace, self.name)
        }
    }
}
