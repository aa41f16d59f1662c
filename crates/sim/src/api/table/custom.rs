//! Custom resources: the columns that their definition has for them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::age;
use super::column::items;

/// A column, as a definition says it.
#[derive(Clone, Debug)]
pub(super) struct Column {
    definition: Value,
    is_date: bool,
    path: Vec<Step>,
}

/// A step of a JSONPath, of those that definitions use.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Field(String),
    /// Items of a list of which a field has a value: `[?(@.type=="Ready")]`.
    Where(String, String),
}

/// The columns after the name.
pub(super) fn columns(definition: &Value) -> Vec<Column> {
    let version = items(&definition["spec"]["versions"]).find(|version| version["served"] == true);
    let said: Vec<Column> =
        items(&version.unwrap_or(&Value::Null)["additionalPrinterColumns"]).map(column).collect();
    if said.is_empty() {
        let age = json!({"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"});
        return vec![column(&age)];
    }
    said
}

fn column(said: &Value) -> Column {
    let text = |field: &str| said[field].as_str().unwrap_or_default();
    Column {
        definition: json!({
            "name": text("name"), "type": text("type"), "format": text("format"),
            "description": text("description"), "priority": said["priority"].as_i64().unwrap_or(0),
        }),
        is_date: text("type") == "date",
        path: steps(text("jsonPath")),
    }
}

pub(super) fn definitions(columns: &[Column]) -> Vec<Value> {
    let name = json!({"name": "Name", "type": "string", "format": "name", "description": "", "priority": 0});
    std::iter::once(name).chain(columns.iter().map(|column| column.definition.clone())).collect()
}

pub(super) fn cells(columns: &[Column], object: &Value, now: Timestamp) -> Vec<Value> {
    let cell = |column: &Column| match find(object, &column.path) {
        Value::Null => Value::Null,
        value if column.is_date => age::since(value, now).into(),
        value if column.definition["type"] == "string" && !value.is_string() => value.to_string().into(),
        value => value.clone(),
    };
    std::iter::once(object["metadata"]["name"].clone()).chain(columns.iter().map(cell)).collect()
}

/// Reads a path; what is not understood leads nowhere.
fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(filter) = rest.strip_prefix("[?(@.") {
            let Some((condition, after)) = filter.split_once(")]") else { break };
            let Some((field, value)) = condition.split_once("==") else { break };
            let value = value.trim().trim_matches(['\'', '"']);
            steps.push(Step::Where(field.trim().to_owned(), value.to_owned()));
            rest = after;
        } else {
            let field = rest.trim_start_matches('.');
            let end = field.find(['.', '[']).unwrap_or(field.len());
            steps.push(Step::Field(field[..end].to_owned()));
            rest = &field[end..];
        }
    }
    steps
}

fn find<'a>(object: &'a Value, path: &[Step]) -> &'a Value {
    path.iter().fold(object, |value, step| match step {
        Step::Field(name) => &value[name.as_str()],
        Step::Where(field, wanted) => {
            items(value).find(|item| item[field.as_str()] == wanted.as_str()).unwrap_or(&Value::Null)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_fields_and_conditions() {
        let object = json!({
            "spec": {"match": {"codes": ["a", "b"]}},
            "status": {"conditions": [{"type": "A", "status": "False"}, {"type": "B", "status": "True"}]},
        });
        for (path, expected) in [
            (".spec.match.codes", json!(["a", "b"])),
            (".status.conditions[?(@.type=='B')].status", json!("True")),
            (".status.conditions[?(@.type==\"A\")].status", json!("False")),
            (".spec.nothing.here", Value::Null),
        ] {
            assert_eq!(*find(&object, &steps(path)), expected, "{path}");
        }
    }
}
