//! What services say to each other, against routers that answer in every way.

mod common;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use common::PATIENCE;
use environment::Environment;
use model::alert::PostableAlert;
use model::hold::{Hold, Outcome, State};
use net::apiv2::{self, Poster, Reason, Receipt};
use net::holds::{self, Teller};
use net::http::{Client, Endpoint};

/// A peer that answers as told, then 200, and keeps what it was sent.
#[derive(Clone, Default)]
struct Peer {
    answers: Arc<Mutex<VecDeque<Response>>>,
    bodies: Arc<Mutex<Vec<Bytes>>>,
}

impl Peer {
    fn answering(answers: impl IntoIterator<Item = Response>) -> Self {
        Self { answers: Arc::new(Mutex::new(answers.into_iter().collect())), ..Self::default() }
    }

    fn endpoint(&self) -> Endpoint {
        let peer = self.clone();
        let answer = move |body: Bytes| async move {
            peer.bodies.lock().unwrap().push(body);
            peer.answers.lock().unwrap().pop_front().unwrap_or_else(|| StatusCode::OK.into_response())
        };
        let router = [apiv2::PATH, holds::HOLDS_PATH, holds::OUTCOMES_PATH]
            .into_iter()
            .fold(Router::new(), |router, path| router.route(path, post(answer.clone())));
        Endpoint::new("https://alerter-0:8443", Client::to_router(router, None)).unwrap()
    }

    fn poster(&self) -> Poster {
        Poster::new(&Environment::test(1), self.endpoint())
    }

    fn received(&self) -> Vec<Vec<PostableAlert>> {
        let bodies = self.bodies.lock().unwrap();
        bodies.iter().map(|body| serde_json::from_slice(body).expect("a list of alerts")).collect()
    }
}

fn alerts(count: usize) -> Vec<PostableAlert> {
    (0..count)
        .map(|number| PostableAlert {
            labels: [("alertname".to_owned(), number.to_string())].into(),
            ..PostableAlert::default()
        })
        .collect()
}

#[tokio::test]
async fn alerts_are_posted_in_order_and_in_batches() {
    let peer = Peer::default();
    let sent = alerts(600);
    assert_eq!(peer.poster().post(&sent, PATIENCE).await, Ok(Receipt::default()));
    let received = peer.received();
    assert_eq!(received.iter().map(Vec::len).collect::<Vec<_>>(), [256, 256, 88]);
    assert_eq!(received.concat(), sent);
    assert_eq!(Peer::default().poster().post(&[], PATIENCE).await, Ok(Receipt::default()));
}

#[tokio::test]
async fn success_is_exactly_200() {
    for status in [201, 202, 204, 301, 404] {
        let status = StatusCode::from_u16(status).unwrap();
        let error = Peer::answering([status.into_response()])
            .poster()
            .post(&alerts(1), PATIENCE)
            .await
            .expect_err("not a 200");
        assert!(matches!(error.reason, Reason::Unexpected { .. }), "{error}");
        assert!(error.to_string().starts_with("0 of 1 alerts were taken: https://alerter-0:8443"), "{error}");
    }
}

#[tokio::test]
async fn a_malformed_batch_does_not_hold_up_the_others() {
    let malformed = (StatusCode::BAD_REQUEST, "bad\nlabels").into_response();
    let peer = Peer::answering([malformed]);
    let error = peer.poster().post(&alerts(300), PATIENCE).await.expect_err("one was malformed");
    assert_eq!(peer.received().len(), 2);
    assert_eq!((error.taken, error.total, error.is_about_the_alerts()), (44, 300, true));
    assert!(error.to_string().contains("bad labels"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_busy_peer_is_left_alone_and_believed() {
    for (retry_after, expected) in [
        ("7", Some(7)),
        ("100000", Some(300)),
        ("Thu, 01 Jan 2026 00:00:42 GMT", Some(42)),
        ("Wed, 31 Dec 2025 23:00:00 GMT", Some(0)),
        ("soon", None),
        ("", None),
    ] {
        for status in [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE] {
            let answer = (status, [(header::RETRY_AFTER, retry_after)]).into_response();
            let peer = Peer::answering([answer]);
            let error = peer.poster().post(&alerts(300), PATIENCE).await.expect_err("it is busy");
            assert_eq!(peer.received().len(), 1, "nothing more is sent to it");
            assert_eq!(error.retry_after(), expected.map(Duration::from_secs), "{retry_after:?}");
            assert!(!error.is_about_the_alerts());
        }
    }
}

#[tokio::test]
async fn holds_and_outcomes_arrive_and_refusals_are_told_apart() {
    let hold = Hold {
        cluster: "c1".into(),
        lineage: model::Lineage::namespaced("Deployment", "shop", "web"),
        check: "PodRunningNotReady".into(),
        remediation: "r-1".into(),
        state: State::Taken,
        remaining_ms: 60_000,
    };
    let outcome = Outcome {
        id: "r-1/3".into(),
        cluster: "c1".into(),
        lineage: hold.lineage.clone(),
        check: hold.check.clone(),
        remediation: hold.remediation.clone(),
        phase: "Succeeded".into(),
        rule: String::new(),
        message: "replaced".into(),
        at: environment::ManualClock::EPOCH,
    };
    let peer = Peer::answering([StatusCode::NO_CONTENT.into_response()]);
    let teller = Teller::new(&Environment::test(1), peer.endpoint());
    assert_eq!(teller.hold(&hold, PATIENCE).await, Ok(()));
    assert_eq!(teller.outcome(&outcome, PATIENCE).await, Ok(()));
    let bodies = peer.bodies.lock().unwrap().clone();
    assert_eq!(serde_json::from_slice::<Hold>(&bodies[0]).unwrap(), hold);
    assert_eq!(serde_json::from_slice::<Outcome>(&bodies[1]).unwrap(), outcome);

    for (status, passing) in [(403, false), (400, false), (429, true), (503, true)] {
        let answer = StatusCode::from_u16(status).unwrap().into_response();
        let teller = Teller::new(&Environment::test(1), Peer::answering([answer]).endpoint());
        let error = teller.hold(&hold, PATIENCE).await.expect_err("it says no");
        assert_eq!(error.is_passing(), passing, "{error}");
    }
}
