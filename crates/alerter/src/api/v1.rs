//! The native API: episodes and acknowledgements, and messages that were given up.

use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use jiff::Timestamp;
use model::labels::LabelSet;
use net::problem::Problem;
use serde::{Deserialize, Serialize};

use super::query::Query;
use crate::book::episodes::{Ending, Episode, EpisodeKey};
use crate::book::outcomes;
use crate::desk::{Desk, Gate, Moment};
use crate::service::Handle;

/// The most episodes in one answer.
const PAGE_MAX: usize = 1000;

pub(super) fn router(handle: &Handle) -> Router {
    let routes = Router::new()
        .route("/episodes", get(list))
        .route("/episodes/{key}", get(one))
        .route("/episodes/{key}/ack", post(ack).delete(unack))
        .route("/dead-letters", get(dead_letters))
        .with_state(handle.clone());
    Router::new().nest("/api/v1", routes)
}

/// An episode as it is shown.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    key: EpisodeKey,
    name: String,
    state: &'static str,
    labels: LabelSet,
    annotations: LabelSet,
    since: Timestamp,
    first_seen: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<Ended>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledged: Option<Acknowledged>,
    #[serde(skip_serializing_if = "Option::is_none")]
    held: Option<Held>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_lost_since: Option<Timestamp>,
    silenced_by: Vec<String>,
    inhibited_by: Vec<String>,
    healing: Vec<Healing>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ended {
    at: Timestamp,
    how: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolution: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Acknowledged {
    at: Timestamp,
    by: String,
    note: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Held {
    until: Timestamp,
    /// Empty while the healer's first word is waited for.
    remediation: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Healing {
    at: Timestamp,
    remediation: String,
    phase: String,
    rule: String,
    message: String,
    summary: String,
}

fn show(desk: &Desk, episode: &Episode, moment: &Moment) -> Shown {
    let gate = if episode.is_live() { desk.why_quiet(episode, moment) } else { Gate::Open };
    let (held, suppression) = match gate {
        Gate::Held { until, remediation } => (Some(Held { until, remediation }), None),
        Gate::Suppressed(suppression) => (None, Some(suppression)),
        Gate::Open | Gate::Acknowledged { .. } => (None, None),
    };
    let suppression = suppression.unwrap_or_default();
    let outcomes = episode.issue().map(|issue| {
        let all = desk.book().outcomes.of(&issue, episode.name.receipt);
        all.map(|(stamp, outcome)| Healing {
            at: stamp.receipt,
            remediation: outcome.remediation.clone(),
            phase: outcome.phase.clone(),
            rule: outcome.rule.clone(),
            message: outcome.message.clone(),
            summary: outcomes::sentence(outcome),
        })
        .collect()
    });
    Shown {
        key: episode.key,
        name: episode.name.to_string(),
        state: desk.state(episode, moment),
        labels: episode.labels().clone(),
        annotations: episode.alert().annotations.clone(),
        since: episode.alert().starts_at,
        first_seen: episode.name.receipt,
        ended: episode.ended.map(|(at, how)| match how {
            Ending::Expired => Ended { at, how: "expired", resolution: None },
            Ending::Resolved(why) => {
                Ended { at, how: "resolved", resolution: why.map(model::issue::Resolution::as_str) }
            }
        }),
        acknowledged: episode.acknowledged(moment.now()).map(|ack| Acknowledged {
            at: ack.at,
            by: ack.by.clone(),
            note: ack.note.clone(),
            until: ack.until,
        }),
        held,
        source_lost_since: episode.source_lost(),
        silenced_by: suppression.silenced_by.iter().map(ToString::to_string).collect(),
        inhibited_by: suppression.inhibited_by,
        healing: outcomes.unwrap_or_default(),
    }
}

async fn list(State(handle): State<Handle>, RawQuery(query): RawQuery) -> Response {
    let query = Query::new(query.as_deref());
    let matchers = match query.matchers("filter") {
        Ok(matchers) => matchers,
        Err(text) => return Problem::bad_request(text).into_response(),
    };
    let state = query.first("state");
    let shown: Vec<Shown> = handle.read(|desk, now| {
        let (all, moment) = (desk.book().all(), desk.moment(now));
        let matching =
            all.filter(|episode| crate::rules::matchers::filter_accepts(&matchers, episode.labels()));
        let shown = matching.map(|episode| show(desk, episode, &moment));
        shown.filter(|shown| state.is_none_or(|state| state == shown.state)).take(PAGE_MAX).collect()
    });
    Json(serde_json::json!({"episodes": shown})).into_response()
}

fn key(text: &str) -> Result<EpisodeKey, Problem> {
    text.parse().map_err(|error: crate::book::episodes::NotAKey| Problem::bad_request(error.to_string()))
}

fn unknown(text: &str) -> Problem {
    Problem::not_found(format!("no episode {text} is known: GET /api/v1/episodes lists them"))
}

async fn one(State(handle): State<Handle>, Path(text): Path<String>) -> Response {
    let key = match key(&text) {
        Ok(key) => key,
        Err(problem) => return problem.into_response(),
    };
    let shown = handle
        .read(|desk, now| desk.book().episode(key).map(|episode| show(desk, episode, &desk.moment(now))));
    shown.map_or_else(|| unknown(&text).into_response(), |shown| Json(shown).into_response())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AckRequest {
    by: String,
    #[serde(default)]
    note: String,
    #[serde(default)]
    until: Option<Timestamp>,
}

async fn ack(State(handle): State<Handle>, Path(text): Path<String>, body: Bytes) -> Response {
    acknowledge(handle, text, body, false).await
}

async fn unack(State(handle): State<Handle>, Path(text): Path<String>, body: Bytes) -> Response {
    acknowledge(handle, text, body, true).await
}

async fn acknowledge(handle: Handle, text: String, body: Bytes, withdrawn: bool) -> Response {
    let key = match key(&text) {
        Ok(key) => key,
        Err(problem) => return problem.into_response(),
    };
    let request: AckRequest = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => {
            let example =
                r#"send for example {"by": "ada", "note": "looking", "until": "2026-01-01T00:00:00Z"}"#;
            return Problem::bad_request(format!("{error}; {example}")).into_response();
        }
    };
    if request.by.trim().is_empty() {
        return Problem::bad_request("`by` is empty: say who takes it on").into_response();
    }
    if request.until.is_some_and(|until| until <= handle.now()) {
        return Problem::bad_request("`until` has passed already").into_response();
    }
    let lives = handle.read(|desk, _| desk.book().episode(key).map(Episode::is_live));
    match lives {
        None => return unknown(&text).into_response(),
        Some(false) => {
            let detail = format!("the episode {text} is over: there is nothing to acknowledge");
            return Problem::new(StatusCode::CONFLICT, detail).into_response();
        }
        Some(true) => {}
    }
    match handle.ack(key, request.by, request.note, request.until, withdrawn).await {
        Ok(replicated) => {
            Json(serde_json::json!({"acknowledged": !withdrawn, "replicated": replicated})).into_response()
        }
        Err(refusal) => Problem::unavailable(refusal.to_string()).into_response(),
    }
}

async fn dead_letters(State(handle): State<Handle>) -> Response {
    let letters: Vec<_> = handle.read(|desk, _| desk.book().attempts.dead_letters().take(PAGE_MAX).collect());
    Json(serde_json::json!({"deadLetters": letters})).into_response()
}
