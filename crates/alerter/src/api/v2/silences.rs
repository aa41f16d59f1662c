//! Silences: listed, made, changed, ended.

use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use jiff::Timestamp;
use model::labels::LabelSet;
use serde::Serialize;
use uuid::Uuid;

use super::{json, refuse, reject, time, unkept};
use crate::api::query::Query;
use crate::book::silences::{Error, Silence, State as Phase, Wanted};
use crate::rules::matchers::Matcher;
use crate::service::{Handle, SilenceError};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Gettable<'a> {
    id: Uuid,
    status: Status,
    updated_at: String,
    comment: &'a str,
    created_by: &'a str,
    ends_at: String,
    matchers: &'a [Matcher],
    starts_at: String,
    annotations: &'a LabelSet,
}

#[derive(Serialize)]
struct Status {
    state: Phase,
}

fn gettable(silence: &Silence, now: Timestamp) -> Gettable<'_> {
    Gettable {
        id: silence.id,
        status: Status { state: silence.state(now) },
        updated_at: time(silence.updated_at),
        comment: &silence.comment,
        created_by: &silence.created_by,
        ends_at: time(silence.ends_at),
        matchers: &silence.matchers,
        starts_at: time(silence.starts_at),
        annotations: &silence.annotations,
    }
}

/// Those in force first, the one that ends next at the head; then those to come, then the others,
/// the one that ended last at the head.
fn order(silence: &Silence, now: Timestamp) -> (Phase, i128) {
    let state = silence.state(now);
    let key = match state {
        Phase::Active => silence.ends_at.as_nanosecond(),
        Phase::Pending => silence.starts_at.as_nanosecond(),
        Phase::Expired => -silence.ends_at.as_nanosecond(),
    };
    (state, key)
}

pub(super) async fn list(State(handle): State<Handle>, RawQuery(query): RawQuery) -> Response {
    let query = Query::new(query.as_deref());
    let filter = || {
        Ok::<_, String>((
            query.matchers("filter")?,
            query.switch("active")?,
            query.switch("pending")?,
            query.switch("expired")?,
        ))
    };
    let (matchers, active, pending, expired) = match filter() {
        Ok(filter) => filter,
        Err(text) => return refuse(StatusCode::BAD_REQUEST, text),
    };
    handle.read(|desk, now| {
        let wanted = |silence: &&Silence| {
            let state = match silence.state(now) {
                Phase::Active => active,
                Phase::Pending => pending,
                Phase::Expired => expired,
            };
            state && matchers.iter().all(|matcher| silence.matchers.contains(matcher))
        };
        let mut silences: Vec<&Silence> = desk.book().silences.all().filter(wanted).collect();
        silences.sort_by_key(|silence| order(silence, now));
        let list: Vec<Gettable<'_>> = silences.into_iter().map(|silence| gettable(silence, now)).collect();
        json(StatusCode::OK, list)
    })
}

pub(super) async fn one(State(handle): State<Handle>, Path(id): Path<String>) -> Response {
    let Ok(id) = Uuid::parse_str(&id) else { return not_an_id(&id) };
    handle.read(|desk, now| match desk.book().silences.get(id) {
        Some(silence) => json(StatusCode::OK, gettable(silence, now)),
        None => StatusCode::NOT_FOUND.into_response(),
    })
}

fn not_an_id(id: &str) -> Response {
    let message = format!("silenceID in path must be of type uuid: {id:?}");
    reject(StatusCode::UNPROCESSABLE_ENTITY, 601, message)
}

pub(super) async fn post(State(handle): State<Handle>, body: Bytes) -> Response {
    let wanted: Wanted = match serde_json::from_slice(&body) {
        Ok(wanted) => wanted,
        Err(error) => {
            let message = format!("parsing silence body from \"\" failed, because {error}");
            return reject(StatusCode::BAD_REQUEST, 400, message);
        }
    };
    match handle.silence(wanted).await {
        Ok(id) => json(StatusCode::OK, serde_json::json!({"silenceID": id})),
        Err(SilenceError::Refused(error)) => refused(&error),
        Err(SilenceError::Unkept(refusal)) => unkept(&refusal),
    }
}

fn refused(error: &Error) -> Response {
    let status = match error {
        Error::NotFound(_) => StatusCode::NOT_FOUND,
        Error::TooMany(_) => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_REQUEST,
    };
    refuse(status, error.to_string())
}

pub(super) async fn expire(State(handle): State<Handle>, Path(id): Path<String>) -> Response {
    if Uuid::parse_str(&id).is_err() {
        return not_an_id(&id);
    }
    match handle.expire_silence(&id).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(SilenceError::Refused(error)) => refused(&error),
        Err(SilenceError::Unkept(refusal)) => unkept(&refusal),
    }
}
