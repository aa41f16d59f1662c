//! The doors of services: a request that comes in goes to the service over the simulated network, and its
//! own routes answer. Who has no certificate of the demo's does not get as far as here.

#[cfg(test)]
mod tests;

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse, Response};
use environment::Environment;
use http::{HeaderMap, Method, Request, StatusCode, Uri, header};
use net::http::{Client, Error as NoAnswer};
use net::problem::Problem;
use tokio::sync::oneshot;

use super::calendar;
use super::inside::{Away, Inside, Service};
use super::request::passed_on;
use crate::pace::{Pace, Waiting};

/// How long a service may take, in the world's time: a person's own patience is shorter. It bounds how far
/// a world that stands still moves on for a service that stops meanwhile.
const DEADLINE: Duration = Duration::from_secs(10);
/// What services read of a request's head.
const PASSED_ON: [http::HeaderName; 2] = [header::ACCEPT, header::CONTENT_TYPE];

/// What comes of a request.
type Answer = Result<Response<Bytes>, Unanswered>;

/// Why a request has no answer.
enum Unanswered {
    Away(Away),
    Lost(NoAnswer),
}

/// A door to one service of a world.
struct ServiceDoor<W> {
    service: Service,
    pace: Pace<W>,
}

impl<W> Clone for ServiceDoor<W> {
    fn clone(&self) -> Self {
        Self { service: self.service, pace: self.pace.clone() }
    }
}

/// Takes every request there is.
pub(super) fn router<W: Inside>(service: Service, pace: &Pace<W>) -> Router {
    Router::new().fallback(pass::<W>).with_state(ServiceDoor { service, pace: pace.clone() })
}

async fn pass<W: Inside>(
    State(door): State<ServiceDoor<W>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(rejection) => return Problem::new(rejection.status(), rejection.body_text()).into_response(),
    };
    let request = passed_on(method, inner(door.service, &uri), &headers, &PASSED_ON, body);
    match door.ask(request).await {
        Some(Ok(answer)) => answer.map(Body::from),
        Some(Err(unanswered)) => refusal(&uri, &unanswered.problem(door.service)),
        None => refusal(&uri, &Problem::unavailable("the simulated cluster has ended")),
    }
}

/// As each API has it: clients of Alertmanager's know no problem+json, and show a JSON string where the
/// status is one that stands in its specification.
fn refusal(uri: &Uri, problem: &Problem) -> Response {
    if uri.path().starts_with("/api/v2/") {
        return (StatusCode::INTERNAL_SERVER_ERROR, axum::Json(&problem.detail)).into_response();
    }
    problem.clone().into_response()
}

/// The same place at the service itself: errors name that.
fn inner(service: Service, uri: &Uri) -> Uri {
    let place = uri.path_and_query().map_or("/", |place| place.as_str());
    format!("https://{service}{place}").parse().unwrap_or_else(|_| uri.clone())
}

impl<W: Inside> ServiceDoor<W> {
    /// What the service answers; nothing once the world has ended. A world that stands still moves on until
    /// it has answered.
    async fn ask(&self, request: Request<Bytes>) -> Option<Answer> {
        let (reply, answer) = oneshot::channel();
        let (service, waiting) = (self.service, self.pace.waiting());
        self.pace.errand(move |world| match world.service(service) {
            Ok(client) => {
                let environment = world.environment();
                let carried = carry(environment.clone(), client, request, reply, waiting);
                environment.spawn("request to a service", carried);
            }
            // Nobody waits for it any more, or is told.
            Err(away) => drop(reply.send(Err(Unanswered::Away(away)))),
        });
        answer.await.ok()
    }
}

/// Inside of the world.
async fn carry(
    environment: Environment,
    client: Client,
    request: Request<Bytes>,
    mut reply: oneshot::Sender<Answer>,
    waiting: Waiting,
) {
    let answer = tokio::select! {
        biased;
        () = reply.closed() => return,
        answer = client.send(request, DEADLINE) => answer,
    };
    drop(waiting);
    let answer = answer.map(|response| calendar::dated(response, environment.now()));
    // Nobody waits for it any more, or is told.
    let _ = reply.send(answer.map_err(Unanswered::Lost));
}

impl Unanswered {
    fn problem(&self, service: Service) -> Problem {
        match self {
            Self::Away(away) => Problem::unavailable(away.words(service)),
            Self::Lost(error @ NoAnswer::TimedOut { .. }) => {
                Problem::new(StatusCode::GATEWAY_TIMEOUT, error.to_string())
            }
            Self::Lost(error) => Problem::new(StatusCode::BAD_GATEWAY, error.to_string()),
        }
    }
}
