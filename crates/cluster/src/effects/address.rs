//! Where the objects are that may be changed. What is not in this table cannot be.

use http::Method;
use model::ObjectRef;

use crate::read::check_name;
use crate::refusal::MissingVerb;

/// The kinds that actions change.
const KINDS: &[Kind] = &[
    Kind { name: "Pod", group: "", version: "v1", resource: "pods", is_namespaced: true },
    Kind { name: "Node", group: "", version: "v1", resource: "nodes", is_namespaced: false },
    Kind { name: "Deployment", group: "apps", version: "v1", resource: "deployments", is_namespaced: true },
    Kind { name: "StatefulSet", group: "apps", version: "v1", resource: "statefulsets", is_namespaced: true },
    Kind { name: "DaemonSet", group: "apps", version: "v1", resource: "daemonsets", is_namespaced: true },
];

struct Kind {
    name: &'static str,
    group: &'static str,
    version: &'static str,
    resource: &'static str,
    is_namespaced: bool,
}

/// The address of an object.
pub(super) struct Address {
    kind: &'static Kind,
    /// Its path.
    pub(super) path: String,
}

/// The address of `target`, if it is of a kind that may be changed and its names are names.
pub(super) fn of(target: &ObjectRef) -> Option<Address> {
    let kind = KINDS.iter().find(|kind| kind.name == target.kind)?;
    check_name(&target.name).ok()?;
    let Kind { group, version, resource, is_namespaced, .. } = kind;
    let root = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
    let scope = if *is_namespaced {
        check_name(&target.namespace).ok()?;
        format!("/namespaces/{}", target.namespace)
    } else if target.namespace.is_empty() {
        String::new()
    } else {
        return None;
    };
    Some(Address { kind, path: format!("{root}{scope}/{resource}/{}", target.name) })
}

impl Address {
    /// What RBAC would have to grant for a request.
    pub(super) fn missing_verb(&self, method: &Method, subresource: &str) -> MissingVerb {
        let verb = match *method {
            Method::POST => "create",
            Method::DELETE => "delete",
            _ => "patch",
        };
        let resource = match subresource {
            "" => self.kind.resource.to_owned(),
            subresource => format!("{}/{subresource}", self.kind.resource),
        };
        MissingVerb { verb: verb.to_owned(), group: self.kind.group.to_owned(), resource }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_of_the_api() {
        let path = |target: ObjectRef| of(&target).map(|address| address.path);
        assert_eq!(
            path(ObjectRef::namespaced("Pod", "shop", "web-1", "u")).as_deref(),
            Some("/api/v1/namespaces/shop/pods/web-1")
        );
        assert_eq!(
            path(ObjectRef::namespaced("Deployment", "shop", "web", "u")).as_deref(),
            Some("/apis/apps/v1/namespaces/shop/deployments/web")
        );
        assert_eq!(path(ObjectRef::cluster_wide("Node", "n", "u")).as_deref(), Some("/api/v1/nodes/n"));
    }

    #[test]
    fn what_could_lead_elsewhere_has_no_address() {
        for target in [
            ObjectRef::namespaced("Secret", "shop", "key", "u"),
            ObjectRef::namespaced("Pod", "", "web-1", "u"),
            ObjectRef::namespaced("Pod", "shop", "", "u"),
            ObjectRef::namespaced("Pod", "shop", "a/eviction", "u"),
            ObjectRef::namespaced("Pod", "shop/pods/x", "a", "u"),
            ObjectRef::namespaced("Node", "shop", "n", "u"),
            ObjectRef::default(),
        ] {
            assert!(of(&target).is_none(), "{target:?}");
        }
    }
}
