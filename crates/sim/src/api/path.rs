//! What a path names: `/apis/apps/v1/namespaces/shop/deployments/web/scale`.

/// Where a request leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// A collection, an object or what is below one.
    Resource(Target),
    /// What is served: `/api`, `/apis`, `/apis/apps`, `/apis/apps/v1`.
    Discovery(Vec<String>),
    /// Anything else: `/version`, `/readyz`.
    Other(String),
}

/// A collection, an object or a subresource, by its path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// The API group; empty for the core.
    pub group: String,
    /// The version.
    pub version: String,
    /// The resource: `pods`.
    pub resource: String,
    /// The namespace; `None` for kinds that have none and for all namespaces at once.
    pub namespace: Option<String>,
    /// The object's name; `None` for a collection.
    pub name: Option<String>,
    /// What below the object: `status`.
    pub subresource: Option<String>,
}

impl Route {
    /// Reads a path.
    pub(super) fn parse(path: &str) -> Self {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] if !rest.is_empty() => ("", *version, rest),
            ["apis", group, version, rest @ ..] if !rest.is_empty() => (*group, *version, rest),
            ["api" | "apis", ..] => {
                return Self::Discovery(parts.into_iter().map(str::to_owned).collect());
            }
            _ => return Self::Other(path.to_owned()),
        };
        match Target::parse(group, version, rest) {
            Some(target) => Self::Resource(target),
            None => Self::Other(path.to_owned()),
        }
    }
}

impl Target {
    fn parse(group: &str, version: &str, rest: &[&str]) -> Option<Self> {
        let (namespace, rest) = match rest {
            // A namespace's own subresources.
            ["namespaces", _] | ["namespaces", _, "status" | "finalize"] => (None, rest),
            ["namespaces", namespace, below @ ..] if !below.is_empty() => (Some(*namespace), below),
            _ => (None, rest),
        };
        let (resource, name, subresource) = match rest {
            [resource] => (*resource, None, None),
            [resource, name] => (*resource, Some(*name), None),
            [resource, name, subresource] => (*resource, Some(*name), Some(*subresource)),
            _ => return None,
        };
        Some(Self {
            group: group.to_owned(),
            version: version.to_owned(),
            resource: resource.to_owned(),
            namespace: namespace.map(str::to_owned),
            name: name.map(str::to_owned),
            subresource: subresource.map(str::to_owned),
        })
    }

    /// The resource with its subresource, as RBAC names it: `pods/eviction`.
    pub fn qualified(&self) -> String {
        match &self.subresource {
            Some(subresource) => format!("{}/{subresource}", self.resource),
            None => self.resource.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str) -> String {
        match Route::parse(path) {
            Route::Resource(target) => {
                let Target { group, version, resource, namespace, name, subresource } = target;
                let parts = [Some(group), Some(version), namespace, Some(resource), name, subresource];
                parts.map(|part| part.unwrap_or_else(|| "-".into())).join(" ")
            }
            Route::Discovery(parts) => format!("discovery {}", parts.join(" ")),
            Route::Other(path) => format!("other {path}"),
        }
    }

    #[test]
    fn paths_are_those_of_the_api() {
        for (path, expected) in [
            ("/api/v1/pods", " v1 - pods - -"),
            ("/api/v1/namespaces", " v1 - namespaces - -"),
            ("/api/v1/namespaces/shop", " v1 - namespaces shop -"),
            ("/api/v1/namespaces/shop/status", " v1 - namespaces shop status"),
            ("/api/v1/namespaces/shop/pods", " v1 shop pods - -"),
            ("/api/v1/namespaces/shop/pods/web-1/eviction", " v1 shop pods web-1 eviction"),
            ("/apis/apps/v1/namespaces/shop/deployments/web", "apps v1 shop deployments web -"),
            ("/apis/seaworthy.dev/v1alpha1/brakes/cluster", "seaworthy.dev v1alpha1 - brakes cluster -"),
            ("/api/v1", "discovery api v1"),
            ("/apis/apps/v1", "discovery apis apps v1"),
            ("/readyz/etcd", "other /readyz/etcd"),
            ("/api/v1/nodes/n/proxy/a/b", "other /api/v1/nodes/n/proxy/a/b"),
        ] {
            assert_eq!(read(path), expected, "{path}");
        }
    }
}
