//! Small servers for the tests of this crate, behind a real [`kube::Client`]: one that keeps
//! objects, and one that answers by a script.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, StreamBody, combinators::UnsyncBoxBody};
use kube::client::Body;
use serde_json::{Value, json};
use tokio::sync::watch;

type Error = Box<dyn std::error::Error + Send + Sync>;
type ReplyBody = UnsyncBoxBody<Bytes, Error>;

/// A request, as a server sees it.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) agent: String,
    pub(crate) body: Value,
}

impl Call {
    /// A read of `path`.
    pub(crate) fn get(path: &str) -> Self {
        let (query, agent) = (String::new(), String::new());
        Self { method: Method::GET, path: path.to_owned(), query, agent, body: Value::Null }
    }
}

/// What a server does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Answers with this.
    Json(u16, Value),
    /// Answers with these lines, and then does something else.
    Lines(Vec<String>, Then),
    /// Never answers.
    Hang,
    /// Breaks the connection without an answer.
    Break,
}

/// What follows the last line.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Then {
    /// The body ends in order.
    End,
    /// Nothing more comes.
    Silence,
    /// The connection breaks.
    Break,
}

/// A client whose requests `handle` answers, after `latency`.
pub(crate) fn client<H>(latency: Duration, handle: H) -> kube::Client
where
    H: Fn(Call) -> Reply + Clone + Send + 'static,
{
    let service = tower::service_fn(move |request: Request<Body>| {
        let handle = handle.clone();
        async move {
            let call = read(request).await;
            tokio::time::sleep(latency / 2).await;
            let reply = handle(call);
            tokio::time::sleep(latency / 2).await;
            answer(reply).await
        }
    });
    kube::Client::new(service, "default")
}

async fn read(request: Request<Body>) -> Call {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    Call {
        method: head.method,
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        agent: head.headers.get("user-agent").and_then(|a| a.to_str().ok()).unwrap_or_default().to_owned(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    }
}

async fn answer(reply: Reply) -> Result<Response<ReplyBody>, Error> {
    let (code, lines, then) = match reply {
        Reply::Json(code, value) => (code, vec![value.to_string()], Then::End),
        Reply::Lines(lines, then) => (200, lines.into_iter().map(|line| line + "\n").collect(), then),
        Reply::Hang => return std::future::pending().await,
        Reply::Break => return Err("the connection broke".into()),
    };
    let pieces = futures::stream::iter(lines.into_iter().map(|line| Ok(Bytes::from(line))));
    let body = match then {
        Then::End => StreamBody::new(pieces.map(frame).boxed()),
        Then::Silence => StreamBody::new(pieces.chain(futures::stream::pending()).map(frame).boxed()),
        Then::Break => {
            let broken = futures::stream::once(async { Err("the connection broke".into()) });
            StreamBody::new(pieces.chain(broken).map(frame).boxed())
        }
    };
    let mut response = Response::new(body.boxed_unsync());
    *response.status_mut() = StatusCode::from_u16(code)?;
    Ok(response)
}

fn frame(piece: Result<Bytes, Error>) -> Result<http_body::Frame<Bytes>, Error> {
    piece.map(http_body::Frame::data)
}

/// The server's "no".
pub(crate) fn status(code: u16, reason: &str, message: &str) -> Reply {
    let status = json!({"kind": "Status", "code": code, "reason": reason, "message": message});
    Reply::Json(code, status)
}

/// A server that answers by a script, and notes what it was asked.
#[derive(Clone, Default)]
pub(crate) struct Script(Arc<Mutex<(VecDeque<Reply>, Vec<Call>)>>);

impl Script {
    pub(crate) fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self(Arc::new(Mutex::new((replies.into_iter().collect(), Vec::new()))))
    }

    /// A client of it. After the script's end, it never answers.
    pub(crate) fn client(&self) -> kube::Client {
        let script = self.clone();
        client(Duration::ZERO, move |call| script.take(call))
    }

    /// A client of it whose requests wait for a connection until there is one.
    pub(crate) fn client_behind(&self, connection: &watch::Receiver<bool>) -> kube::Client {
        let (script, connection) = (self.clone(), connection.clone());
        let service = tower::service_fn(move |request: Request<Body>| {
            let (script, mut connection) = (script.clone(), connection.clone());
            async move {
                connection.wait_for(|is_up| *is_up).await?;
                answer(script.take(read(request).await)).await
            }
        });
        kube::Client::new(service, "default")
    }

    fn take(&self, call: Call) -> Reply {
        let (replies, calls) = &mut *lock(&self.0);
        calls.push(call);
        replies.pop_front().unwrap_or(Reply::Hang)
    }

    /// What it was asked until now.
    pub(crate) fn calls(&self) -> Vec<Call> {
        lock(&self.0).1.clone()
    }
}

