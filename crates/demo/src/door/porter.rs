//! Who may come in, and what is said at the door itself.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use serde_json::json;

use super::credentials::Token;
use super::passage::World;
use super::request::passed_on;

/// What the API server reads of a request's head.
const PASSED_ON: [http::HeaderName; 3] = [header::ACCEPT, header::CONTENT_TYPE, header::USER_AGENT];

struct Porter {
    token: Token,
    world: World,
}

/// Takes every request there is.
pub(super) fn router(token: Token, world: World) -> Router {
    Router::new().fallback(pass).with_state(Arc::new(Porter { token, world }))
}

async fn pass(
    State(porter): State<Arc<Porter>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let shown = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    if !shown.is_some_and(|shown| porter.token.is_shown_by(shown)) {
        return refusal(StatusCode::UNAUTHORIZED, "Unauthorized", "Unauthorized");
    }
    // Whoever asks to be somebody else must not be answered as who may do everything.
    if headers.keys().any(|name| name.as_str().starts_with("impersonate-")) {
        let message = "the demo has one user, and no impersonation: leave out --as";
        return refusal(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message);
    }
    let body = match body {
        Ok(body) => body,
        Err(rejection) => {
            let (code, text) = (rejection.status(), rejection.body_text());
            return refusal(code, "RequestEntityTooLarge", &text);
        }
    };
    let request = passed_on(method, uri, &headers, &PASSED_ON, body);
    match porter.world.ask(request).await {
        Some(Ok(answer)) => kept_by_nobody(answer),
        Some(Err(error)) => refusal(StatusCode::BAD_GATEWAY, "InternalError", &error.to_string()),
        None => {
            refusal(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", "the simulated cluster has ended")
        }
    }
}

/// As the real server has it: what it says is true now.
fn kept_by_nobody(mut answer: Response<Body>) -> Response {
    let value = HeaderValue::from_static("no-cache, private");
    answer.headers_mut().insert(header::CACHE_CONTROL, value);
    answer
}

/// A `Status` that says no.
fn refusal(code: StatusCode, reason: &str, message: &str) -> Response {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code.as_u16(),
    });
    (code, axum::Json(status)).into_response()
}
