//! What operators of an Alertmanager expect: health, readiness, reload, metrics.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::service::Handle;

pub(super) fn router(handle: &Handle) -> Router {
    Router::new()
        .route("/-/healthy", get(async || "OK"))
        .route("/-/ready", get(ready))
        .route("/-/reload", post(reload).put(reload))
        .with_state(handle.clone())
        .merge(metrics(handle))
}

pub(super) fn metrics(handle: &Handle) -> Router {
    Router::new().route("/metrics", get(exposition)).with_state(handle.clone())
}

async fn ready(State(handle): State<Handle>) -> Response {
    match handle.health().missing().as_slice() {
        [] => "OK".into_response(),
        missing => (StatusCode::SERVICE_UNAVAILABLE, missing.join("\n")).into_response(),
    }
}

async fn reload(State(handle): State<Handle>) -> Response {
    match handle.reload().await {
        Ok(_) => StatusCode::OK.into_response(),
        Err(error) => {
            (StatusCode::INTERNAL_SERVER_ERROR, format!("failed to reload config: {error}")).into_response()
        }
    }
}

async fn exposition(State(handle): State<Handle>) -> Response {
    ([(header::CONTENT_TYPE, net::metrics::CONTENT_TYPE)], handle.metrics_text()).into_response()
}
