//! A small API server for tests: it keeps objects by their address, lists and watches them, and
//! holds writers to their preconditions. A pod that is evicted is replaced by a healthy one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::channel::mpsc::{UnboundedSender, unbounded};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, StreamBody, combinators::UnsyncBoxBody};
use kube::client::Body;
use serde_json::{Value, json};
use tokio::time::Instant;

type Error = Box<dyn std::error::Error + Send + Sync>;
type Answer = Response<UnsyncBoxBody<Bytes, Error>>;

/// The server. Cheap to clone; clones are the same server.
#[derive(Clone, Default)]
pub(in crate::service) struct ApiServer {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    version: u64,
    /// By resource, namespace and name.
    objects: BTreeMap<Address, Value>,
    watchers: Vec<(String, UnboundedSender<String>)>,
    /// The resources of our own group that are not installed.
    missing: Vec<String>,
    evictions: Vec<Value>,
    /// How long an eviction takes from its effect to its answer.
    slowness: Duration,
    /// What the policy is changed to when somebody reads it by its name.
    changed_when_read: Option<Value>,
    /// Whether events are never answered.
    keeps_events_waiting: bool,
    /// Every request, and when it came.
    trace: Vec<(Instant, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Address {
    resource: String,
    namespace: String,
    name: String,
}

/// What a path names: `/api/v1/namespaces/shop/pods/web-1/eviction`.
struct Path {
    address: Address,
    subresource: String,
}

impl Path {
    fn parse(path: &str) -> Self {
        let mut parts = path.trim_matches('/').split('/').map(str::to_owned);
        // `api` and a version, or `apis`, a group and a version.
        let skipped = if parts.next().as_deref() == Some("api") { 1 } else { 2 };
        let mut parts = parts.skip(skipped).peekable();
        let mut next = || parts.next().unwrap_or_default();
        let (mut resource, mut namespace, mut name) = (next(), String::new(), next());
        if resource == "namespaces" {
            let below = next();
            if !below.is_empty() {
                (namespace, resource, name) = (name, below, next());
            }
        }
        Self { address: Address { resource, namespace, name }, subresource: next() }
    }
}

impl ApiServer {
    pub(in crate::service) fn client(&self) -> kube::Client {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let server = server.clone();
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
                let body = serde_json::from_slice(&body).unwrap_or_default();
                let query = head.uri.query().unwrap_or_default();
                let request = format!("{} {} {body}", head.method, head.uri);
                server.lock().trace.push((Instant::now(), request));
                if head.method == Method::GET && head.uri.path().ends_with("/healingpolicies/policy") {
                    let changed = server.lock().changed_when_read.take();
                    if let Some(changed) = changed {
                        server.apply("healingpolicies", changed);
                        // Who watches has heard of it before it is answered.
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                }
                let answer = server.answer(&head.method, head.uri.path(), query, body);
                if head.uri.path().ends_with("/eviction") {
                    let slowness = server.lock().slowness;
                    tokio::time::sleep(slowness).await;
                }
                if head.uri.path().ends_with("/events") && server.lock().keeps_events_waiting {
                    return std::future::pending().await;
                }
                Ok::<_, Error>(answer)
            }
        });
        kube::Client::new(service, "default")
    }

    /// Creates or changes an object, as somebody else would.
    pub(super) fn apply(&self, resource: &str, object: Value) {
        let text = |name: &str| object["metadata"][name].as_str().unwrap_or_default().to_owned();
        let address =
            Address { resource: resource.to_owned(), namespace: text("namespace"), name: text("name") };
        self.lock().store(address, object);
    }

    pub(super) fn remove(&self, resource: &str, name: &str) {
        let (resource, name) = (resource.to_owned(), name.to_owned());
        self.lock().remove(&Address { resource, namespace: String::new(), name });
    }

    /// Deletes an object, and the event is lost.
    pub(super) fn remove_unheard(&self, resource: &str, name: &str) {
        let (resource, name) = (resource.to_owned(), name.to_owned());
        self.lock().objects.remove(&Address { resource, namespace: String::new(), name });
    }

    /// The policy is changed in the very moment in which it is read by its name.
    pub(super) fn change_when_read(&self, policy: Value) {
        self.lock().changed_when_read = Some(policy);
    }

