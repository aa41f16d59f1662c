//! What the server says it serves.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Server;
use super::answer::Answer;
use super::metrics;
use crate::kinds::{self, Kind};
use crate::registry::Status;

/// What can be done to every kind but bindings.
const VERBS: &[&str] = &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// The same for custom resources, in their own order.
const CUSTOM_VERBS: &[&str] =
    &["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];

impl Server {
    /// Answers a request for what is served.
    pub(super) fn discover(&self, parts: &[String]) -> Result<Answer, Status> {
        let mut kinds = self.kinds();
        if self.usage().is_some() {
            kinds.extend(metrics::served());
        }
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let body = match parts.as_slice() {
            ["api"] => json!({"kind": "APIVersions", "versions": ["v1"]}),
            ["apis"] => {
                let groups: Vec<Value> =
                    groups(&kinds).iter().map(|(name, version)| group(name, version)).collect();
                json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
            }
            ["api", "v1"] => resources("", "v1", &kinds),
            ["apis", name] => match groups(&kinds).get(name) {
                Some(version) => {
                    let mut body = group(name, version);
                    body["kind"] = "APIGroup".into();
                    body["apiVersion"] = "v1".into();
                    body
                }
                None => return Err(Status::page_not_found()),
            },
            ["apis", name, version] if groups(&kinds).get(name) == Some(version) => {
                resources(name, version, &kinds)
            }
            _ => return Err(Status::page_not_found()),
        };
        Ok(Answer::value(200, &body))
    }
}

/// The named groups and their versions.
fn groups(kinds: &[Kind]) -> BTreeMap<&'static str, &'static str> {
    let named = kinds.iter().filter(|kind| !kind.group.is_empty());
    named.map(|kind| (kind.group, kind.version)).collect()
}

fn group(name: &str, version: &str) -> Value {
    let version = json!({"groupVersion": format!("{name}/{version}"), "version": version});
    json!({"name": name, "versions": [version], "preferredVersion": version})
}

fn resources(group: &str, version: &str, kinds: &[Kind]) -> Value {
    let group_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    let own = kinds.iter().filter(|kind| kind.group == group);
    let resources: Vec<Value> = own.flat_map(|kind| entries(*kind)).collect();
    json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources,
    })
}

/// A kind and what is below it.
fn entries(kind: Kind) -> Vec<Value> {
    let verbs = match kind.group {
        metrics::GROUP => &["get", "list"][..],
        _ if kind == kinds::BINDING => &["create"][..],
        _ if !kind.is_built_in() => CUSTOM_VERBS,
        _ => VERBS,
    };
    let mut own = json!({
        "name": kind.plural, "singularName": kind.singular, "namespaced": kind.is_namespaced,
        "kind": kind.kind, "verbs": verbs,
    });
    if !kind.short.is_empty() {
        own["shortNames"] = json!(kind.short);
    }
    if !kind.categories.is_empty() {
        own["categories"] = json!(kind.categories);
    }
    let below = kind.subresources.iter().map(|subresource| {
        let (shown, verbs): (&str, &[&str]) = match *subresource {
            "eviction" => ("Eviction", &["create"]),
            "binding" => ("Binding", &["create"]),
            "log" => (kind.kind, &["get"]),
            "finalize" => (kind.kind, &["update"]),
            "scale" => ("Scale", &["get", "patch", "update"]),
            _ => (kind.kind, &["get", "patch", "update"]),
        };
        json!({
            "name": format!("{}/{subresource}", kind.plural), "singularName": "",
            "namespaced": kind.is_namespaced, "kind": shown, "verbs": verbs,
        })
    });
    std::iter::once(own).chain(below).collect()
}
