//! A place that messages are sent to: it remembers every request, and answers as it is told.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use anyhow::{Result, ensure};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use environment::Environment;
use jiff::Timestamp;
use model::labels::LabelSet;
use serde::Deserialize;
use tokio::net::TcpListener;

/// The largest request that is kept whole, in bytes: more than any notification is.
const BODY_MAX: usize = 16 * 1024 * 1024;

/// A webhook payload, version 4.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Name of the receiver in the configuration.
    pub receiver: String,
    /// `firing` while one of its alerts is, else `resolved`.
    pub status: String,
    /// The alerts of the group.
    pub alerts: Vec<Alert>,
    /// What the group is grouped by.
    pub group_labels: LabelSet,
    /// Labels that all alerts share.
    pub common_labels: LabelSet,
    /// Annotations that all alerts share.
    pub common_annotations: LabelSet,
    /// Where the sender can be reached.
    #[serde(rename = "externalURL")]
    pub external_url: String,
    /// Of the payload: `4`.
    pub version: String,
    /// Identifies the group.
    pub group_key: String,
    /// How many alerts were left out.
    #[serde(default)]
    pub truncated_alerts: u64,
}

/// One alert of a payload.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// `firing` or `resolved`.
    pub status: String,
    /// Its labels.
    pub labels: LabelSet,
    /// Its annotations.
    pub annotations: LabelSet,
    /// When it began.
    pub starts_at: String,
    /// When it ended; `0001-01-01T00:00:00Z` while it lasts.
    pub ends_at: String,
    /// The hash of its labels.
    pub fingerprint: String,
}

impl Alert {
    /// A label's value; empty where it has none.
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// When.
    pub at: Timestamp,
    /// Where: `/hook`.
    pub path: String,
    /// With which headers.
    pub headers: HeaderMap,
    /// With which body.
    pub body: Bytes,
    /// With which status it was answered.
    pub answered: StatusCode,
}

impl Arrival {
    /// The body as a webhook payload.
    pub fn message(&self) -> Result<Message> {
        Ok(serde_json::from_slice(&self.body)?)
    }
}

/// How requests to a path are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// With this status, and `Retry-After` in seconds if there is one.
    Status(StatusCode, Option<u32>),
    /// Never.
    Hang,
}

#[derive(Default)]
struct Inner {
    arrivals: Vec<Arrival>,
    answers: BTreeMap<String, Answer>,
}

/// The sink. Cheap to clone.
#[derive(Clone)]
pub struct Receiver {
    address: SocketAddr,
    environment: Environment,
    inner: Arc<Mutex<Inner>>,
}

impl Receiver {
    /// Listens on a free port of loopback.
    pub async fn start(environment: &Environment) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let receiver =
            Self { address: listener.local_addr()?, environment: environment.clone(), inner: Arc::default() };
        let router = Router::new().fallback(take).with_state(receiver.clone());
        environment.spawn("receiver", async move {
            if let Err(error) = axum::serve(listener, router).await {
                eprintln!("the receiver ended: {error}");
            }
        });
        Ok(receiver)
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// From now on, requests to `path` are answered so. Without a word they get 200.
    pub fn answer(&self, path: &str, answer: Answer) {
        self.lock().answers.insert(path.to_owned(), answer);
    }

    /// Everything that arrived at a path, whatever it was answered.
    pub fn arrivals(&self, path: &str) -> Vec<Arrival> {
        self.lock().arrivals.iter().filter(|arrival| arrival.path == path).cloned().collect()
    }

    /// Payloads accepted at a path, in order, with the moment of their arrival.
    pub fn messages(&self, path: &str) -> Result<Vec<(Timestamp, Message)>> {
        let accepted = self.arrivals(path).into_iter().filter(|arrival| arrival.answered.is_success());
        accepted.map(|arrival| Ok((arrival.at, arrival.message()?))).collect()
    }

    /// Fails if one notification was accepted twice: the same group with the same alerts in the
    /// same states, and the same said of their repair. With repeat intervals longer than the suite there is no reason to say it again.
    pub fn ensure_nothing_twice(&self, path: &str) -> Result<()> {
        let mut last: BTreeMap<String, (Timestamp, Vec<Alert>)> = BTreeMap::new();
        for (at, message) in self.messages(path)? {
            let mut alerts = message.alerts.clone();
            alerts.sort();
            if let Some((before, same)) = last.get(&message.group_key) {
                ensure!(
                    states(same) != states(&alerts),
                    "{} was told twice, at {before} and at {at}: {:?}",
                    message.group_key,
                    states(&alerts)
                );
            }
            last.insert(message.group_key, (at, alerts));
        }
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// What tells one notification of a group from the next.
fn states(alerts: &[Alert]) -> Vec<[&str; 4]> {
    alerts.iter().map(state).collect()
}

fn state(alert: &Alert) -> [&str; 4] {
    let healing = alert.annotations.get("healing").map_or("", String::as_str);
    [alert.fingerprint.as_str(), &alert.status, &alert.starts_at, healing]
}

async fn take(State(receiver): State<Receiver>, request: Request) -> Response {
    let at = receiver.environment.now();
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_MAX).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let path = head.uri.path().to_owned();
    let answer = receiver.lock().answers.get(&path).copied();
    let (status, retry_after) = match answer {
        None => (StatusCode::OK, None),
        Some(Answer::Status(status, retry_after)) => (status, retry_after),
        // What hangs has no status; 408 stands for it among the arrivals.
        Some(Answer::Hang) => (StatusCode::REQUEST_TIMEOUT, None),
    };
    receiver.lock().arrivals.push(Arrival { at, path, headers: head.headers, body, answered: status });
    if answer == Some(Answer::Hang) {
        std::future::pending::<()>().await;
    }
    // Slack answers "ok", and callers may look for it.
    let mut response = (status, "ok").into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}
