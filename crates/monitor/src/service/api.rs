//! What can be asked of the monitor over HTTP.

use axum::routing::get;
use axum::{Json, Router};
use net::access;

use super::board::Board;

/// The identities that may ask: people's commands, and the other services.
const CALLERS: [&str; 3] = ["operator", "alerter", "healer"];

/// `GET /api/v1/issues`: a [`Report`](crate::Report), the form of `seaworthy check -o json`.
pub(super) fn router(board: Board) -> Router {
    let issues = get(move || std::future::ready(Json(board.report())));
    access::only(Router::new().route("/api/v1/issues", issues), &CALLERS)
}
