//! The way of a service to the API server: a client like any other, on which requests can be late,
//! lost, refused or unanswered, and on which everything is seen.
//!
//! A request that has left is on its way by itself: it arrives even when its sender is gone.

use std::time::Duration;

use bytes::Bytes;
use environment::Environment;
use futures::StreamExt;
use futures::stream::BoxStream;
use http::{Method, Request, Response, header};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, BodyStream, Full, StreamBody};
use kube::client::Body;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::defect::{Call, Defect, Wrong};
use super::signal::Signal;
use super::weather::{Fate, Way, Weather};
use super::witness::Witness;
use crate::seen::{self, What};

type WayError = Box<dyn std::error::Error + Send + Sync>;
type Wire = Response<UnsyncBoxBody<Bytes, WayError>>;

/// The API server, as a party.
pub(super) const API: &str = "api";

/// A way to the API server.
#[derive(Clone)]
pub(super) struct Line {
    /// Whose.
    pub(super) from: String,
    /// Carries what is on its way; the cluster's, not the sender's.
    pub(super) environment: Environment,
    /// The server, as it is there for this user.
    pub(super) server: kube::Client,
    /// How the way is.
    pub(super) weather: Weather,
    /// Who sees it.
    pub(super) witness: Witness,
    /// What is wrong with the sender, on purpose.
    pub(super) defect: Option<&'static Defect>,
}

