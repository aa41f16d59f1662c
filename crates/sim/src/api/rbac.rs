//! Who may do what: roles and bindings, as they are in the store when a request arrives.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::call::Call;
use super::path::{Route, Target};
use super::review;
use crate::kinds::{self, Kind};
use crate::registry::Status;
use crate::storage::{Address, Reading, Storage};

/// Who may do everything.
const MASTERS: &str = "system:masters";

/// What everybody with credentials may look at, from Kubernetes' own roles for discovery.
const PUBLIC: &[&str] = &["/api", "/apis", "/healthz", "/livez", "/readyz", "/openapi", "/version"];

/// What was read of roles and bindings, which every request asks and which seldom change.
#[derive(Debug, Default)]
pub(super) struct Rights {
    bindings: Reading<Binding>,
    roles: Reading<Role>,
}

/// Refuses what the user of a request may not do.
pub(super) fn authorize(rights: &Rights, storage: &Storage, call: &Call) -> Result<(), Status> {
    if call.user == MASTERS {
        return Ok(());
    }
    match &call.route {
        // Everybody may ask about oneself.
        Route::Resource(target) if review::is_review(target) => Ok(()),
        Route::Resource(target) => {
            let request = Asked::new(call, target);
            if rights.grant(storage, &User::new(&call.user), &request) {
                Ok(())
            } else {
                Err(request.refusal(&call.user))
            }
        }
        Route::Discovery(_) | Route::Other(_) if is_public(call) => Ok(()),
        Route::Discovery(_) | Route::Other(_) => {
            let (user, verb, path) = (&call.user, call.verb(), &call.path);
            let message = format!("forbidden: User \"{user}\" cannot {verb} path \"{path}\"");
            let mut status = Status::new(403, "Forbidden", message);
            status.details = json!({});
            Err(status)
        }
    }
}

/// A user, and the groups that its name puts it in.
struct User<'a> {
    name: &'a str,
    groups: Vec<String>,
}

impl<'a> User<'a> {
    fn new(name: &'a str) -> Self {
        let mut groups = vec!["system:authenticated".to_owned()];
        if let Some((namespace, _)) = service_account(name) {
            groups.push("system:serviceaccounts".to_owned());
            groups.push(format!("system:serviceaccounts:{namespace}"));
        }
        Self { name, groups }
    }
}

/// The namespace and name of a ServiceAccount's user.
fn service_account(user: &str) -> Option<(&str, &str)> {
    user.strip_prefix("system:serviceaccount:")?.split_once(':')
}

fn is_public(call: &Call) -> bool {
    call.method == http::Method::GET && is_public_path(&call.path)
}

fn is_public_path(path: &str) -> bool {
    let is_below =
        |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    PUBLIC.iter().any(|root| is_below(root))
}

/// The groups of a user.
pub(super) fn groups(user: &str) -> Vec<String> {
    let mut groups = User::new(user).groups;
    if user == MASTERS {
        groups.insert(0, MASTERS.to_owned());
    }
    groups
}

/// A request as RBAC sees it.
struct Asked<'a> {
    verb: &'a str,
    group: &'a str,
    /// With its subresource.
    resource: String,
    namespace: Option<&'a str>,
    name: &'a str,
    plural: &'a str,
}

impl<'a> Asked<'a> {
    fn new(call: &'a Call, target: &'a Target) -> Self {
        let named = target.name.as_deref().unwrap_or_default();
        // A list of the one object of a name is a request for that name.
        let selected = call.query.get("fieldSelector").strip_prefix("metadata.name=").unwrap_or_default();
        let is_namespace = target.group.is_empty() && target.resource == "namespaces";
        Self {
            verb: call.verb(),
            group: &target.group,
            resource: target.qualified(),
            // A namespace is in itself.
            namespace: target
                .namespace
                .as_deref()
                .or(is_namespace.then_some(named).filter(|name| !name.is_empty())),
            name: if named.is_empty() && !selected.contains(',') { selected } else { named },
            plural: &target.resource,
        }
    }

    fn refusal(&self, user: &str) -> Status {
        let Self { verb, group, resource, namespace, name, plural } = self;
        let qualified = if group.is_empty() { (*plural).to_owned() } else { format!("{plural}.{group}") };
        let object = if name.is_empty() { qualified } else { format!("{qualified} \"{name}\"") };
        let place = match namespace {
            Some(namespace) => format!("in the namespace \"{namespace}\""),
            None => "at the cluster scope".to_owned(),
        };
        let message = format!(
            "{object} is forbidden: User \"{user}\" cannot {verb} resource \"{resource}\" in API group \"{group}\" {place}"
        );
        let mut status = Status::new(403, "Forbidden", message);
        status.details = json!({"kind": plural});
        if !name.is_empty() {
            status.details["name"] = (*name).into();
        }
        if !group.is_empty() {
            status.details["group"] = (*group).into();
        }
        status
    }
}

