//! Alertmanager's API v2.

mod alerts;
mod silences;
mod status;

use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::Timestamp;

use crate::service::{Handle, Refusal};

pub(super) fn router(handle: &Handle) -> Router {
    let routes = Router::new()
        .route("/alerts", get(alerts::list).post(alerts::post))
        .route("/alerts/groups", get(alerts::groups))
        .route("/silences", get(silences::list).post(silences::post))
        .route("/silence/{id}", get(silences::one).delete(silences::expire))
        .route("/status", get(status::status))
        .route("/receivers", get(status::receivers))
        .with_state(handle.clone());
    Router::new().nest("/api/v2", routes)
}

/// An answer as Alertmanager gives it: JSON, and never from a cache.
fn json(status: StatusCode, body: impl serde::Serialize) -> Response {
    let mut response = (status, axum::Json(body)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A refusal: its text, as a JSON string.
fn refuse(status: StatusCode, text: impl Into<String>) -> Response {
    json(status, text.into())
}

/// A refusal of a whole request before it was looked at: a code and a message.
fn reject(status: StatusCode, code: u16, message: impl Into<String>) -> Response {
    json(status, serde_json::json!({"code": code, "message": message.into()}))
}

/// What could not be kept.
fn unkept(refusal: &Refusal) -> Response {
    refuse(StatusCode::SERVICE_UNAVAILABLE, refusal.to_string())
}

/// A time with milliseconds, as this API writes it.
fn time(time: Timestamp) -> String {
    format!("{time:.3}")
}
