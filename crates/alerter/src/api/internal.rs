//! What the healer tells: holds and outcomes. Nobody else may.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use model::hold::{Hold, Outcome};
use net::access;
use net::holds::{HOLDS_PATH, OUTCOMES_PATH};
use net::problem::Problem;
use serde::de::DeserializeOwned;

use crate::service::Handle;

pub(super) fn router(handle: &Handle) -> Router {
    let routes = Router::new()
        .route(HOLDS_PATH, post(hold))
        .route(OUTCOMES_PATH, post(outcome))
        .with_state(handle.clone());
    let healers: Vec<&str> = handle.healers().collect();
    access::only(routes, &healers)
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| Problem::bad_request(error.to_string()))
}

async fn hold(State(handle): State<Handle>, body: Bytes) -> Response {
    match parse::<Hold>(&body) {
        Ok(hold) => answer(handle.hold(hold).await),
        Err(problem) => problem.into_response(),
    }
}

async fn outcome(State(handle): State<Handle>, body: Bytes) -> Response {
    match parse::<Outcome>(&body) {
        Ok(outcome) => answer(handle.outcome(outcome).await),
        Err(problem) => problem.into_response(),
    }
}

fn answer(result: Result<(), crate::service::Refusal>) -> Response {
    match result {
        Ok(()) => StatusCode::OK.into_response(),
        Err(refusal) => Problem::unavailable(refusal.to_string()).into_response(),
    }
}
