//! What the healer serves: issues in and status out behind mutual TLS; metrics and health, plain.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use model::alert::PostableAlert;
use net::apiv2;
use net::problem::Problem;
use prometheus_client::registry::Registry;
use serde_json::json;

use super::policies;
use super::shared::Shared;
use crate::machine;

/// Who may read the status besides the operator.
const READERS: [&str; 3] = ["operator", "alerter", "healer"];

/// Behind mutual TLS: issues from the monitor alone, the status for operators.
pub(super) fn api(shared: &Arc<Shared>) -> Router {
    let config = shared.config();
    let names: Vec<&str> =
        config.monitors.iter().map(|name| name.strip_suffix(".seaworthy").unwrap_or(name)).collect();
    let issues = Router::new().route("/api/v2/alerts", post(receive)).with_state(Arc::clone(shared));
    let reading = Router::new().route("/api/v1/status", get(status)).with_state(Arc::clone(shared));
    net::access::only(issues, &names).merge(net::access::only(reading, &READERS))
}

/// Plain: `/metrics`, `/livez`, `/readyz`.
pub(super) fn plain(shared: &Arc<Shared>, registry: Registry) -> Router {
    Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .with_state(Arc::clone(shared))
        .merge(net::metrics::router(registry))
}

/// Says with every answer which process this is: what it is told is kept in memory alone, and who
/// told another one tells everything again.
async fn receive(State(shared): State<Arc<Shared>>, Json(alerts): Json<Vec<PostableAlert>>) -> Response {
    ([(apiv2::INCARNATION, shared.incarnation.clone())], take(&shared, &alerts)).into_response()
}

/// 200 when all alerts that are issues could be read, 400 otherwise; those that could were taken.
fn take(shared: &Shared, alerts: &[PostableAlert]) -> Response {
    let received = shared.receive(alerts);
    if received.malformed > 0 {
        let text = format!("{} of {} alerts cannot be read as issues", received.malformed, alerts.len());
        return Problem::bad_request(text).into_response();
    }
    if received.shed > 0 {
        return Problem::unavailable(format!("{} issues are too many to keep", received.shed))
            .into_response();
    }
    StatusCode::OK.into_response()
}

/// A standby is ready too: it keeps warm.
async fn readyz(State(shared): State<Arc<Shared>>) -> (StatusCode, String) {
    let missing: Vec<String> = {
        let state = shared.state();
        state
            .unlisted()
            .into_iter()
            .map(|view| {
                format!("{}: {}", view.name, view.problem.unwrap_or_else(|| "being listed".to_owned()))
            })
            .collect()
    };
    match missing.as_slice() {
        [] => (StatusCode::OK, "ok\n".to_owned()),
        missing => (StatusCode::SERVICE_UNAVAILABLE, missing.join("\n") + "\n"),
    }
}

async fn status(State(shared): State<Arc<Shared>>) -> Json<serde_json::Value> {
    // Who does not lead makes the book for nobody but whoever asks.
    policies::refresh(&shared);
    let now = shared.now();
    let state = shared.state();
    let (issues, folded) = state.inbox.count(now);
    let open: Vec<serde_json::Value> = state
        .remediations
        .objects
        .values()
        .filter(|one| one.status.as_ref().is_none_or(machine::concerns))
        .map(|one| {
            let status = one.status.clone().unwrap_or_default();
            json!({
                "name": one.metadata.name, "lineage": one.spec.lineage, "check": one.spec.check,
                "phase": status.phase, "message": status.message, "decision": status.decision,
            })
        })
        .collect();
    let policies: Vec<serde_json::Value> = state
        .book
        .entries()
        .iter()
        .map(|entry| {
            let refusals: Vec<String> = entry.refusals.iter().map(ToString::to_string).collect();
            json!({"name": entry.name, "mode": entry.spec.mode, "refused": refusals})
        })
        .collect();
    let views: Vec<serde_json::Value> = state
        .views()
        .into_iter()
        .map(|view| json!({"name": view.name, "synced": view.is_synced, "problem": view.problem}))
        .collect();
    Json(json!({
        "configuration": {"hash": shared.settings.hash(), "problem": shared.settings.problem()},
        "leads": state.epoch.is_some(),
        "epoch": state.epoch,
        "issues": issues,
        "folded": folded,
        "correlatedFailure": state.correlation.holds(&shared.config(), now),
        "open": open,
        "policies": policies,
        "views": views,
    }))
}
