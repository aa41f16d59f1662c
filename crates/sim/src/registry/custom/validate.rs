//! Holding a value to its schema. The words are the real server's.

use serde_json::Value;

use super::rules::Scope;
use super::schema::Schema;
use crate::kinds::Kind;
use crate::registry::Status;

/// The path of what has none.
const NOWHERE: &str = "<nil>";

/// What is wrong: fields, and why.
#[derive(Debug, Default)]
pub(super) struct Errors {
    of_shape: Vec<(String, String)>,
    of_rules: Vec<(String, String)>,
    /// Whether there are rules at all.
    has_rules: bool,
}

/// Mistakes by which a value is not of the shape that rules are about.
const BLOCKING: &[&str] = &["Required value", "Unsupported value", "Too many", "Too long", "must be of type"];

impl Errors {
    fn add(&mut self, path: &str, why: impl Into<String>) {
        self.of_shape.push((path.to_owned(), why.into()));
    }

    /// Rules are not asked about what does not have the shape for them, and that is said.
    pub(super) fn into_result(mut self, kind: Kind, name: &str) -> Result<(), Status> {
        let blocks = |(_, why): &(String, String)| BLOCKING.iter().any(|one| why.contains(one));
        if !self.of_shape.iter().any(blocks) {
            self.of_shape.append(&mut self.of_rules);
        } else if self.has_rules {
            self.add(
                NOWHERE,
                "Invalid value: null: some validation rules were not checked because the object was invalid; correct \
                 the existing errors to complete validation",
            );
        }
        if self.of_shape.is_empty() {
            Ok(())
        } else {
            Err(Status::invalid_fields(kind, name, &self.of_shape))
        }
    }
}

/// Notes everything that is wrong with a value. `before` is what it takes the place of, for rules
/// about changes.
pub(super) fn check(schema: &Schema, path: &str, value: &Value, before: Option<&Value>, errors: &mut Errors) {
    if value.is_null() {
        if !schema.nullable && !schema.kind.is_empty() {
            errors.add(path, wrong_type(schema, path, "null"));
        }
        return;
    }
    if !has_type(schema, value) {
        errors.add(path, wrong_type(schema, path, type_of(value)));
        return;
    }
    if !schema.allowed.is_empty() && !schema.allowed.contains(value) {
        let allowed: Vec<String> = schema.allowed.iter().map(ToString::to_string).collect();
        errors.add(path, format!("Unsupported value: {value}: supported values: {}", allowed.join(", ")));
    }
    match value {
        Value::Object(fields) => {
            check_fields(schema, path, fields, before, errors);
        }
        Value::Array(items) => check_items(schema, path, items, errors),
        Value::String(text) => check_text(schema, path, text, errors),
        Value::Number(number) => check_number(schema, path, number, errors),
        Value::Null | Value::Bool(_) => {}
    }
    let scope = Scope { own: value, before };
    for rule in &schema.rules {
        errors.has_rules = true;
        if !rule.holds(&scope) {
            let at = if path.is_empty() { NOWHERE } else { path };
            errors.of_rules.push((at.to_owned(), format!("Invalid value: {}", rule.message())));
        }
    }
}

fn check_fields(
    schema: &Schema,
    path: &str,
    fields: &serde_json::Map<String, Value>,
    before: Option<&Value>,
    errors: &mut Errors,
) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    for name in schema.required.iter().filter(|name| !fields.contains_key(*name)) {
        errors.add(&below(name), "Required value");
    }
    if let Some(max) = schema.max_properties
        && fields.len() as u64 > max
    {
        errors.add(path, format!("Too many: {}: must have at most {max} items", fields.len()));
    }
    for (name, value) in fields {
        if let Some(schema) = schema.field(name) {
            check(schema, &below(name), value, before.and_then(|before| before.get(name)), errors);
        }
    }
}

fn check_items(schema: &Schema, path: &str, items: &[Value], errors: &mut Errors) {
    let count = items.len() as u64;
    if let Some(max) = schema.max_items.filter(|max| count > *max) {
        errors.add(path, format!("Too many: {count}: must have at most {max} items"));
    }
    if let Some(min) = schema.min_items.filter(|min| count < *min) {
        errors.add(path, format!("Invalid value: {count}: {path} in body should have at least {min} items"));
    }
    if let Some(schema) = &schema.items {
        for (at, item) in items.iter().enumerate() {
            // Items have no "before": lists without keys cannot be told apart.
            check(schema, &format!("{path}[{at}]"), item, None, errors);
        }
    }
}

fn check_text(schema: &Schema, path: &str, text: &str, errors: &mut Errors) {
    let length = text.chars().count() as u64;
    if let Some(max) = schema.max_length.filter(|max| length > *max) {
        errors.add(path, format!("Too long: may not be more than {max} bytes"));
    }
    if let Some(min) = schema.min_length.filter(|min| length < *min) {
        let why = format!("Invalid value: \"{text}\": {path} in body should be at least {min} chars long");
        errors.add(path, why);
    }
    if let Some(pattern) = schema.pattern.as_ref().filter(|pattern| !pattern.is_match(text)) {
        errors.add(path, format!("Invalid value: \"{text}\": {path} in body should match '{pattern}'"));
    }
    if schema.format == "date-time" && text.parse::<jiff::Timestamp>().is_err() {
        let why = format!("Invalid value: \"{text}\": {path} in body must be of type date-time: \"{text}\"");
        errors.add(path, why);
    }
}

fn check_number(schema: &Schema, path: &str, number: &serde_json::Number, errors: &mut Errors) {
    let value = number.as_f64().unwrap_or(f64::NAN);
    if let Some(min) = schema.minimum.filter(|min| value < *min) {
        errors.add(
            path,
            format!("Invalid value: {number}: {path} in body should be greater than or equal to {min}"),
        );
    }
    if let Some(max) = schema.maximum.filter(|max| value > *max) {
        errors.add(
            path,
            format!("Invalid value: {number}: {path} in body should be less than or equal to {max}"),
        );
    }
    let is_within = match schema.format.as_str() {
        "int32" => number.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        "int64" => number.as_i64().is_some(),
        _ => true,
    };
    if !is_within && schema.kind == "integer" {
        let why =
            format!("Invalid value: {number}: {path} in body must be of type {}: {number}", schema.format);
        errors.add(path, why);
    }
}

fn has_type(schema: &Schema, value: &Value) -> bool {
    if schema.is_int_or_string {
        return value.is_string() || value.is_i64() || value.is_u64();
    }
    match schema.kind.as_str() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => {
            value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0)
        }
        "number" => value.is_number(),
        _ => true,
    }
}

fn wrong_type(schema: &Schema, path: &str, found: &str) -> String {
    format!("Invalid value: \"{found}\": {path} in body must be of type {}: \"{found}\"", schema.kind)
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