#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct Role {
    rules: Option<Vec<Rule>>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Rule {
    api_groups: Vec<String>,
    resources: Vec<String>,
    resource_names: Vec<String>,
    verbs: Vec<String>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Binding {
    role_ref: RoleRef,
    subjects: Option<Vec<Subject>>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct RoleRef {
    kind: String,
    name: String,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct Subject {
    kind: String,
    name: String,
    namespace: String,
}

impl Rights {
    fn grant(&self, storage: &Storage, user: &User<'_>, asked: &Asked<'_>) -> bool {
        self.grant_by(storage, kinds::CLUSTER_ROLE_BINDING, "", user, asked)
            || asked
                .namespace
                .is_some_and(|namespace| self.grant_by(storage, kinds::ROLE_BINDING, namespace, user, asked))
    }

    /// Whether a user may do what a review describes.
    pub(super) fn allow(&self, storage: &Storage, user: &str, spec: &Value) -> bool {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        if user == MASTERS {
            return true;
        }
        let path = &spec["nonResourceAttributes"];
        if !path.is_null() {
            return path["verb"] == "get" && is_public_path(&text(&path["path"]));
        }
        let asked = &spec["resourceAttributes"];
        let [verb, group, plural, name, namespace, subresource] =
            ["verb", "group", "resource", "name", "namespace", "subresource"]
                .map(|field| text(&asked[field]));
        let resource =
            if subresource.is_empty() { plural.clone() } else { format!("{plural}/{subresource}") };
        let namespace = Some(namespace.as_str()).filter(|namespace| !namespace.is_empty());
        let (verb, group, plural, name) = (&*verb, &*group, &*plural, &*name);
        self.grant(storage, &User::new(user), &Asked { verb, group, resource, namespace, name, plural })
    }

    /// All that a user may do in a namespace, as the status of a review.
    pub(super) fn list(&self, storage: &Storage, user: &str, namespace: &str) -> Value {
        if user == MASTERS {
            return json!({
                "incomplete": false,
                "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
                "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
            });
        }
        let user = User::new(user);
        let mut rules = Vec::new();
        for (bindings, place) in [(kinds::CLUSTER_ROLE_BINDING, ""), (kinds::ROLE_BINDING, namespace)] {
            for (address, object) in storage.list(bindings, Some(place)).0 {
                let binding = self.bindings.of(&address, &object);
                if !binding.is_of(&user) {
                    continue;
                }
                let role = self.role(storage, place, &binding.role_ref);
                rules.extend(role.iter().flat_map(|role| role.rules.iter().flatten()).map(Rule::shown));
            }
        }
        json!({
            "incomplete": false, "resourceRules": rules,
            "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": PUBLIC}],
        })
    }

    /// Whether one of the bindings of a kind, of a namespace, grants it.
    fn grant_by(
        &self,
        storage: &Storage,
        bindings: Kind,
        namespace: &str,
        user: &User<'_>,
        asked: &Asked<'_>,
    ) -> bool {
        let (all, _) = storage.list(bindings, Some(namespace));
        let bindings = all.iter().map(|(address, object)| self.bindings.of(address, object));
        bindings.filter(|binding| binding.is_of(user)).any(|binding| {
            let role = self.role(storage, namespace, &binding.role_ref);
            role.is_some_and(|role| role.rules.iter().flatten().any(|rule| rule.grants(asked)))
        })
    }

    fn role(&self, storage: &Storage, namespace: &str, reference: &RoleRef) -> Option<Arc<Role>> {
        let address = match reference.kind.as_str() {
            "Role" => Address::new(kinds::ROLE, namespace, &reference.name),
            _ => Address::new(kinds::CLUSTER_ROLE, "", &reference.name),
        };
        storage.get(&address).map(|object| self.roles.of(&address, &object))
    }
}

impl Binding {
    fn is_of(&self, user: &User<'_>) -> bool {
        self.subjects.iter().flatten().any(|subject| subject.is(user))
    }
}

impl Subject {
    fn is(&self, user: &User<'_>) -> bool {
        match self.kind.as_str() {
            "User" => self.name == user.name,
            "Group" => user.groups.contains(&self.name),
            "ServiceAccount" => service_account(user.name) == Some((&self.namespace, &self.name)),
            _ => false,
        }
    }
}

impl Rule {
    /// As a review shows it.
    fn shown(&self) -> Value {
        let mut shown =
            json!({"verbs": self.verbs, "apiGroups": self.api_groups, "resources": self.resources});
        if !self.resource_names.is_empty() {
            shown["resourceNames"] = json!(self.resource_names);
        }
        shown
    }

    fn grants(&self, asked: &Asked<'_>) -> bool {
        let has = |list: &[String], text: &str| list.iter().any(|own| own == "*" || own == text);
        has(&self.verbs, asked.verb)
            && has(&self.api_groups, asked.group)
            && self.names_resource(asked)
            && (self.resource_names.is_empty() || self.resource_names.iter().any(|name| name == asked.name))
    }

    fn names_resource(&self, asked: &Asked<'_>) -> bool {
        let any = asked.resource.split_once('/').map(|(_, subresource)| format!("*/{subresource}"));
        self.resources.iter().any(|own| own == "*" || *own == asked.resource || Some(own) == any.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use cluster::read;
    use cluster::views::{Node, Pod};
    use environment::Environment;
    use http::Request;
    use kube::client::Body;
    use serde_json::{Value, json};

    use super::super::Server;
    use crate::kinds;
    use crate::registry::Registry;

    const USER: &str = "system:serviceaccount:own:healer";

    fn world() -> (Registry, Server) {
        let environment = Environment::test(1);
        let registry = Registry::new(&environment);
        for name in ["own", "shop"] {
            registry.create(kinds::NAMESPACE, "", json!({"metadata": {"name": name}})).unwrap();
        }
        let server = Server::new(registry.clone(), &environment);
        (registry, server)
    }

    fn grant(registry: &Registry, namespace: &str, allowed: &Value) {
        let (roles, bindings, kind) = if namespace.is_empty() {
            (kinds::CLUSTER_ROLE, kinds::CLUSTER_ROLE_BINDING, "ClusterRole")
        } else {
            (kinds::ROLE, kinds::ROLE_BINDING, "Role")
        };
        let meta = json!({"name": "healer"});
        registry.create(roles, namespace, json!({"metadata": meta, "rules": [allowed]})).unwrap();
        let subject = json!({"kind": "ServiceAccount", "namespace": "own", "name": "healer"});
        let reference = json!({"kind": kind, "name": "healer"});
        let bound = json!({"metadata": meta, "roleRef": reference, "subjects": [subject]});
        registry.create(bindings, namespace, bound).unwrap();
    }

    async fn ask(server: &Server, method: &str, path: &str) -> (u16, String) {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let response = server.client(USER).send(request).await.unwrap();
        let code = response.status().as_u16();
        let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        (code, body["message"].as_str().unwrap_or_default().to_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_role_nothing_but_discovery_is_allowed() {
        let (_, server) = world();
        for (method, path, message) in [
            (
                "GET",
                "/api/v1/nodes",
                "nodes is forbidden: User \"system:serviceaccount:own:healer\" cannot list \
              resource \"nodes\" in API group \"\" at the cluster scope",
            ),
            (
                "GET",
                "/apis/apps/v1/namespaces/shop/deployments/web",
                "deployments.apps \"web\" is forbidden: User \
              \"system:serviceaccount:own:healer\" cannot get resource \"deployments\" in API group \"apps\" in the \
              namespace \"shop\"",
            ),
            (
                "POST",
                "/api/v1/namespaces/shop/pods/web-1/eviction",
                "pods \"web-1\" is forbidden: User \
              \"system:serviceaccount:own:healer\" cannot create resource \"pods/eviction\" in API group \"\" in the \
              namespace \"shop\"",
            ),
            (
                "GET",
                "/metrics",
                "forbidden: User \"system:serviceaccount:own:healer\" cannot get path \"/metrics\"",
            ),
        ] {
            assert_eq!(ask(&server, method, path).await, (403, message.to_owned()), "{path}");
        }
        assert_eq!(ask(&server, "GET", "/version").await.0, 200);
        assert_eq!(ask(&server, "GET", "/api/v1").await.0, 200);
        let denied = read::get::<Node>(&server.client(USER), None, "n", Duration::from_secs(1)).await;
        assert!(matches!(denied, Err(read::Error::Denied(verb)) if verb.resource == "nodes"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_role_grants_its_namespace_and_a_cluster_role_all() {
        let (registry, server) = world();
        let rule = json!({"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]});
        grant(&registry, "shop", &rule);
        assert_eq!(ask(&server, "GET", "/api/v1/namespaces/shop/pods").await.0, 200);
        assert_eq!(ask(&server, "GET", "/api/v1/namespaces/own/pods").await.0, 403);
        assert_eq!(ask(&server, "GET", "/api/v1/pods").await.0, 403);
        grant(&registry, "", &rule);
        let client = server.client(USER);
        let pods = read::list::<Pod>(&client, None, "", "", 10, Duration::from_secs(1)).await;
        assert_eq!(pods.unwrap().len(), 0);
        assert_eq!(ask(&server, "DELETE", "/api/v1/namespaces/shop/pods").await.0, 403);
    }

    #[tokio::test(start_paused = true)]
    async fn names_and_subresources_are_granted_apart() {
        let (registry, server) = world();
        let (leases, group) = ("leases", "coordination.k8s.io");
        let named = json!({"apiGroups": [group], "resources": [leases], "verbs": ["get", "create"], "resourceNames": ["a"]});
        grant(&registry, "own", &named);
        grant(&registry, "shop", &json!({"apiGroups": [""], "resources": ["pods/log"], "verbs": ["*"]}));
        let path = "/apis/coordination.k8s.io/v1/namespaces/own/leases";
        assert_eq!(ask(&server, "GET", &format!("{path}/a")).await.0, 404);
        assert_eq!(ask(&server, "GET", &format!("{path}/b")).await.0, 403);
        assert_eq!(ask(&server, "POST", path).await.0, 403, "no name is known before it is created");
        assert_eq!(ask(&server, "GET", "/api/v1/namespaces/shop/pods/p/log").await.0, 404);
        assert_eq!(ask(&server, "GET", "/api/v1/namespaces/shop/pods/p").await.0, 403);
    }
}
