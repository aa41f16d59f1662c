//! A real alerter on real files and sockets, and receivers to tell.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::VecDeque;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alerter::{Options, Service};
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use environment::{Drain, Environment};
use http_body_util::BodyExt;
use model::config::alerter::AlerterConfig;
use net::tls::Identity;
use tower::ServiceExt;

/// How long a condition may take to come true before a test gives up.
const PATIENCE: Duration = Duration::from_mins(1);

/// Waits until `found` finds something.
pub(crate) async fn eventually<T>(what: &str, mut found: impl AsyncFnMut() -> Option<T>) -> T {
    let waiting = async {
        loop {
            if let Some(value) = found().await {
                return value;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting)
        .await
        .unwrap_or_else(|_| panic!("{what}: not within {PATIENCE:?}"))
}

/// What a receiver got.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: serde_json::Value,
}

/// How a receiver answers.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Status(u16, &'static str),
    RetryAfter(u16, &'static str),
    Hang,
    /// `ok`, once it is told so.
    Late(Arc<tokio::sync::Notify>),
}

/// An HTTP receiver on loopback. It answers as told, and `ok` when nothing is left to tell.
#[derive(Clone)]
pub(crate) struct Hook {
    pub(crate) address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
}

impl Hook {
    pub(crate) async fn start(environment: &Environment) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let hook = Self {
            address: listener.local_addr().unwrap(),
            received: Arc::default(),
            answers: Arc::default(),
        };
        let state = hook.clone();
        let router = Router::new()
            .fallback(async move |request: Request<axum::body::Body>| state.answer(request).await);
        environment.spawn("hook", async move { drop(axum::serve(listener, router).await) });
        hook
    }

    async fn answer(&self, request: Request<axum::body::Body>) -> Response {
        let (parts, body) = request.into_parts();
        let body: Bytes = body.collect().await.unwrap().to_bytes();
        let answer = self.answers.lock().unwrap().pop_front();
        let received = Received {
            path: parts.uri.path().to_owned(),
            headers: parts.headers,
            body: serde_json::from_slice(&body).unwrap(),
        };
        self.received.lock().unwrap().push(received);
        match answer {
            None => "ok".into_response(),
            Some(Answer::Status(status, text)) => {
                (StatusCode::from_u16(status).unwrap(), text).into_response()
            }
            Some(Answer::RetryAfter(status, seconds)) => {
                (StatusCode::from_u16(status).unwrap(), [("retry-after", seconds)], "later").into_response()
            }
            Some(Answer::Hang) => std::future::pending().await,
            Some(Answer::Late(told)) => {
                told.notified().await;
                "ok".into_response()
            }
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn answer_with(&self, answers: impl IntoIterator<Item = Answer>) {
        self.answers.lock().unwrap().extend(answers);
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Waits until so many requests have come.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Received> {
        eventually(&format!("{count} messages at the hook"), async || {
            let received = self.received();
            (received.len() >= count).then_some(received)
        })
        .await
    }
}

/// Files of an alerter in a folder of their own.
pub(crate) struct Folder {
    pub(crate) path: tempfile::TempDir,
}

impl Folder {
    pub(crate) fn new(alertmanager: &str) -> Self {
        let path = tempfile::tempdir().unwrap();
        std::fs::write(path.path().join("alertmanager.yml"), alertmanager).unwrap();
        Self { path }
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path.path().join(name)
    }

    /// Short waits; everything else as it comes.
    pub(crate) fn options(&self) -> Options {
        let mut config = AlerterConfig::new("alertmanager.yml");
        config.store.path = "alerter.db".into();
        config.delivery.timeout = model::DurationText::from_millis(500);
        config.delivery.retry_min = model::DurationText::from_millis(20);
        config.delivery.retry_max = model::DurationText::from_millis(200);
        config.holds.pre_hold = model::DurationText::from_millis(100);
        config.external_url = "http://alerter.example".into();
        Options { config, folder: self.path.path().to_path_buf(), file: None }
    }
}

/// A running alerter, spoken to without sockets.
pub(crate) struct Alerter {
    pub(crate) environment: Environment,
    pub(crate) public: Router,
    pub(crate) internal: Router,
    pub(crate) metrics: Router,
    pub(crate) handle: alerter::Handle,
    drain: Drain,
    work: environment::Task,
}

impl Alerter {
    pub(crate) async fn start(options: Options) -> Self {
        let environment = Environment::real(7);
        let service = Service::open(options, &environment).await.unwrap_or_else(|error| panic!("{error}"));
        let (drain, drained) = environment::drain();
        let (public, internal, metrics) =
            (service.router(), service.internal_router(), service.metrics_router());
        let handle = service.handle();
        let work = environment.fork("work").spawn("alerter", async move {
            service.work(drained).await.unwrap_or_else(|error| panic!("{error}"));
        });
        Self { environment, public, internal, metrics, handle, drain, work }
    }

    pub(crate) async fn stop(self) {
        self.drain.start();
        self.work.join().await;
        self.environment.tasks().end().await;
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: &str) -> (StatusCode, String) {
        call(self.public.clone(), None, method, path, body).await
    }

    pub(crate) async fn get(&self, path: &str) -> serde_json::Value {
        let (status, text) = self.call("GET", path, "").await;
        assert_eq!(status, StatusCode::OK, "{path}: {text}");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}: {text}"))
    }

    /// Posts as another service.
    pub(crate) async fn call_as(
        &self,
        who: Identity,
        method: &str,
        path: &str,
        body: &str,
    ) -> (StatusCode, String) {
        call(self.internal.clone(), Some(who), method, path, body).await
    }

    pub(crate) async fn fire(&self, name: &str, job: &str) {
        let body = format!(r#"[{{"labels":{{"alertname":"{name}","job":"{job}"}}}}]"#);
        let (status, text) = self.call("POST", "/api/v2/alerts", &body).await;
        assert_eq!(status, StatusCode::OK, "{text}");
    }

    pub(crate) async fn resolve(&self, name: &str, job: &str) {
        let now = self.handle.now();
        let body = format!(r#"[{{"labels":{{"alertname":"{name}","job":"{job}"}},"endsAt":"{now}"}}]"#);
        let (status, text) = self.call("POST", "/api/v2/alerts", &body).await;
        assert_eq!(status, StatusCode::OK, "{text}");
    }

    /// The sum over all series that begin like this.
    pub(crate) async fn metric(&self, series: &str) -> Option<f64> {
        let (_, text) = call(self.metrics.clone(), None, "GET", "/metrics", "").await;
        let values = text.lines().filter(|line| line.starts_with(series));
        let values = values.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        values.reduce(|sum, value| sum + value)
    }
}

pub(crate) async fn call(
    router: Router,
    who: Option<Identity>,
    method: &str,
    path: &str,
    body: &str,
) -> (StatusCode, String) {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json")
        .body(axum::body::Body::from(body.to_owned()))
        .unwrap();
    if let Some(who) = who {
        request.extensions_mut().insert(who);
    }
    let response = router.oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

/// An `alertmanager.yml` with one webhook and short waits.
pub(crate) fn to_hook(hook: &Hook) -> String {
    format!(
        "
route: {{receiver: hook, group_by: [alertname], group_wait: 50ms, group_interval: 200ms, repeat_interval: 1h}}
receivers: [{{name: hook, webhook_configs: [{{url: '{}'}}]}}]
",
        hook.url("/hook")
    )
}

pub(crate) fn jobs(message: &serde_json::Value, status: &str) -> Vec<String> {
    let alerts = message["alerts"].as_array().unwrap().iter();
    let of = alerts.filter(|alert| alert["status"] == status);
    of.map(|alert| alert["labels"]["job"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Says loudly that a test was skipped, and why: not through the macros, whose output a test that passes does not
/// show.
pub(crate) fn skip(test: &str, why: &str) {
    drop(writeln!(std::io::stderr(), "SKIPPED {test}: {why}"));
}
