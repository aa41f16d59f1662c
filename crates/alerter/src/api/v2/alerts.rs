//! Alerts: posted, listed, grouped.

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use model::labels::LabelSet;
use net::tls::Identity;
use regex::Regex;
use serde::Serialize;

use super::{json, refuse, reject, time, unkept};
use crate::alerts::{Batch, Rejected};
use crate::api::query::Query;
use crate::configuration::Settings;
use crate::desk::EpisodeView;
use crate::rules::matchers::{Matcher, filter_accepts};
use crate::service::Handle;

pub(super) async fn post(
    State(handle): State<Handle>,
    poster: Option<Extension<Identity>>,
    body: Bytes,
) -> Response {
    let batch = match Batch::parse(&body) {
        Ok(batch) => batch,
        Err(error @ Rejected::Malformed(_)) => {
            return reject(StatusCode::BAD_REQUEST, 400, error.to_string());
        }
        Err(error @ Rejected::Missing(_)) => {
            return reject(StatusCode::UNPROCESSABLE_ENTITY, 602, error.to_string());
        }
        Err(error @ Rejected::TooMany(_)) => {
            return reject(StatusCode::PAYLOAD_TOO_LARGE, 413, error.to_string());
        }
    };
    match handle.accept(batch, poster.as_deref()).await {
        Err(refusal) => unkept(&refusal),
        Ok(invalid) if invalid.is_empty() => StatusCode::OK.into_response(),
        Ok(invalid) => {
            let texts: Vec<String> = invalid.iter().map(ToString::to_string).collect();
            refuse(StatusCode::BAD_REQUEST, texts.join("\n"))
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Gettable<'a> {
    annotations: &'a LabelSet,
    ends_at: String,
    fingerprint: String,
    receivers: Vec<Named<'a>>,
    starts_at: String,
    status: Status,
    updated_at: String,
    #[serde(rename = "generatorURL")]
    generator_url: &'a str,
    labels: &'a LabelSet,
}

#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    inhibited_by: Vec<String>,
    muted_by: Vec<String>,
    silenced_by: Vec<String>,
    state: &'static str,
}

fn gettable(view: &EpisodeView) -> Gettable<'_> {
    Gettable {
        annotations: &view.alert.annotations,
        ends_at: time(view.alert.ends_at),
        fingerprint: format!("{:016x}", view.alert.fingerprint()),
        receivers: view.receivers.iter().map(|name| Named { name }).collect(),
        starts_at: time(view.alert.starts_at),
        status: Status {
            inhibited_by: view.suppression.inhibited_by.clone(),
            muted_by: view.muted_by.clone(),
            silenced_by: view.suppression.silenced_by.iter().map(ToString::to_string).collect(),
            state: if view.suppression.is_empty() { "active" } else { "suppressed" },
        },
        updated_at: time(view.alert.updated_at),
        generator_url: &view.alert.generator_url,
        labels: &view.alert.labels,
    }
}

/// What of all alerts a request asks for.
#[expect(clippy::struct_excessive_bools, reason = "one for each switch of the API")]
struct Filter {
    matchers: Vec<Matcher>,
    receiver: Option<Regex>,
    receiver_matchers: Vec<Matcher>,
    active: bool,
    silenced: bool,
    inhibited: bool,
    muted: bool,
}

impl Filter {
    fn new(query: &Query) -> Result<Self, String> {
        // Every alert here has been processed.
        query.switch("unprocessed")?;
        Ok(Self {
            matchers: query.matchers("filter")?,
            receiver: query.receiver()?,
            receiver_matchers: query.matchers("receiver_matchers")?,
            active: query.switch("active")?,
            silenced: query.switch("silenced")?,
            inhibited: query.switch("inhibited")?,
            muted: query.switch("muted")?,
        })
    }

    fn wants(&self, view: &EpisodeView) -> bool {
        let by = &view.suppression;
        filter_accepts(&self.matchers, &view.alert.labels)
            && (self.active || !by.is_empty())
            && (self.silenced || by.silenced_by.is_empty())
            && (self.inhibited || by.inhibited_by.is_empty())
    }

    fn wants_receiver(&self, name: &str, settings: &Settings) -> bool {
        let labels = || settings.receivers.get(name).map(|receiver| &receiver.labels);
        self.receiver.as_ref().is_none_or(|receiver| receiver.is_match(name))
            && (self.receiver_matchers.is_empty()
                || labels().is_some_and(|labels| filter_accepts(&self.receiver_matchers, labels)))
    }
}

pub(super) async fn list(State(handle): State<Handle>, RawQuery(query): RawQuery) -> Response {
    let filter = match Filter::new(&Query::new(query.as_deref())) {
        Ok(filter) => filter,
        Err(text) => return refuse(StatusCode::BAD_REQUEST, text),
    };
    let (views, settings) = handle.read(|desk, now| (desk.alerts(now), desk.settings().clone()));
    let to_wanted = |view: &&EpisodeView| {
        view.receivers.iter().any(|receiver| filter.wants_receiver(receiver, &settings))
    };
    let alerts: Vec<Gettable<'_>> =
        views.iter().filter(|view| filter.wants(view)).filter(to_wanted).map(gettable).collect();
    json(StatusCode::OK, alerts)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Group<'a> {
    alerts: Vec<Gettable<'a>>,
    labels: &'a LabelSet,
    receiver: Named<'a>,
    route_labels: LabelSet,
}

pub(super) async fn groups(State(handle): State<Handle>, RawQuery(query): RawQuery) -> Response {
    let filter = match Filter::new(&Query::new(query.as_deref())) {
        Ok(filter) => filter,
        Err(text) => return refuse(StatusCode::BAD_REQUEST, text),
    };
    let (views, settings) = handle.read(|desk, now| (desk.group_views(now), desk.settings().clone()));
    let mut groups = Vec::new();
    for view in views.iter().filter(|view| filter.wants_receiver(&view.receiver, &settings)) {
        let muted = view.alerts.iter().any(|alert| !alert.muted_by.is_empty());
        let alerts: Vec<Gettable<'_>> =
            view.alerts.iter().filter(|alert| filter.wants(alert)).map(gettable).collect();
        if alerts.is_empty() || (muted && !filter.muted) {
            continue;
        }
        groups.push(Group {
            alerts,
            labels: &view.id.labels,
            receiver: Named { name: &view.receiver },
            route_labels: LabelSet::new(),
        });
    }
    json(StatusCode::OK, groups)
}
