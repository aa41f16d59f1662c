//! A small API server for tests: it lists and watches what it is given, and refuses what it is
//! told to refuse.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::StreamExt;
use futures::channel::mpsc::{UnboundedSender, unbounded};
use http::{Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, StreamBody, combinators::UnsyncBoxBody};
use kube::client::Body;
use serde_json::{Value, json};

use crate::fixtures::Fixture;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// The server. Cheap to clone; clones are the same server.
#[derive(Clone, Default)]
pub(super) struct ApiServer {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    version: u64,
    objects: BTreeMap<(String, String), Value>,
    watchers: Vec<(String, UnboundedSender<String>)>,
    denied: BTreeSet<String>,
}

impl ApiServer {
    pub(super) fn client(&self) -> kube::Client {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let answer = server.answer(request.uri());
            async move { Ok::<_, Error>(answer) }
        });
        kube::Client::new(service, "default")
    }

    /// Creates or changes an object.
    pub(super) fn apply(&self, fixture: &Fixture) {
        self.change(fixture, "MODIFIED");
    }

    /// Removes an object.
    pub(super) fn delete(&self, fixture: &Fixture) {
        self.change(fixture, "DELETED");
    }

    /// Refuses to list and watch a resource.
    pub(super) fn deny(&self, resource: &str) {
        self.lock().denied.insert(resource.to_owned());
    }

    fn change(&self, fixture: &Fixture, event: &str) {
        let mut state = self.lock();
        state.version += 1;
        let (resource, mut json) = fixture.written();
        json["metadata"]["resourceVersion"] = state.version.to_string().into();
        let key =
            (resource.to_owned(), format!("{}/{}", json["metadata"]["namespace"], json["metadata"]["name"]));
        let line = line(event, &json);
        match event {
            "DELETED" => drop(state.objects.remove(&key)),
            _ => drop(state.objects.insert(key, json)),
        }
        // A watcher that is gone takes nothing any more.
        state.watchers.retain(|(own, to)| own != resource || to.unbounded_send(line.clone()).is_ok());
    }

    fn answer(&self, uri: &Uri) -> Response<UnsyncBoxBody<Bytes, Error>> {
        let path = uri.path();
        if path.ends_with("/namespaces/kube-system") {
            let meta = json!({"name": "kube-system", "uid": "cluster-1", "resourceVersion": "1"});
            return respond(StatusCode::OK, [json!({"metadata": meta}).to_string()]);
        }
        let resource = path.rsplit('/').next().unwrap_or_default().to_owned();
        let mut state = self.lock();
        if state.denied.contains(&resource) {
            let refusal = json!({"kind": "Status", "code": 403, "reason": "Forbidden", "message": "no"});
            return respond(StatusCode::FORBIDDEN, [refusal.to_string()]);
        }
        if !uri.query().is_some_and(|query| query.contains("watch=true")) {
            // Asked for by who only wants to know the version.
            let list = json!({"metadata": {"resourceVersion": state.version.to_string()}, "items": []});
            return respond(StatusCode::OK, [list.to_string()]);
        }
        let (sender, changes) = unbounded();
        let objects = state.objects.iter().filter(|((own, _), _)| *own == resource);
        let mut lines: Vec<String> = objects.map(|(_, json)| line("ADDED", json)).collect();
        let meta = json!({
            "name": "", "uid": "", "resourceVersion": state.version.to_string(),
            "annotations": {"k8s.io/initial-events-end": "true"},
        });
        lines.push(line("BOOKMARK", &json!({"metadata": meta})));
        state.watchers.push((resource, sender));
        let pieces = futures::stream::iter(lines).chain(changes).map(Bytes::from);
        let frames = pieces.map(|piece| Ok::<_, Error>(http_body::Frame::data(piece)));
        Response::new(StreamBody::new(frames).boxed_unsync())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn line(event: &str, object: &Value) -> String {
    // The type before the object, as the real server writes it.
    format!("{{\"type\":\"{event}\",\"object\":{object}}}\n")
}

fn respond<const N: usize>(code: StatusCode, lines: [String; N]) -> Response<UnsyncBoxBody<Bytes, Error>> {
    let frames = futures::stream::iter(lines).map(|line| Ok(http_body::Frame::data(Bytes::from(line))));
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    *response.status_mut() = code;
    response
}
