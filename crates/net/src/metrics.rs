//! The exposition: a registry behind `/metrics`, and the metrics that every service has.

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use environment::Environment;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::problem::Problem;
use crate::tls::Reloading;

/// What OpenMetrics text is called on the wire.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A registry that puts `seaworthy_` before every name and `service` on every sample, and has the
/// metrics common to all services in it: `seaworthy_build_info` and
/// `seaworthy_tasks_panicked_total`.
pub fn registry(service: &'static str, version: &'static str, environment: &Environment) -> Registry {
    let mut registry =
        Registry::with_prefix_and_labels("seaworthy", std::iter::once(("service".into(), service.into())));
    registry.register("build", "What is running", Info::new([("version", version)]));
    registry.register_collector(Box::new(Panics(environment.clone())));
    registry
}

/// Shows when the certificate in use ends and whether reloads have failed; `name` tells several
/// sets of files apart.
pub fn register_tls(registry: &mut Registry, name: &'static str, tls: &Reloading) {
    registry.register_collector(Box::new(Tls { name, tls: tls.clone() }));
}

/// `GET /metrics` over a registry that is complete.
pub fn router(registry: Registry) -> Router {
    let registry = Arc::new(registry);
    Router::new().route("/metrics", get(move || std::future::ready(exposition(&registry))))
}

fn exposition(registry: &Registry) -> Response {
    let mut text = String::new();
    match prometheus_client::encoding::text::encode(&mut text, registry) {
        Ok(()) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        Err(error) => Problem::unavailable(format!("metrics cannot be written: {error}")).into_response(),
    }
}

#[derive(Debug)]
struct Panics(Environment);

impl Collector for Panics {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), std::fmt::Error> {
        let panics = ConstCounter::new(self.0.tasks().panics());
        let help = "Tasks that panicked; each is a defect";
        panics.encode(encoder.encode_descriptor("tasks_panicked", help, None, panics.metric_type())?)
    }
}

#[derive(Debug)]
struct Tls {
    name: &'static str,
    tls: Reloading,
}

impl Collector for Tls {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), std::fmt::Error> {
        let labels = [("files", self.name)];
        let end = ConstGauge::new(self.tls.not_after().as_second());
        let help = "When the certificate in use ends, as Unix time";
        let mut family =
            encoder.encode_descriptor("tls_not_after_timestamp_seconds", help, None, end.metric_type())?;
        end.encode(family.encode_family(&labels)?)?;
        let failures = ConstCounter::new(self.tls.failures());
        let help = "Reloads that found files which could not be used";
        let mut family =
            encoder.encode_descriptor("tls_reload_failures", help, None, failures.metric_type())?;
        failures.encode(family.encode_family(&labels)?)
    }
}
