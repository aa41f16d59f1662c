//! Discovery in one answer: all groups with all that they have.

use serde_json::{Value, json};

use super::{Below, below, groups, verbs};
use crate::kinds::Kind;

/// The form of the answer, as it is asked for and as it is called.
pub(super) const CONTENT_TYPE: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// Whether a client prefers this form over the older one.
pub(super) fn is_wanted(accept: &str) -> bool {
    let has = |range: &str, part: &str| range.split(';').any(|own| own.trim() == part);
    let is_known = |range: &&str| !range.contains("as=") || has(range, "v=v2");
    let first = accept.split(',').find(is_known).unwrap_or_default();
    has(first, "as=APIGroupDiscoveryList") && has(first, "g=apidiscovery.k8s.io")
}

/// The core group alone.
pub(super) fn core(kinds: &[Kind]) -> Value {
    list(&[group("", "v1", kinds)])
}

/// All groups that have names.
pub(super) fn named(kinds: &[Kind]) -> Value {
    let items: Vec<Value> = groups(kinds).iter().map(|(name, version)| group(name, version, kinds)).collect();
    list(&items)
}

fn list(items: &[Value]) -> Value {
    json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items,
    })
}

fn group(name: &str, version: &str, kinds: &[Kind]) -> Value {
    let mut metadata = json!({"creationTimestamp": null});
    if !name.is_empty() {
        metadata["name"] = name.into();
    }
    let own = kinds.iter().filter(|kind| kind.group == name);
    let resources: Vec<Value> = own.map(|kind| resource(*kind)).collect();
    let version = json!({"version": version, "resources": resources, "freshness": "Current"});
    json!({"metadata": metadata, "versions": [version]})
}

fn resource(kind: Kind) -> Value {
    let mut own = json!({
        "resource": kind.plural, "singularResource": kind.singular, "verbs": verbs(kind),
        "scope": if kind.is_namespaced { "Namespaced" } else { "Cluster" },
        "responseKind": {"group": kind.group, "version": kind.version, "kind": kind.kind},
    });
    if !kind.short.is_empty() {
        own["shortNames"] = json!(kind.short);
    }
    if !kind.categories.is_empty() {
        own["categories"] = json!(kind.categories);
    }
    let subresources: Vec<Value> = kind.subresources.iter().map(|name| subresource(kind, name)).collect();
    if !subresources.is_empty() {
        own["subresources"] = subresources.into();
    }
    own
}

fn subresource(kind: Kind, name: &str) -> Value {
    let Below { group, version, shown, verbs } = below(kind, name);
    json!({
        "subresource": name, "verbs": verbs,
        "responseKind": {"group": group, "version": version, "kind": shown},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_given_to_who_prefers_it() {
        let older = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";
        for (accept, expected) in [
            ("", false),
            ("application/json", false),
            (CONTENT_TYPE, true),
            (&format!("{CONTENT_TYPE},application/json"), true),
            (&format!("{older},{CONTENT_TYPE},application/json"), true),
            (&format!("{older},application/json"), false),
            (&format!("application/json,{CONTENT_TYPE}"), false),
        ] {
            assert_eq!(is_wanted(accept), expected, "{accept}");
        }
    }
}
