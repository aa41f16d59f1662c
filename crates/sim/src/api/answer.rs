//! What goes back.

use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt};
use http::{HeaderValue, Response, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use serde_json::{Value, json};

use super::watch::Line;
use crate::registry::Status;
use crate::storage::Object;

/// An error of the way.
pub(super) type WayError = Box<dyn std::error::Error + Send + Sync>;
/// An answer on the wire.
pub(super) type Wire = Response<UnsyncBoxBody<Bytes, WayError>>;

/// What text is called.
const TEXT: &str = "text/plain; charset=utf-8";

/// An answer that is no refusal.
pub(super) enum Answer {
    /// JSON.
    Json(u16, Bytes),
    /// JSON of a form that has a name of its own.
    Form(&'static str, Bytes),
    /// Text.
    Text(u16, String),
    /// Text that is still being written.
    Writing(BoxStream<'static, Bytes>),
    /// A watch: lines, until it ends.
    Lines(BoxStream<'static, Line>),
}

impl Answer {
    /// A value.
    pub(super) fn value(code: u16, value: &Value) -> Self {
        Self::Json(code, Bytes::from(value.to_string()))
    }

    /// A value of a form that has a name of its own.
    pub(super) fn of(form: &'static str, value: &Value) -> Self {
        Self::Form(form, Bytes::from(value.to_string()))
    }

    /// An object as it is kept.
    pub(super) fn object(code: u16, object: &Object) -> Self {
        Self::Json(code, object.json.clone())
    }

    /// A `Status` that says yes.
    pub(super) fn success(code: u16, details: Value) -> Self {
        let mut body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"});
        if details.is_null() {
            body["code"] = code.into();
        } else {
            body["details"] = details;
        }
        Self::value(code, &body)
    }

    /// Its HTTP status.
    pub(super) fn code(&self) -> u16 {
        match self {
            Self::Json(code, _) | Self::Text(code, _) => *code,
            Self::Form(..) | Self::Writing(_) | Self::Lines(_) => 200,
        }
    }

    pub(super) fn into_wire(self) -> Wire {
        let code = self.code();
        let (kind, body) = match self {
            Self::Json(_, bytes) => ("application/json", whole(bytes)),
            Self::Form(form, bytes) => (form, whole(bytes)),
            Self::Text(_, text) => (TEXT, whole(Bytes::from(text))),
            Self::Writing(pieces) => (TEXT, streamed(pieces.map(Ok).boxed())),
            Self::Lines(lines) => return stream(lines.map(|line| Ok(line.into_bytes())).boxed()),
        };
        wire(code, kind, body)
    }
}

/// JSON that comes in pieces.
pub(super) fn stream(pieces: BoxStream<'static, Result<Bytes, WayError>>) -> Wire {
    wire(200, "application/json", streamed(pieces))
}

fn streamed(pieces: BoxStream<'static, Result<Bytes, WayError>>) -> UnsyncBoxBody<Bytes, WayError> {
    StreamBody::new(pieces.map(|piece| piece.map(http_body::Frame::data))).boxed_unsync()
}

/// A refusal on the wire.
pub(super) fn refusal(status: &Status) -> Wire {
    let answer = if status.is_plain {
        Answer::Text(status.code, format!("{}\n", status.message))
    } else {
        Answer::value(status.code, &status.body())
    };
    let mut response = answer.into_wire();
    if let Some(seconds) = status.details["retryAfterSeconds"].as_u64()
        && let Ok(value) = HeaderValue::from_str(&seconds.to_string())
    {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

fn whole(bytes: Bytes) -> UnsyncBoxBody<Bytes, WayError> {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

fn wire(code: u16, kind: &'static str, body: UnsyncBoxBody<Bytes, WayError>) -> Wire {
    let mut response = Response::new(body);
    // Codes are written in this crate.
    *response.status_mut() = http::StatusCode::from_u16(code).unwrap_or_default();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
