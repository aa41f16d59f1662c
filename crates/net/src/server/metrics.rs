//! What a server counts.

use std::time::Duration;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use environment::Environment;
use http::Method;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::problem::Problem;

/// Upper bounds in seconds: from an answer out of memory to one that took all of its time.
const BUCKETS: [f64; 10] = [0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0, 30.0];

/// Metrics of one or several servers. Cheap to clone; clones count together.
#[derive(Debug, Clone)]
pub struct Metrics {
    requests: Family<Answered, Counter>,
    durations: Family<Route, Histogram, fn() -> Histogram>,
    connections: Gauge,
    full: Counter,
    handshakes_failed: Counter,
}

/// Labels with values from our own code alone: callers cannot make new series.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    method: &'static str,
    route: String,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            connections: Gauge::default(),
            full: Counter::default(),
            handshakes_failed: Counter::default(),
        }
    }
}

impl Metrics {
    /// Shows them in `registry`, as `http_requests_total{method,route,status}` and so on.
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("http");
        registry.register("requests", "Requests answered, by matched route", self.requests.clone());
        registry.register_with_unit(
            "request_duration",
            "Time from a request's head to its answer's",
            Unit::Seconds,
            self.durations.clone(),
        );
        registry.register("connections", "Connections open now", self.connections.clone());
        registry.register(
            "connections_full",
            "Times that the limit of connections made callers wait",
            self.full.clone(),
        );
        registry.register(
            "handshakes_failed",
            "Callers with whom no TLS came about",
            self.handshakes_failed.clone(),
        );
    }

    pub(super) fn open(&self) -> Open {
        self.connections.inc();
        Open(self.connections.clone())
    }

    pub(super) fn full(&self) {
        self.full.inc();
    }

    pub(super) fn handshake_failed(&self) {
        self.handshakes_failed.inc();
    }
}

/// A connection that counts as open while this lives.
pub(super) struct Open(Gauge);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Around every request: its time limit, and its place in the metrics.
pub(super) async fn observe(
    metrics: Metrics,
    environment: Environment,
    limit: Duration,
    request: Request,
    next: Next,
) -> Response {
    let method = known(request.method());
    let route = match request.extensions().get::<MatchedPath>() {
        Some(path) => path.as_str().to_owned(),
        None => "unmatched".to_owned(),
    };
    let begun = environment.monotonic();
    let response = tokio::time::timeout(limit, next.run(request)).await.unwrap_or_else(|_| {
        Problem::unavailable(format!("the request took longer than {limit:?}; try again later"))
            .into_response()
    });
    let took = environment.monotonic().saturating_sub(begun);
    let status = response.status().as_u16();
    metrics.requests.get_or_create(&Answered { method, route: route.clone(), status }).inc();
    metrics.durations.get_or_create(&Route { method, route }).observe(took.as_secs_f64());
    response
}

fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
