//! What the alerter answers to over HTTP.

mod internal;
mod manage;
mod query;
mod v1;
mod v2;

use axum::Router;

use crate::service::Handle;

/// For Prometheus, amtool and people: Alertmanager's API v2, the native API, and what operators
/// of an Alertmanager expect beside them.
pub(crate) fn public(handle: &Handle) -> Router {
    Router::new().merge(v2::router(handle)).merge(v1::router(handle)).merge(manage::router(handle))
}

/// For the other services, behind mutual TLS: the same, and what the healer tells.
pub(crate) fn internal(handle: &Handle) -> Router {
    Router::new().merge(v2::router(handle)).merge(v1::router(handle)).merge(internal::router(handle))
}

/// Metrics and health.
pub(crate) fn metrics(handle: &Handle) -> Router {
    manage::metrics(handle).merge(handle.health().router())
}