impl Line {
    /// A client on this way.
    pub(super) fn client(&self) -> kube::Client {
        let line = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let line = line.clone();
            async move { line.send(request).await }
        });
        kube::Client::new(service, "default")
    }

    async fn send(&self, request: Request<Body>) -> Result<Wire, WayError> {
        let (request, seen) = self.tamper(self.read(request).await?);
        if self.sends_twice() && crate::oracles::Effect::of(&seen).is_some() {
            drop(self.carry_off(request.clone(), seen.clone(), Duration::ZERO, true));
        }
        let is_write = !matches!(request.method(), &Method::GET | &Method::HEAD);
        let fate = self.weather.fate(&self.from, API, is_write);
        match fate {
            Fate::Served(delay) => self.carry(request, seen, delay).await,
            Fate::Unanswered(delay) => {
                let late = self.carry_off(request, seen, delay, false);
                drop(late);
                std::future::pending().await
            }
            Fate::Lost => {
                self.witness.see(What::Request(seen));
                std::future::pending().await
            }
            Fate::Closed => {
                self.witness.see(What::Request(seen));
                Err(refused())
            }
            Fate::Refused(code) => {
                self.witness.see(What::Request(seen::Request { served: Some(code), was_told: true, ..seen }));
                Ok(refusal(code))
            }
            Fate::CrashBefore => {
                self.weather.report_crash(&self.from);
                std::future::pending().await
            }
            Fate::CrashAfter => {
                let (line, answered) = (self.clone(), self.carry_off(request, seen, Duration::ZERO, false));
                // The sender is gone at the latest when the answer would have come.
                self.environment.spawn("crash", async move {
                    let _ = answered.await;
                    line.weather.report_crash(&line.from);
                });
                std::future::pending().await
            }
        }
    }

    fn sends_twice(&self) -> bool {
        self.defect.is_some_and(|defect| matches!(defect.what, Wrong::Twice))
    }

    /// What a healer with a defect would have sent.
    fn tamper(&self, (request, seen): (Request<Bytes>, seen::Request)) -> (Request<Bytes>, seen::Request) {
        let Some(Wrong::Request(change)) = self.defect.map(|defect| defect.what) else {
            return (request, seen);
        };
        if crate::oracles::Effect::of(&seen).is_none() {
            return (request, seen);
        }
        let mut call = Call { method: seen.method.clone(), path: seen.path.clone(), body: seen.body.clone() };
        change(&mut call);
        let (mut head, _) = request.into_parts();
        let mark = if seen.query.is_empty() { "" } else { "?" };
        // Both are made of what a request had.
        head.uri = format!("{}{mark}{}", call.path, seen.query).parse().unwrap_or_default();
        head.method = call.method.clone();
        let body = Bytes::from(call.body.to_string());
        let seen = seen::Request { method: call.method, path: call.path, body: call.body, ..seen };
        (Request::from_parts(head, body), seen)
    }

    async fn carry(
        &self,
        request: Request<Bytes>,
        seen: seen::Request,
        delay: Duration,
    ) -> Result<Wire, WayError> {
        let answer = self.carry_off(request, seen, delay, true);
        answer.await.unwrap_or_else(|_| Err(reset()))
    }

    /// Sends it on its way, whatever becomes of the sender.
    fn carry_off(
        &self,
        request: Request<Bytes>,
        mut seen: seen::Request,
        delay: Duration,
        is_answered: bool,
    ) -> oneshot::Receiver<Result<Wire, WayError>> {
        let (sender, receiver) = oneshot::channel();
        let line = self.clone();
        self.environment.spawn("request", async move {
            tokio::time::sleep(delay).await;
            let is_watch = seen.query.contains("watch=");
            let answer = line.server.send(request.map(Body::from)).await;
            let answer = match answer {
                Ok(response) => line.receive(response, is_watch).await,
                Err(error) => Err(error.into()),
            };
            if let Ok((response, refusal)) = &answer {
                seen.served = Some(response.status().as_u16());
                seen.refusal = refusal.clone();
            }
            seen.was_told = is_answered && !sender.is_closed();
            line.witness.see(What::Request(seen));
            // Whoever asked may be gone.
            let _ = sender.send(answer.map(|(response, _)| response));
        });
        receiver
    }

    async fn read(&self, request: Request<Body>) -> Result<(Request<Bytes>, seen::Request), WayError> {
        let (head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let agent = head.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        let seen = seen::Request {
            by: self.from.clone(),
            sent: self.witness.now(),
            method: head.method.clone(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            agent: agent.unwrap_or_default().to_owned(),
            body: serde_json::from_slice(&body).unwrap_or_default(),
            served: None,
            refusal: Value::Null,
            was_told: false,
        };
        Ok((Request::from_parts(head, body), seen))
    }

    /// The answer as it comes back over this way, and what it says if it is a refusal.
    async fn receive(&self, response: Response<Body>, is_watch: bool) -> Result<(Wire, Value), WayError> {
        let (head, body) = response.into_parts();
        if is_watch && head.status.is_success() {
            let frames = BodyStream::new(body).map(|frame| frame.map_err(WayError::from)).boxed();
            let way = self.weather.follow(&self.from, API);
            let life = self.weather.watch_life(&self.from, API);
            let body = StreamBody::new(over(frames, way, life)).boxed_unsync();
            return Ok((Response::from_parts(head, body), Value::Null));
        }
        let bytes = body.collect().await?.to_bytes();
        let is_refusal = !head.status.is_success();
        let refusal =
            if is_refusal { serde_json::from_slice(&bytes).unwrap_or_default() } else { Value::Null };
        Ok((Response::from_parts(head, whole(bytes)), refusal))
    }
}

type Frames = BoxStream<'static, Result<Frame<Bytes>, WayError>>;

/// A watch's frames as they come over a way: none while it is cut, and then the end; and an end
/// without a word after its life.
fn over(frames: Frames, way: Signal<Way>, life: Option<Duration>) -> Frames {
    let ends = life.map(|life| tokio::time::Instant::now() + life);
    let state = Some((frames, way));
    futures::stream::unfold(state, move |state| async move {
        let (mut frames, way) = state?;
        let end = async {
            match ends {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            _ = way.until(|way| way.is_cut) => {
                // What both ends believe to be there is found out to be gone.
                way.until(|way| !way.is_cut).await;
                Some((Err(reset()), None))
            }
            () = end => Some((Err(reset()), None)),
            frame = frames.next() => frame.map(|frame| (frame, Some((frames, way)))),
        }
    })
    .boxed()
}

fn whole(bytes: Bytes) -> UnsyncBoxBody<Bytes, WayError> {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

fn refused() -> WayError {
    std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "connection refused").into()
}

fn reset() -> WayError {
    std::io::Error::new(std::io::ErrorKind::ConnectionReset, "connection reset").into()
}

/// What stands in front of a server that is not well.
fn refusal(code: u16) -> Wire {
    let reason = match code {
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        504 => "Timeout",
        _ => "InternalError",
    };
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": code,
        "reason": reason, "message": "the server is not well",
    });
    let mut response = Response::new(whole(Bytes::from(body.to_string())));
    *response.status_mut() = http::StatusCode::from_u16(code).unwrap_or_default();
    if code == 429 {
        response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
    }
    response
}
