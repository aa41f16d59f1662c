//! Questions about oneself: who am I, may I do this, what may I do. Everybody may ask them.

use http::Method;
use serde_json::{Value, json};

use super::Server;
use super::answer::Answer;
use super::call::Call;
use super::path::Target;
use super::rbac;
use crate::kinds::{Definition, Kind};
use crate::registry::Status;

/// Their groups, kinds and plurals.
const SERVED: &[(&str, &str, &str)] = &[
    ("authentication.k8s.io", "SelfSubjectReview", "selfsubjectreviews"),
    ("authorization.k8s.io", "SelfSubjectAccessReview", "selfsubjectaccessreviews"),
    ("authorization.k8s.io", "SelfSubjectRulesReview", "selfsubjectrulesreviews"),
];

/// What is served, for discovery.
pub(super) fn served() -> impl Iterator<Item = Kind> {
    SERVED.iter().map(|(group, kind, plural)| {
        Kind::custom(Definition {
            group,
            version: "v1",
            kind,
            plural,
            singular: plural.strip_suffix('s').unwrap_or(plural),
            short: &[],
            categories: &[],
            is_namespaced: false,
            subresources: &[],
        })
    })
}

/// Whether a request is such a question.
pub(super) fn is_review(target: &Target) -> bool {
    SERVED.iter().any(|(group, _, plural)| target.group == *group && target.resource == *plural)
}

impl Server {
    /// Answers one.
    pub(super) fn review(&self, call: &Call, target: &Target) -> Result<Answer, Status> {
        if call.method != Method::POST || target.name.is_some() || target.version != "v1" {
            return Err(Status::method_not_allowed());
        }
        let mut review = call.json()?;
        if !review.is_object() {
            return Err(Status::bad_request("the object provided is unrecognized (must be of type Object)"));
        }
        let (rights, storage, user) = (self.rights(), self.registry().storage(), call.user.as_str());
        let spec = &review["spec"];
        let status = match target.resource.as_str() {
            "selfsubjectreviews" => json!({"userInfo": {"username": user, "groups": rbac::groups(user)}}),
            "selfsubjectaccessreviews" => {
                let is_allowed = rights.allow(storage, user, spec);
                if is_allowed { json!({"allowed": true}) } else { json!({"allowed": false, "reason": ""}) }
            }
            _ => {
                let namespace = spec["namespace"].as_str().unwrap_or_default();
                if namespace.is_empty() {
                    return Err(Status::bad_request("no namespace on request"));
                }
                rights.list(storage, user, namespace)
            }
        };
        review["status"] = status;
        let (_, kind, _) = SERVED.iter().find(|own| own.2 == target.resource).copied().unwrap_or_default();
        review["kind"] = kind.into();
        review["apiVersion"] = format!("{}/v1", target.group).into();
        if review["metadata"] == Value::Null {
            review["metadata"] = json!({});
        }
        Ok(Answer::value(201, &review))
    }
}

#[cfg(test)]
mod tests {
    use environment::Environment;
    use kube::client::Body;

    use super::*;
    use crate::kinds;
    use crate::registry::Registry;

    const USER: &str = "system:serviceaccount:shop:robot";

    fn server() -> Server {
        let environment = Environment::test(1);
        let registry = Registry::new(&environment);
        registry.create(kinds::NAMESPACE, "", json!({"metadata": {"name": "shop"}})).unwrap();
        let allowed = json!({"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]});
        let role = json!({"metadata": {"name": "reader"}, "rules": [allowed]});
        registry.create(kinds::ROLE, "shop", role).unwrap();
        let binding = json!({
            "metadata": {"name": "reader"}, "roleRef": {"kind": "Role", "name": "reader"},
            "subjects": [{"kind": "ServiceAccount", "namespace": "shop", "name": "robot"}],
        });
        registry.create(kinds::ROLE_BINDING, "shop", binding).unwrap();
        Server::new(registry, &environment)
    }

    async fn ask(server: &Server, user: &str, plural: &str, spec: &Value) -> Value {
        let (group, _, _) = SERVED.iter().find(|own| own.2 == plural).unwrap();
        let body = json!({"spec": spec}).to_string().into_bytes();
        let request =
            http::Request::post(format!("/apis/{group}/v1/{plural}")).body(Body::from(body)).unwrap();
        let response = server.client(user).send(request).await.unwrap();
        assert_eq!(response.status(), 201);
        let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
        serde_json::from_slice::<Value>(&body).unwrap()["status"].take()
    }

    #[tokio::test(start_paused = true)]
    async fn everybody_is_told_what_they_may_do() {
        let server = server();
        for (user, verb, namespace, expected) in [
            (USER, "get", "shop", true),
            (USER, "delete", "shop", false),
            (USER, "get", "", false),
            ("system:masters", "delete", "", true),
        ] {
            let asked =
                json!({"resourceAttributes": {"verb": verb, "resource": "pods", "namespace": namespace}});
            let status = ask(&server, user, "selfsubjectaccessreviews", &asked).await;
            assert_eq!(status["allowed"], expected, "{user} {verb} {namespace}");
        }
        let rules = ask(&server, USER, "selfsubjectrulesreviews", &json!({"namespace": "shop"})).await;
        let expected = json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]);
        assert_eq!(rules["resourceRules"], expected);
        let status = ask(&server, USER, "selfsubjectreviews", &Value::Null).await;
        assert_eq!(status["userInfo"]["username"], USER);
    }
}
