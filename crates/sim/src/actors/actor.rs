//! Somebody who works on the cluster through its API.

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::{Value, json};

use super::{NAMESPACE, rights};
use crate::api::Server;

/// Somebody with a client of the API. Cheap to clone.
#[derive(Clone)]
pub struct Actor {
    name: &'static str,
    client: kube::Client,
}

/// How often a write is tried again that somebody else was faster with.
const TRIES: u32 = 5;

impl Actor {
    /// A controller with a ServiceAccount of this name.
    pub fn controller(server: &Server, name: &'static str) -> Self {
        let user = format!("system:serviceaccount:{NAMESPACE}:{name}");
        Self { name, client: server.client_of(name, &user) }
    }

    /// The person with kubectl.
    pub fn person(server: &Server) -> Self {
        Self { name: rights::PERSON, client: server.client_of(rights::PERSON, rights::PERSON) }
    }

    /// Reads one object or a list; nothing where there is none, or nobody answers.
    pub async fn read(&self, path: &str) -> Option<Value> {
        match self.send(Method::GET, path, &Value::Null).await {
            (200, value) => Some(value),
            _ => None,
        }
    }

    /// The items of a list.
    pub async fn list(&self, path: &str) -> Vec<Value> {
        let list = self.read(path).await.unwrap_or_default();
        list["items"].as_array().cloned().unwrap_or_default()
    }

    /// Creates an object. Whether it is there now by this.
    pub async fn create(&self, path: &str, value: &Value) -> bool {
        self.send(Method::POST, path, value).await.0 == 201
    }

    /// Changes an object by a merge patch. Whether it was granted.
    pub async fn patch(&self, path: &str, changes: &Value) -> bool {
        self.send(Method::PATCH, path, changes).await.0 == 200
    }

    /// Deletes an object. Whether it is gone or going by this.
    pub async fn delete(&self, path: &str) -> bool {
        matches!(self.send(Method::DELETE, path, &Value::Null).await.0, 200 | 202)
    }

    /// Cordons a node, or lifts that.
    pub async fn cordon(&self, node: &str, is_cordoned: bool) {
        let to = if is_cordoned { json!(true) } else { Value::Null };
        self.patch(&node_path(node), &json!({"spec": {"unschedulable": to}})).await;
    }

    /// Puts a taint on a node. Taints are one list: it is written for the version that was read.
    pub async fn taint(&self, node: &str, taint: &Value) {
        self.change_taints(node, |taints| taints.push(taint.clone())).await;
    }

    /// Takes the taints of a key off a node.
    pub async fn untaint(&self, node: &str, key: &str) {
        self.change_taints(node, |taints| taints.retain(|taint| taint["key"] != key)).await;
    }

    async fn change_taints(&self, node: &str, change: impl Fn(&mut Vec<Value>)) {
        let path = node_path(node);
        for _ in 0..TRIES {
            let Some(known) = self.read(&path).await else { return };
            let mut taints = known["spec"]["taints"].as_array().cloned().unwrap_or_default();
            change(&mut taints);
            let version = &known["metadata"]["resourceVersion"];
            let changes = json!({"metadata": {"resourceVersion": version}, "spec": {"taints": taints}});
            if self.patch(&path, &changes).await {
                return;
            }
        }
    }

    /// Asks for a pod's eviction. Whether it was granted.
    pub async fn evict(&self, pod: &Value) -> bool {
        let meta = &pod["metadata"];
        let part = |field: &str| meta[field].as_str().unwrap_or_default();
        let (namespace, name) = (part("namespace"), part("name"));
        let eviction = json!({
            "apiVersion": "policy/v1", "kind": "Eviction",
            "metadata": {"name": name, "namespace": namespace},
        });
        self.create(&format!("/api/v1/namespaces/{namespace}/pods/{name}/eviction"), &eviction).await
    }

    /// The status of the answer and what it says; zero where none came.
    async fn send(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let kind = if method == Method::PATCH { "application/merge-patch+json" } else { "application/json" };
        let bytes = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, kind)
            .header(header::USER_AGENT, self.name)
            .body(Body::from(bytes));
        let Ok(request) = request else { return (0, Value::Null) };
        let Ok(response) = self.client.send(request).await else { return (0, Value::Null) };
        let code = response.status().as_u16();
        let body = response.into_body().collect().await;
        let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        (code, serde_json::from_slice(&body).unwrap_or_default())
    }
}

/// Where a node is.
pub(crate) fn node_path(node: &str) -> String {
    format!("/api/v1/nodes/{node}")
}
