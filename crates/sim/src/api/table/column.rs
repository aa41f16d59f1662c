//! A column of a table, and those that many kinds have.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::age;

/// What a cell of a column says of an object at a time.
type Cell = fn(&Value, Timestamp) -> Value;

/// A column.
#[derive(Debug)]
pub(super) struct Column {
    name: &'static str,
    kind: &'static str,
    format: &'static str,
    /// 0 for what is always shown, 1 for what `-o wide` adds.
    priority: u8,
    pub(super) cell: Cell,
}

pub(super) const NAME: Column =
    Column { format: "name", ..text("Name", |object, _| object["metadata"]["name"].clone()) };
pub(super) const AGE: Column =
    text("Age", |object, now| age::since(&object["metadata"]["creationTimestamp"], now).into());

/// A column of texts.
pub(super) const fn text(name: &'static str, cell: Cell) -> Column {
    Column { name, kind: "string", format: "", priority: 0, cell }
}

/// A column of numbers.
pub(super) const fn number(name: &'static str, cell: Cell) -> Column {
    Column { kind: "integer", ..text(name, cell) }
}

/// A column of truths.
pub(super) const fn flag(name: &'static str, cell: Cell) -> Column {
    Column { kind: "boolean", ..text(name, cell) }
}

/// A column that only `-o wide` shows.
pub(super) const fn wide(name: &'static str, cell: Cell) -> Column {
    Column { priority: 1, ..text(name, cell) }
}

impl Column {
    /// The same, for `-o wide` alone.
    pub(super) const fn only_wide(self) -> Self {
        Self { priority: 1, ..self }
    }

    pub(super) fn definition(&self) -> Value {
        json!({
            "name": self.name, "type": self.kind, "format": self.format, "priority": self.priority,
            "description": "",
        })
    }
}

/// The items of a list, if there is one.
pub(super) fn items(list: &Value) -> std::slice::Iter<'_, Value> {
    list.as_array().map_or(&[][..], Vec::as_slice).iter()
}

/// A text, or what stands for none.
pub(super) fn or<'a>(value: &'a Value, none: &'a str) -> &'a str {
    value.as_str().filter(|text| !text.is_empty()).unwrap_or(none)
}

/// A number; 0 where none is said.
pub(super) fn count(value: &Value) -> i64 {
    value.as_i64().unwrap_or(0)
}

/// A field of each item, joined by commas.
pub(super) fn joined(list: &Value, field: &str) -> String {
    let all: Vec<&str> = items(list).map(|item| or(&item[field], "")).collect();
    all.join(",")
}

/// Labels as `a=b,c=d`.
pub(super) fn labels(map: &Value) -> String {
    let pairs = map.as_object().into_iter().flatten();
    let all: Vec<String> = pairs.map(|(name, value)| format!("{name}={}", or(value, ""))).collect();
    if all.is_empty() { "<none>".to_owned() } else { all.join(",") }
}

/// A label selector as kubectl takes it.
pub(super) fn selector(selector: &Value) -> String {
    let equal = selector["matchLabels"].as_object().into_iter().flatten();
    let mut all: Vec<String> = equal.map(|(name, value)| format!("{name}={}", or(value, ""))).collect();
    all.extend(items(&selector["matchExpressions"]).map(requirement));
    all.sort();
    if all.is_empty() { "<none>".to_owned() } else { all.join(",") }
}

fn requirement(one: &Value) -> String {
    let (key, operator) = (or(&one["key"], ""), or(&one["operator"], ""));
    let values: Vec<&str> = items(&one["values"]).filter_map(Value::as_str).collect();
    match operator {
        "Exists" => key.to_owned(),
        "DoesNotExist" => format!("!{key}"),
        _ => format!("{key} {} ({})", operator.to_lowercase(), values.join(",")),
    }
}