    /// Serves none of our own resources of this name.
    pub(super) fn uninstall(&self, resource: &str) {
        self.lock().missing.push(resource.to_owned());
    }

    pub(super) fn all(&self, resource: &str) -> Vec<Value> {
        let state = self.lock();
        let own = state.objects.iter().filter(|(address, _)| address.resource == resource);
        own.map(|(_, object)| object.clone()).collect()
    }

    /// Answers evictions so long after they had their effect.
    pub(super) fn slow_evictions(&self, slowness: Duration) {
        self.lock().slowness = slowness;
    }

    /// Never answers who writes an event.
    pub(super) fn keep_events_waiting(&self) {
        self.lock().keeps_events_waiting = true;
    }

    /// Every request, and how long after the first it came.
    pub(super) fn trace(&self) -> Vec<(Duration, String)> {
        let state = self.lock();
        let first = state.trace.first().map(|(came, _)| *came);
        let since = |came: Instant| first.map(|first| came.duration_since(first)).unwrap_or_default();
        state.trace.iter().map(|(came, request)| (since(*came), request.clone())).collect()
    }

    /// The evictions that were asked for and granted.
    pub(super) fn evictions(&self) -> Vec<Value> {
        self.lock().evictions.clone()
    }

    fn answer(&self, method: &Method, path: &str, query: &str, body: Value) -> Answer {
        let mut state = self.lock();
        if path == "/apis/seaworthy.dev/v1alpha1" {
            let served = ["healingpolicies", "remediations", "brakes"];
            let served = served.iter().filter(|name| !state.missing.iter().any(|missing| missing == *name));
            let names: Vec<Value> = served.map(|name| json!({"name": name})).collect();
            return respond(StatusCode::OK, &json!({"resources": names}));
        }
        let Path { address, subresource } = Path::parse(path);
        let is_list = *method == Method::GET && address.name.is_empty();
        if is_list && query.contains("watch=true") {
            return state.watch(&address);
        }
        let answer = match method.as_str() {
            "GET" if is_list => Ok(state.list(&address)),
            "GET" => state.objects.get(&address).cloned().ok_or_else(|| refusal(404, "NotFound")),
            "POST" if subresource == "eviction" => state.evict(&address, body),
            "POST" => state.create(address, body),
            "PUT" => state.replace(address, &subresource, &body),
            "PATCH" => state.patch(address, body),
            "DELETE" => state.remove(&address).ok_or_else(|| refusal(404, "NotFound")),
            _ => Err(refusal(405, "MethodNotAllowed")),
        };
        match answer {
            Ok(object) => respond(StatusCode::OK, &object),
            Err(status) => {
                let code = status["code"].as_u64().and_then(|code| u16::try_from(code).ok());
                let code = code.and_then(|code| StatusCode::from_u16(code).ok());
                respond(code.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), &status)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Keeps an object at a new version and tells the watchers.
    fn store(&mut self, address: Address, mut object: Value) -> Value {
        self.version += 1;
        object["metadata"]["resourceVersion"] = self.version.to_string().into();
        if object["metadata"]["uid"].is_null() {
            object["metadata"]["uid"] = format!("uid-{}", self.version).into();
        }
        self.tell("MODIFIED", &address.resource, &object);
        self.objects.insert(address, object.clone());
        object
    }

    fn remove(&mut self, address: &Address) -> Option<Value> {
        let mut object = self.objects.remove(address)?;
        self.version += 1;
        object["metadata"]["resourceVersion"] = self.version.to_string().into();
        self.tell("DELETED", &address.resource, &object);
        Some(object)
    }

    /// A watcher that is gone takes nothing any more.
    fn tell(&mut self, event: &str, resource: &str, object: &Value) {
        let line = line(event, object);
        self.watchers.retain(|(own, to)| own != resource || to.unbounded_send(line.clone()).is_ok());
    }

    fn of<'a>(&'a self, collection: &'a Address) -> impl Iterator<Item = &'a Value> {
        let fits = |address: &Address| {
            address.resource == collection.resource
                && (collection.namespace.is_empty() || address.namespace == collection.namespace)
        };
        self.objects.iter().filter(move |(address, _)| fits(address)).map(|(_, object)| object)
    }

    fn list(&self, collection: &Address) -> Value {
        let items: Vec<&Value> = self.of(collection).collect();
        json!({"metadata": {"resourceVersion": self.version.to_string()}, "items": items})
    }

    fn watch(&mut self, collection: &Address) -> Answer {
        let (sender, changes) = unbounded();
        let mut lines: Vec<String> = self.of(collection).map(|object| line("ADDED", object)).collect();
        let meta = json!({
            "name": "", "uid": "", "resourceVersion": self.version.to_string(),
            "annotations": {"k8s.io/initial-events-end": "true"},
        });
        lines.push(line("BOOKMARK", &json!({"metadata": meta})));
        self.watchers.push((collection.resource.clone(), sender));
        let pieces = futures::stream::iter(lines).chain(changes).map(Bytes::from);
        let frames = pieces.map(|piece| Ok::<_, Error>(http_body::Frame::data(piece)));
        Response::new(StreamBody::new(frames).boxed_unsync())
    }

    fn create(&mut self, collection: Address, mut object: Value) -> Result<Value, Value> {
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let address = Address { name, ..collection };
        if self.objects.contains_key(&address) {
            return Err(refusal(409, "AlreadyExists"));
        }
        // A status is a subresource: nobody creates it along.
        if let Some(fields) = object.as_object_mut().filter(|_| address.resource == "remediations") {
            fields.remove("status");
        }
        Ok(self.store(address, object))
    }

    fn replace(&mut self, address: Address, subresource: &str, new: &Value) -> Result<Value, Value> {
        let known = self.objects.get(&address).ok_or_else(|| refusal(404, "NotFound"))?.clone();
        if new["metadata"]["resourceVersion"] != known["metadata"]["resourceVersion"] {
            return Err(refusal(409, "Conflict"));
        }
        let mut next = if subresource == "status" { known.clone() } else { new.clone() };
        next["status"] = if subresource == "status" { new } else { &known }["status"].clone();
        Ok(self.store(address, next))
    }

    fn patch(&mut self, address: Address, patch: Value) -> Result<Value, Value> {
        let mut object = self.objects.get(&address).ok_or_else(|| refusal(404, "NotFound"))?.clone();
        for field in ["uid", "resourceVersion"] {
            let asked = &patch["metadata"][field];
            if !asked.is_null() && *asked != object["metadata"][field] {
                return Err(refusal(409, "Conflict"));
            }
        }
        merge(&mut object, patch);
        Ok(self.store(address, object))
    }

    /// Removes a pod, and plays the controller that replaces it.
    fn evict(&mut self, address: &Address, eviction: Value) -> Result<Value, Value> {
        let pod = self.objects.get(address).ok_or_else(|| refusal(404, "NotFound"))?;
        if eviction["deleteOptions"]["preconditions"]["uid"] != pod["metadata"]["uid"] {
            return Err(refusal(409, "Conflict"));
        }
        self.evictions.push(eviction);
        let mut next = self.remove(address).unwrap_or_default();
        let name = format!("{}-next", address.name);
        next["metadata"]["name"] = name.as_str().into();
        next["metadata"]["uid"] = format!("uid-{name}").into();
        next["status"]["conditions"] = json!([{"type": "Ready", "status": "True"}]);
        self.store(Address { name, ..address.clone() }, next);
        Ok(json!({"kind": "Status", "status": "Success"}))
    }
}

/// RFC 7396.
fn merge(object: &mut Value, patch: Value) {
    let Value::Object(fields) = patch else {
        *object = patch;
        return;
    };
    if !object.is_object() {
        *object = json!({});
    }
    for (name, value) in fields {
        if value.is_null() {
            object.as_object_mut().map(|fields| fields.remove(&name));
        } else {
            merge(&mut object[&name], value);
        }
    }
}

fn refusal(code: u16, reason: &str) -> Value {
    json!({"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": reason})
}

fn line(event: &str, object: &Value) -> String {
    // The type before the object, as the real server writes it.
    format!("{{\"type\":\"{event}\",\"object\":{object}}}\n")
}

fn respond(code: StatusCode, object: &Value) -> Answer {
    let text = Bytes::from(object.to_string());
    let frames = futures::stream::iter([Ok(http_body::Frame::data(text))]);
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    *response.status_mut() = code;
    response
}
