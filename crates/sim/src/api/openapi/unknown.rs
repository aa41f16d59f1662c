//! Fields of built-in kinds that nobody defined.

use serde_json::Value;

use super::schemas::{built_in, followed};
use crate::kinds::Kind;

/// The paths of the fields of an object that its kind does not have.
pub(in super::super) fn unknown_fields(kind: Kind, object: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(schema) = built_in(kind) {
        visit(schema, "", object, &mut found);
    }
    found
}

fn visit(schema: &'static Value, path: &str, value: &Value, found: &mut Vec<String>) {
    let schema = followed(schema);
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                match field(schema, name) {
                    Field::Known(schema) => visit(schema, &below, value, found),
                    Field::Unknown => found.push(below),
                    Field::Free => {}
                }
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                visit(&schema["items"], &format!("{path}[{at}]"), item, found);
            }
        }
        _ => {}
    }
}

/// What is said of a field.
enum Field {
    Known(&'static Value),
    Unknown,
    /// Any field may be there, with anything in it.
    Free,
}

fn field(schema: &'static Value, name: &str) -> Field {
    let (properties, others) = (&schema["properties"], &schema["additionalProperties"]);
    match (properties.get(name), others.is_object()) {
        (Some(own), _) => Field::Known(own),
        (None, true) => Field::Known(others),
        (None, false) if properties.is_object() => Field::Unknown,
        (None, false) => Field::Free,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds;

    #[test]
    fn what_nobody_defined_is_named() {
        let container = json!({"name": "a", "imagge": "a:1", "env": [{"name": "x", "valeu": "1"}]});
        let deployment = json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "labels": {"any": "thing"}, "lables": {}},
            "spec": {"replicas": 1, "template": {"spec": {"containers": [container]}}},
        });
        let mut found = unknown_fields(kinds::DEPLOYMENT, &deployment);
        found.sort();
        let container = "spec.template.spec.containers[0]";
        let expected = [
            "metadata.lables".to_owned(),
            format!("{container}.env[0].valeu"),
            format!("{container}.imagge"),
        ];
        assert_eq!(found, expected);
        let free = json!({"apiVersion": "apps/v1", "data": {"any": {"thing": 1}}, "revision": 1});
        assert!(unknown_fields(kinds::CONTROLLER_REVISION, &free).is_empty());
    }
}
