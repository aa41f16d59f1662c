//! What the server says it serves.

mod aggregated;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Server;
use super::answer::Answer;
use super::call::Call;
use super::{metrics, review};
use crate::kinds::{self, Kind};
use crate::registry::Status;

/// What can be done to every kind but bindings.
const VERBS: &[&str] = &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// The same for custom resources, in their own order.
const CUSTOM_VERBS: &[&str] =
    &["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];

impl Server {
    /// Answers a request for what is served.
    pub(super) fn discover(&self, call: &Call, parts: &[String]) -> Result<Answer, Status> {
        let mut kinds = self.kinds();
        kinds.extend(review::served());
        if self.usage().is_some() {
            kinds.extend(metrics::served());
        }
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        if aggregated::is_wanted(&call.accept) {
            match parts.as_slice() {
                ["api"] => return Ok(Answer::of(aggregated::CONTENT_TYPE, &aggregated::core(&kinds))),
                ["apis"] => return Ok(Answer::of(aggregated::CONTENT_TYPE, &aggregated::named(&kinds))),
                _ => {}
            }
        }
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

/// What can be done to a kind.
fn verbs(kind: Kind) -> &'static [&'static str] {
    match kind.group {
        metrics::GROUP => &["get", "list"],
        _ if kind == kinds::BINDING || review::served().any(|own| own == kind) => &["create"],
        _ if !kind.is_built_in() => CUSTOM_VERBS,
        _ => VERBS,
    }
}

/// A subresource: which kind it speaks, and what can be done to it.
struct Below {
    group: &'static str,
    version: &'static str,
    shown: &'static str,
    verbs: &'static [&'static str],
}

fn below(kind: Kind, subresource: &str) -> Below {
    let own = Below {
        group: kind.group,
        version: kind.version,
        shown: kind.kind,
        verbs: &["get", "patch", "update"],
    };
    match subresource {
        "eviction" => Below { group: "policy", version: "v1", shown: "Eviction", verbs: &["create"] },
        "binding" => Below { shown: "Binding", verbs: &["create"], ..own },
        "log" => Below { verbs: &["get"], ..own },
        "finalize" => Below { verbs: &["update"], ..own },
        "scale" => Below { group: "autoscaling", version: "v1", shown: "Scale", ..own },
        _ => own,
    }
}

/// A kind and what is below it.
fn entries(kind: Kind) -> Vec<Value> {
    let mut own = json!({
        "name": kind.plural, "singularName": kind.singular, "namespaced": kind.is_namespaced,
        "kind": kind.kind, "verbs": verbs(kind),
    });
    if !kind.short.is_empty() {
        own["shortNames"] = json!(kind.short);
    }
    if !kind.categories.is_empty() {
        own["categories"] = json!(kind.categories);
    }
    let subresources = kind.subresources.iter().map(|name| entry(kind, name));
    std::iter::once(own).chain(subresources).collect()
}

fn entry(kind: Kind, subresource: &str) -> Value {
    let Below { group, version, shown, verbs } = below(kind, subresource);
    let mut entry = json!({
        "name": format!("{}/{subresource}", kind.plural), "singularName": "",
        "namespaced": kind.is_namespaced, "kind": shown, "verbs": verbs,
    });
    // What is of the same group need not be told.
    if (group, version) != (kind.group, kind.version) {
        entry["group"] = group.into();
        entry["version"] = version.into();
    }
    entry
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is served, as `group/name verbs`, from the older form.
    fn older(group: &str, list: &Value) -> Vec<String> {
        let resources = list["resources"].as_array().unwrap().iter();
        resources.map(|own| format!("{group}/{} {}", own["name"].as_str().unwrap(), own["verbs"])).collect()
    }

    /// The same, from the answer that has all groups.
    fn aggregated(group: &Value) -> Vec<String> {
        let name = group["metadata"]["name"].as_str().unwrap_or_default();
        let mut all = Vec::new();
        for own in group["versions"][0]["resources"].as_array().unwrap() {
            let plural = own["resource"].as_str().unwrap();
            all.push(format!("{name}/{plural} {}", own["verbs"]));
            for below in own["subresources"].as_array().into_iter().flatten() {
                let subresource = below["subresource"].as_str().unwrap();
                all.push(format!("{name}/{plural}/{subresource} {}", below["verbs"]));
            }
        }
        all
    }

    #[test]
    fn both_forms_say_the_same() {
        let kinds: Vec<Kind> = kinds::BUILT_IN.iter().copied().chain(review::served()).collect();
        let named = aggregated::named(&kinds);
        let groups_named = named["items"].as_array().unwrap();
        let found: Vec<String> = groups_named.iter().flat_map(aggregated).collect();
        let said = groups(&kinds);
        let expected = said.iter().flat_map(|(name, version)| older(name, &resources(name, version, &kinds)));
        assert_eq!(found, expected.collect::<Vec<_>>());
        let core = aggregated(&aggregated::core(&kinds)["items"][0]);
        assert_eq!(core, older("", &resources("", "v1", &kinds)));
    }
}
