//! Strategic merge patches: as RFC 7396, but a list whose items have a key is merged by it.

use serde_json::{Map, Value};

use super::merge as merge_plain;
use crate::kinds::{self, Kind};
use crate::registry::Status;

/// How a list is patched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    /// By items that are the same when this field is.
    ByKey(&'static str),
    /// As a set of plain values.
    Set,
    /// As one value.
    Whole,
}

/// The fields of the built-in types that are merged, by name and, where the same name means
/// different things, by the field that holds it. Taken from the API's `patchMergeKey` markers.
fn list(kind: Kind, parent: &str, field: &str) -> List {
    match (parent, field) {
        ("metadata", "ownerReferences") => List::ByKey("uid"),
        ("status", "conditions" | "addresses") => List::ByKey("type"),
        ("metadata", "finalizers") | ("spec", "podCIDRs") => List::Set,
        ("spec", "ports") if kind == kinds::SERVICE => List::ByKey("port"),
        (
            _,
            "containers" | "initContainers" | "ephemeralContainers" | "volumes" | "env" | "imagePullSecrets",
        ) => List::ByKey("name"),
        (_, "ports") => List::ByKey("containerPort"),
        (_, "volumeMounts") => List::ByKey("mountPath"),
        (_, "volumeDevices") => List::ByKey("devicePath"),
        (_, "topologySpreadConstraints") => List::ByKey("topologyKey"),
        (_, "hostAliases") => List::ByKey("ip"),
        (_, "secrets") if kind == kinds::SERVICE_ACCOUNT => List::ByKey("name"),
        _ => List::Whole,
    }
}

/// Merges `patch` into an object of `kind`.
pub(super) fn merge(kind: Kind, object: &mut Value, patch: &Value) -> Result<(), Status> {
    if !patch.is_object() {
        return Err(Status::bad_request("cannot unmarshal the patch: it is no object"));
    }
    merge_fields(kind, "", object, patch)
}

fn merge_fields(kind: Kind, own_name: &str, object: &mut Value, patch: &Value) -> Result<(), Status> {
    let Value::Object(fields) = patch else {
        *object = patch.clone();
        return Ok(());
    };
    match directive(patch) {
        Some("delete") => {
            *object = Value::Null;
            return Ok(());
        }
        Some("replace") => *object = Value::Object(Map::new()),
        _ => {}
    }
    if !object.is_object() {
        *object = Value::Object(Map::new());
    }
    let Value::Object(own) = object else { return Ok(()) };
    for (name, value) in fields {
        if let Some(list) = name.strip_prefix("$deleteFromPrimitiveList/") {
            let gone = value.as_array().map_or(&[][..], Vec::as_slice);
            if let Some(items) = own.get_mut(list).and_then(Value::as_array_mut) {
                items.retain(|item| !gone.contains(item));
            }
            continue;
        }
        if name.starts_with('$') {
            continue;
        }
        if value.is_null() || directive(value) == Some("delete") {
            own.remove(name);
            continue;
        }
        let before = own.entry(name.as_str()).or_insert(Value::Null);
        match value {
            Value::Array(items) => merge_list(kind, own_name, name, before, items)?,
            Value::Object(_) => merge_fields(kind, name, before, value)?,
            other => *before = other.clone(),
        }
    }
    Ok(())
}

fn merge_list(
    kind: Kind,
    parent: &str,
    field: &str,
    before: &mut Value,
    patch: &[Value],
) -> Result<(), Status> {
    let original = before.as_array().cloned().unwrap_or_default();
    let mut own = original.clone();
    let rule = list(kind, parent, field);
    if rule == List::Whole || patch.iter().any(|item| directive(item) == Some("replace")) {
        let kept = patch.iter().filter(|item| directive(item).is_none()).cloned();
        *before = Value::Array(kept.collect());
        return Ok(());
    }
    for item in patch {
        match rule {
            List::ByKey(key) => merge_item(kind, field, key, &mut own, item)?,
            List::Set | List::Whole => {
                if !own.contains(item) {
                    own.push(item.clone());
                }
            }
        }
    }
    *before = Value::Array(in_order(own, rule, &original, patch));
    Ok(())
}

