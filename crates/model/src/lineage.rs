//! What outlives a pod's replacement, and so what issues, attempts and episodes belong to.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The identity of a trouble's owner. Written as
///
/// - `Node/node-3` for cluster-wide objects,
/// - `Deployment/shop/web` for a top controller or any other namespaced object,
/// - `StatefulSet/shop/db/db-0` and `DaemonSet/kube-system/cni/node-3` where the instance matters:
///   the pod's name, or the node's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lineage {
    /// Kind of the top controller or of the object itself.
    pub kind: String,
    /// Empty for cluster-wide kinds.
    pub namespace: String,
    /// Name of the top controller or of the object itself.
    pub name: String,
    /// Which instance of it, where instances have names of their own; else empty.
    pub instance: String,
}

impl Lineage {
    /// The lineage of a cluster-wide object.
    pub fn cluster_wide(kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self { kind: kind.into(), namespace: String::new(), name: name.into(), instance: String::new() }
    }

    /// The lineage of a namespaced object or controller.
    pub fn namespaced(
        kind: impl Into<String>,
        namespace: impl Into<String>,
        name: impl Into<String>,
    ) -> Self {
        Self { kind: kind.into(), namespace: namespace.into(), name: name.into(), instance: String::new() }
    }

    /// The lineage of one named instance: a StatefulSet's pod, a DaemonSet's node.
    pub fn instance(
        kind: impl Into<String>,
        namespace: impl Into<String>,
        name: impl Into<String>,
        instance: impl Into<String>,
    ) -> Self {
        Self { kind: kind.into(), namespace: namespace.into(), name: name.into(), instance: instance.into() }
    }
}

impl fmt::Display for Lineage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        for part in [&self.namespace, &self.name, &self.instance] {
            if !part.is_empty() {
                write!(f, "/{part}")?;
            }
        }
        Ok(())
    }
}

/// A text that is not a lineage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a lineage: write Kind/name, Kind/namespace/name or Kind/namespace/name/instance")]
pub struct Invalid(pub String);

impl FromStr for Lineage {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let parts: Vec<&str> = text.split('/').collect();
        if parts.iter().any(|part| part.is_empty()) {
            return Err(Invalid(text.to_owned()));
        }
        match parts[..] {
            [kind, name] => Ok(Self::cluster_wide(kind, name)),
            [kind, namespace, name] => Ok(Self::namespaced(kind, namespace, name)),
            [kind, namespace, name, instance] => Ok(Self::instance(kind, namespace, name, instance)),
            _ => Err(Invalid(text.to_owned())),
        }
    }
}

impl Serialize for Lineage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Lineage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Lineage {
    fn schema_name() -> Cow<'static, str> {
        "Lineage".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "Kind/name, Kind/namespace/name or Kind/namespace/name/instance",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_survives_a_round_trip() {
        for text in
            ["Node/node-3", "Deployment/shop/web", "StatefulSet/shop/db/db-0", "DaemonSet/kube-system/cni/n3"]
        {
            let lineage: Lineage = text.parse().unwrap();
            assert_eq!(lineage.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_lineage_is_refused_with_the_forms_that_are() {
        for text in ["", "Node", "Node/", "/x", "a/b/c/d/e", "Deployment//web"] {
            let error = text.parse::<Lineage>().unwrap_err();
            assert!(error.to_string().contains("Kind/namespace/name"), "{error}");
        }
    }
}
