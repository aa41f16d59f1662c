//! One document: the paths of its kinds, and their schemas.

use serde_json::{Map, Value, json};

use super::schemas::Schemas;
use crate::kinds::Kind;

/// The version of Kubernetes that the server follows.
pub(super) const VERSION: &str = "v1.37.2";

/// The document of the kinds of one group and version.
pub(super) fn of(kinds: &[Kind], schemas: Schemas) -> Value {
    let paths: Map<String, Value> = kinds.iter().flat_map(|kind| paths(*kind)).collect();
    json!({
        "openapi": "3.0.0", "info": {"title": "Kubernetes", "version": VERSION}, "paths": paths,
        "components": {"schemas": schemas.into_map()},
    })
}

/// A collection and its objects, with the operations that clients look for.
fn paths(kind: Kind) -> [(String, Value); 2] {
    let root = if kind.group.is_empty() { "/api" } else { "/apis" };
    let place = if kind.is_namespaced { "/namespaces/{namespace}" } else { "" };
    let collection = format!("{root}/{}{place}/{}", kind.api_version(), kind.plural);
    let object = format!("{collection}/{{name}}");
    let write = [text("dryRun"), text("fieldManager"), text("fieldValidation")];
    let patches =
        ["application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json"];
    let mut patch = operation(kind, "patch", &[&write[..], &[flag("force")]].concat());
    patch["requestBody"] = json!({"content": patches.map(|form| (form.to_owned(), json!({}))).into_iter().collect::<Map<_, _>>()});
    [
        (collection, json!({"get": operation(kind, "list", &[]), "post": operation(kind, "post", &write)})),
        (
            object,
            json!({
                "get": operation(kind, "get", &[]), "put": operation(kind, "put", &write), "patch": patch,
                "delete": operation(kind, "delete", &[text("dryRun")]),
            }),
        ),
    ]
}

fn operation(kind: Kind, action: &str, parameters: &[Value]) -> Value {
    json!({
        "x-kubernetes-action": action, "parameters": parameters,
        "x-kubernetes-group-version-kind": gvk(kind), "responses": {"200": {"description": "OK"}},
    })
}

/// How a kind is named in documents.
pub(super) fn gvk(kind: Kind) -> Value {
    json!({"group": kind.group, "version": kind.version, "kind": kind.kind})
}

fn text(name: &str) -> Value {
    json!({"name": name, "in": "query", "schema": {"type": "string"}})
}

fn flag(name: &str) -> Value {
    json!({"name": name, "in": "query", "schema": {"type": "boolean"}})
}