/// The order that the real server gives a merged list: the items that the patch names as it names
/// them, the others as they were, and before one that the patch names only where they stood before
/// it. So new items come first.
fn in_order(merged: Vec<Value>, rule: List, original: &[Value], patch: &[Value]) -> Vec<Value> {
    let same = |a: &Value, b: &Value| match rule {
        List::ByKey(key) => a.get(key) == b.get(key),
        List::Set | List::Whole => a == b,
    };
    let place = |list: &[Value], item: &Value| list.iter().position(|own| same(own, item));
    let (mut named, others): (Vec<Value>, Vec<Value>) =
        merged.into_iter().partition(|item| place(patch, item).is_some());
    named.sort_by_key(|item| place(patch, item));
    let mut ordered = Vec::new();
    let mut others = others.into_iter().peekable();
    for item in named {
        let at = place(original, &item);
        while let Some(other) = others.next_if(|other| at.is_some() && place(original, other) < at) {
            ordered.push(other);
        }
        ordered.push(item);
    }
    ordered.extend(others);
    ordered
}

fn merge_item(kind: Kind, field: &str, key: &str, own: &mut Vec<Value>, item: &Value) -> Result<(), Status> {
    let Some(id) = item.get(key) else {
        let message = format!("map: {item} does not contain declared merge key: {key}");
        return Err(Status::new(500, "InternalError", message));
    };
    let at = own.iter().position(|before| before.get(key) == Some(id));
    match (at, directive(item)) {
        (Some(at), Some("delete")) => {
            own.remove(at);
        }
        (None, Some("delete")) => {}
        (Some(at), _) => merge_fields(kind, field, &mut own[at], item)?,
        (None, _) => {
            let mut new = Value::Null;
            merge_plain(&mut new, item);
            own.push(new);
        }
    }
    Ok(())
}

fn directive(value: &Value) -> Option<&str> {
    value.get("$patch")?.as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patched(kind: Kind, before: Value, patch: &Value) -> Value {
        let mut object = before;
        merge(kind, &mut object, patch).unwrap();
        object
    }

    #[test]
    fn lists_with_keys_are_merged_and_others_replaced() {
        let node = json!({
            "spec": {"taints": [{"key": "a"}]},
            "status": {"conditions": [{"type": "Ready", "status": "True", "reason": "r"}]},
        });
        let patch = json!({
            "spec": {"taints": [{"key": "b"}]},
            "status": {"conditions": [{"type": "Ready", "status": "False"}, {"type": "Disk", "status": "True"}]},
        });
        assert_eq!(
            patched(kinds::NODE, node, &patch),
            json!({
                "spec": {"taints": [{"key": "b"}]},
                "status": {"conditions": [
                    {"type": "Ready", "status": "False", "reason": "r"}, {"type": "Disk", "status": "True"},
                ]},
            })
        );
    }

    #[test]
    fn containers_are_found_by_name_at_any_depth() {
        let deployment = json!({"spec": {"template": {"spec": {"containers": [
            {"name": "a", "image": "a:1", "env": [{"name": "X", "value": "1"}]}, {"name": "b", "image": "b:1"},
        ]}}}});
        let patch = json!({"spec": {"template": {"spec": {"containers": [
            {"name": "a", "env": [{"name": "Y", "value": "2"}]}, {"name": "b", "$patch": "delete"},
        ]}}}});
        assert_eq!(
            patched(kinds::DEPLOYMENT, deployment, &patch),
            json!({"spec": {"template": {"spec": {"containers": [
                {"name": "a", "image": "a:1", "env": [{"name": "Y", "value": "2"}, {"name": "X", "value": "1"}]},
            ]}}}})
        );
    }

    #[test]
    fn directives_replace_and_delete() {
        let before = json!({"metadata": {"finalizers": ["a", "b"], "labels": {"x": "1"}}});
        let patch = json!({"metadata": {
            "$deleteFromPrimitiveList/finalizers": ["a"], "labels": {"$patch": "replace", "y": "2"},
        }});
        let after = json!({"metadata": {"finalizers": ["b"], "labels": {"y": "2"}}});
        assert_eq!(patched(kinds::POD, before, &patch), after);
    }

    #[test]
    fn an_item_without_its_key_is_refused() {
        let mut pod = json!({"spec": {"containers": []}});
        let refused = merge(kinds::POD, &mut pod, &json!({"spec": {"containers": [{"image": "a"}]}}));
        assert!(refused.unwrap_err().message.contains("merge key: name"));
    }
}
