//! What runs here, under which configuration.

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::{json as answer, refuse, time};
use crate::api::query::Query;
use crate::rules::matchers::filter_accepts;
use crate::service::Handle;

pub(super) async fn status(State(handle): State<Handle>) -> Response {
    let original = handle.read(|desk, _| desk.settings().original.clone());
    let body = json!({
        "cluster": {"name": "", "peers": [], "status": "disabled"},
        "config": {"original": original},
        "uptime": time(handle.started()),
        "versionInfo": {
            "version": env!("CARGO_PKG_VERSION"),
            "revision": "",
            "branch": "",
            "buildUser": "",
            "buildDate": "",
            "goVersion": "",
        },
    });
    answer(StatusCode::OK, body)
}

pub(super) async fn receivers(State(handle): State<Handle>, RawQuery(query): RawQuery) -> Response {
    let matchers = match Query::new(query.as_deref()).matchers("receiver_matchers") {
        Ok(matchers) => matchers,
        Err(text) => {
            let text = format!("failed to parse receiver_matchers param: {text}");
            return refuse(StatusCode::BAD_REQUEST, text);
        }
    };
    handle.read(|desk, _| {
        let receivers = desk.settings().receivers.values();
        let wanted = receivers.filter(|receiver| filter_accepts(&matchers, &receiver.labels));
        let list: Vec<_> =
            wanted.map(|receiver| json!({"name": receiver.name, "labels": receiver.labels})).collect();
        answer(StatusCode::OK, list)
    })
}
