//! RFC 6902.

use serde_json::Value;

use crate::registry::Status;

/// Does the operations in order; none of them where one cannot be done.
pub(super) fn apply(object: &mut Value, operations: &Value) -> Result<(), Status> {
    let Some(operations) = operations.as_array() else {
        return Err(Status::bad_request("a JSON patch is a list of operations"));
    };
    let mut changed = object.clone();
    for operation in operations {
        step(&mut changed, operation)?;
    }
    *object = changed;
    Ok(())
}

fn step(object: &mut Value, operation: &Value) -> Result<(), Status> {
    let text = |field: &str| operation[field].as_str().unwrap_or_default();
    let (word, path) = (text("op"), text("path"));
    let value = || operation.get("value").cloned().unwrap_or_default();
    let impossible = Status::unprocessable;
    match word {
        "test" => {
            if object.pointer(path).unwrap_or(&Value::Null) == &value() {
                return Ok(());
            }
            Err(impossible())
        }
        "add" => add(object, path, value()).ok_or_else(impossible),
        "replace" => {
            *object.pointer_mut(path).ok_or_else(impossible)? = value();
            Ok(())
        }
        "remove" => remove(object, path).map(drop).ok_or_else(impossible),
        "move" => {
            let moved = remove(object, text("from")).ok_or_else(impossible)?;
            add(object, path, moved).ok_or_else(impossible)
        }
        "copy" => {
            let copied = object.pointer(text("from")).cloned().ok_or_else(impossible)?;
            add(object, path, copied).ok_or_else(impossible)
        }
        other => Err(Status::bad_request(&format!("unexpected kind of operation: {other:?}"))),
    }
}

/// The parent's path and the last part of a pointer.
fn split(path: &str) -> Option<(&str, String)> {
    let (parent, last) = path.rsplit_once('/')?;
    Some((parent, last.replace("~1", "/").replace("~0", "~")))
}

fn add(object: &mut Value, path: &str, value: Value) -> Option<()> {
    if path.is_empty() {
        *object = value;
        return Some(());
    }
    let (parent, last) = split(path)?;
    match object.pointer_mut(parent)? {
        Value::Object(fields) => {
            fields.insert(last, value);
        }
        Value::Array(items) => {
            let at = if last == "-" { items.len() } else { last.parse().ok()? };
            if at > items.len() {
                return None;
            }
            items.insert(at, value);
        }
        _ => return None,
    }
    Some(())
}

fn remove(object: &mut Value, path: &str) -> Option<Value> {
    let (parent, last) = split(path)?;
    match object.pointer_mut(parent)? {
        Value::Object(fields) => fields.remove(&last),
        Value::Array(items) => {
            let at: usize = last.parse().ok()?;
            (at < items.len()).then(|| items.remove(at))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn operations_do_what_the_rfc_says() {
        for (before, operation, after) in [
            (json!({"a": 1}), json!({"op": "add", "path": "/b", "value": 2}), json!({"a": 1, "b": 2})),
            (json!({"a": [1, 3]}), json!({"op": "add", "path": "/a/1", "value": 2}), json!({"a": [1, 2, 3]})),
            (json!({"a": [1]}), json!({"op": "add", "path": "/a/-", "value": 2}), json!({"a": [1, 2]})),
            (json!({"a/b": 1}), json!({"op": "replace", "path": "/a~1b", "value": 2}), json!({"a/b": 2})),
            (json!({"a": 1, "b": 2}), json!({"op": "remove", "path": "/a"}), json!({"b": 2})),
            (json!({"a": [1, 2]}), json!({"op": "remove", "path": "/a/0"}), json!({"a": [2]})),
            (json!({"a": 1}), json!({"op": "move", "from": "/a", "path": "/b"}), json!({"b": 1})),
            (json!({"a": 1}), json!({"op": "copy", "from": "/a", "path": "/b"}), json!({"a": 1, "b": 1})),
            (json!({"a": 1}), json!({"op": "test", "path": "/a", "value": 1}), json!({"a": 1})),
        ] {
            let mut object = before.clone();
            apply(&mut object, &json!([operation])).unwrap();
            assert_eq!(object, after, "{operation}");
        }
    }

    #[test]
    fn one_operation_that_cannot_be_done_undoes_all() {
        for operation in [
            json!({"op": "remove", "path": "/b"}),
            json!({"op": "replace", "path": "/b", "value": 1}),
            json!({"op": "test", "path": "/a", "value": 2}),
            json!({"op": "add", "path": "/b/c", "value": 2}),
            json!({"op": "shuffle", "path": "/a"}),
        ] {
            let mut object = json!({"a": 1});
            let first = json!({"op": "add", "path": "/z", "value": 1});
            assert!(apply(&mut object, &json!([first, operation])).is_err(), "{operation}");
            assert_eq!(object, json!({"a": 1}));
        }
    }
}
