//! Fields that nobody defined.

use serde_json::Value;

use super::schema::Schema;

/// What every object has besides what its schema says.
const OWN: &[&str] = &["apiVersion", "kind", "metadata"];

/// Removes the fields that nobody defined.
pub(super) fn prune(schema: &Schema, object: &mut Value) {
    visit(schema, "", object, true, &mut |_| {});
}

/// Names the fields that nobody defined.
pub(super) fn unknown(schema: &Schema, object: &Value) -> Vec<String> {
    let mut found = Vec::new();
    visit(schema, "", &mut object.clone(), true, &mut |path| found.push(path.to_owned()));
    found
}

/// Removes what is unknown, and tells of it.
fn visit(schema: &Schema, path: &str, value: &mut Value, is_root: bool, tell: &mut impl FnMut(&str)) {
    match value {
        Value::Object(fields) => {
            let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            fields.retain(|name, _| {
                let is_known = schema.is_open()
                    || schema.field(name).is_some()
                    || (is_root && OWN.contains(&name.as_str()));
                if !is_known {
                    tell(&below(name));
                }
                is_known
            });
            for (name, value) in
                fields.iter_mut().filter(|(name, _)| !(is_root && OWN.contains(&name.as_str())))
            {
                if let Some(schema) = schema.field(name) {
                    visit(schema, &below(name), value, false, tell);
                }
            }
        }
        Value::Array(items) => {
            let Some(schema) = &schema.items else { return };
            for (at, item) in items.iter_mut().enumerate() {
                visit(schema, &format!("{path}[{at}]"), item, false, tell);
            }
        }
        _ => {}
    }
}
