//! Schemas by their names, each with what it refers to.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::document::gvk;
use crate::kinds::Kind;

/// How a schema refers to another.
const REFERENCE: &str = "#/components/schemas/";
/// The metadata of every object.
const METADATA: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
/// The extension that says which kind a schema is of.
const KIND: &str = "x-kubernetes-group-version-kind";

/// Those of the built-in kinds, which `xtask/openapi` makes of the types of `k8s-openapi`.
static BUILT_IN: LazyLock<BTreeMap<String, Value>> =
    LazyLock::new(|| serde_json::from_str(include_str!("kinds.json")).expect("the file in the tree is JSON"));

/// The schema of a built-in kind, if there is one.
pub(super) fn built_in(kind: Kind) -> Option<&'static Value> {
    named(kind).map(|(_, schema)| schema)
}

fn named(kind: Kind) -> Option<(&'static String, &'static Value)> {
    let own = gvk(kind);
    BUILT_IN.iter().find(|(_, schema)| schema[KIND][0] == own)
}

/// What a schema refers to, or itself where it refers to nothing.
pub(super) fn followed(schema: &'static Value) -> &'static Value {
    let reference = schema["$ref"].as_str().or_else(|| schema["allOf"][0]["$ref"].as_str());
    match reference.and_then(|reference| BUILT_IN.get(reference.strip_prefix(REFERENCE)?)) {
        Some(other) => other,
        None => schema,
    }
}

/// The schemas of a document.
#[derive(Debug, Default)]
pub(super) struct Schemas {
    all: BTreeMap<String, Value>,
}

impl Schemas {
    /// Adds a built-in kind's.
    pub(super) fn add_built_in(&mut self, kind: Kind) {
        if let Some((name, _)) = named(kind) {
            self.add(name);
        }
    }

    /// Adds what a definition says of its kind.
    pub(super) fn add_custom(&mut self, kind: Kind, definition: &Value) {
        let mut versions = definition["spec"]["versions"].as_array().into_iter().flatten();
        let version = versions.find(|version| version["name"] == kind.version);
        let mut schema = version.map_or(Value::Null, |own| own["schema"]["openAPIV3Schema"].clone());
        if !schema.is_object() {
            schema = json!({"type": "object"});
        }
        schema[KIND] = json!([gvk(kind)]);
        schema["properties"]["apiVersion"] = json!({"type": "string"});
        schema["properties"]["kind"] = json!({"type": "string"});
        schema["properties"]["metadata"] = json!({"$ref": format!("{REFERENCE}{METADATA}")});
        self.add(METADATA);
        let mut group: Vec<&str> = kind.group.split('.').collect();
        group.reverse();
        self.all.insert(format!("{}.{}.{}", group.join("."), kind.version, kind.kind), schema);
    }

    /// Adds one of the file with all that it refers to.
    fn add(&mut self, name: &str) {
        let Some(schema) = BUILT_IN.get(name) else { return };
        if self.all.insert(name.to_owned(), schema.clone()).is_none() {
            self.add_references(schema);
        }
    }

    fn add_references(&mut self, value: &Value) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match value.as_str().and_then(|text| text.strip_prefix(REFERENCE)) {
                        Some(other) if name == "$ref" => self.add(other),
                        _ => self.add_references(value),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.add_references(item)),
            _ => {}
        }
    }

    pub(super) fn into_map(self) -> Map<String, Value> {
        self.all.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds;

    #[test]
    fn every_kind_that_is_served_has_a_schema() {
        let missing: Vec<&Kind> = kinds::BUILT_IN.iter().filter(|kind| built_in(**kind).is_none()).collect();
        assert!(missing.is_empty(), "{missing:?}: add them in xtask/openapi");
    }

    #[test]
    fn a_schema_comes_with_what_it_refers_to() {
        let mut schemas = Schemas::default();
        schemas.add_built_in(kinds::POD);
        let all = Value::Object(schemas.into_map());
        assert!(all["io.k8s.api.core.v1.Container"].is_object());
        assert!(all["io.k8s.api.core.v1.NodeSpec"].is_null());
    }
}