/// A server that keeps objects by their paths, with resourceVersions, UIDs and preconditions.
#[derive(Clone, Default)]
pub(crate) struct Store(Arc<Mutex<Objects>>);

#[derive(Default)]
struct Objects {
    by_path: BTreeMap<String, Value>,
    version: u64,
}

impl Store {
    pub(crate) fn client(&self) -> kube::Client {
        let store = self.clone();
        client(Duration::ZERO, move |call| store.handle(&call))
    }

    /// The object at `path`.
    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        lock(&self.0).by_path.get(path).cloned()
    }

    /// Takes the object at `path` away, as a person would.
    pub(crate) fn remove(&self, path: &str) {
        lock(&self.0).by_path.remove(path);
    }

    /// Answers a request as the API server would.
    pub(crate) fn handle(&self, call: &Call) -> Reply {
        let mut objects = lock(&self.0);
        match call.method {
            Method::GET => objects.read(&call.path),
            Method::POST => objects.create(&call.path, call.body.clone()),
            Method::PUT => objects.replace(&call.path, call.body.clone()),
            Method::PATCH => objects.merge(&call.path, &call.body),
            _ => objects.delete(&call.path, &call.body),
        }
    }
}

impl Objects {
    fn read(&self, path: &str) -> Reply {
        if let Some(object) = self.by_path.get(path) {
            return Reply::Json(200, object.clone());
        }
        let items: Vec<&Value> = self
            .by_path
            .iter()
            .filter(|(key, _)| key.strip_prefix(path).is_some_and(|rest| rest.starts_with('/')))
            .map(|(_, object)| object)
            .collect();
        // What looks like a collection is one, even when it is empty.
        if items.is_empty() && !path.ends_with('s') {
            return status(404, "NotFound", "not found");
        }
        let version = self.version.to_string();
        Reply::Json(200, json!({"metadata": {"resourceVersion": version}, "items": items}))
    }

    fn create(&mut self, collection: &str, object: Value) -> Reply {
        let path = format!("{collection}/{}", object["metadata"]["name"].as_str().unwrap_or_default());
        if self.by_path.contains_key(&path) {
            return status(409, "AlreadyExists", "already exists");
        }
        let uid = format!("uid-{}", self.version + 1);
        self.write(&path, 201, object, &uid)
    }

    fn replace(&mut self, path: &str, object: Value) -> Reply {
        let path = path.strip_suffix("/status").unwrap_or(path);
        let Some(before) = self.by_path.get(path) else { return status(404, "NotFound", "not found") };
        if before["metadata"]["resourceVersion"] != object["metadata"]["resourceVersion"] {
            return status(409, "Conflict", "the object has been modified");
        }
        let uid = before["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
        self.write(path, 200, object, &uid)
    }

    fn merge(&mut self, path: &str, changes: &Value) -> Reply {
        let Some(before) = self.by_path.get(path) else { return status(404, "NotFound", "not found") };
        for key in ["resourceVersion", "uid"] {
            let wanted = &changes["metadata"][key];
            if !wanted.is_null() && *wanted != before["metadata"][key] {
                return status(409, "Conflict", "the object has been modified");
            }
        }
        let uid = before["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
        let mut object = before.clone();
        merge(&mut object, changes);
        self.write(path, 200, object, &uid)
    }

    fn delete(&mut self, path: &str, options: &Value) -> Reply {
        let Some(before) = self.by_path.get(path) else { return status(404, "NotFound", "not found") };
        let uid = &options["preconditions"]["uid"];
        if !uid.is_null() && *uid != before["metadata"]["uid"] {
            return status(409, "Conflict", "the UID in the precondition does not match");
        }
        self.by_path.remove(path);
        Reply::Json(200, json!({"kind": "Status", "status": "Success"}))
    }

    fn write(&mut self, path: &str, code: u16, mut object: Value, uid: &str) -> Reply {
        self.version += 1;
        object["metadata"]["resourceVersion"] = self.version.to_string().into();
        object["metadata"]["uid"] = uid.into();
        self.by_path.insert(path.to_owned(), object.clone());
        Reply::Json(code, object)
    }
}

/// RFC 7396.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (key, change) in changes {
        if change.is_null() {
            target.as_object_mut().map(|fields| fields.remove(key));
        } else {
            merge(&mut target[key], change);
        }
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
