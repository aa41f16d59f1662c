//! The client: what it makes of peers that are not there, are slow, or talk nonsense.

mod common;

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Redirect;
use axum::routing::get;
use bytes::Bytes;
use common::{PATIENCE, Running, Tree, environment, get_text};
use http::{Request, Response};
use net::http::{BoxFuture, Client, Endpoint, EndpointError, Error, Roots, Transport};
use net::server::Security;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

async fn outbound() -> Client {
    let tree = Tree::new();
    Client::outbound(&environment(), Roots::File(tree.files("monitor").ca)).await.expect("a good CA")
}

/// Answers one connection with these bytes, and closes it.
async fn answering(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("free");
    let url = format!("http://{}/secret-path?token=secret", listener.local_addr().expect("it listens"));
    environment().spawn("answers once", async move {
        let (mut stream, _) = listener.accept().await.expect("a caller");
        let mut request = [0; 1024];
        let _ = stream.read(&mut request).await;
        let _ = stream.write_all(bytes).await;
    });
    url
}

#[tokio::test]
async fn each_failure_has_its_name_and_keeps_secrets() {
    let gone = TcpListener::bind("127.0.0.1:0").await.expect("free");
    let refused = format!("http://{}/secret-path?token=secret", gone.local_addr().expect("it listens"));
    drop(gone);
    for (url, kind, maybe_received) in [
        (refused, "refused", false),
        (answering(b"").await, "closed", true),
        (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").await, "closed", true),
        (answering(b"SSH-2.0-OpenSSH\r\n").await, "protocol", true),
        ("ftp://127.0.0.1/secret-path?token=secret".to_owned(), "request", false),
    ] {
        let error = get_text(&outbound().await, &url).await.expect_err("it cannot go well");
        assert_eq!((error.kind(), error.maybe_received()), (kind, maybe_received), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
    }
}

struct Silent;

impl Transport for Silent {
    fn send(&self, _: Request<Bytes>) -> BoxFuture<Result<Response<Body>, Error>> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test(start_paused = true)]
async fn the_deadline_holds_for_everything() {
    let deadline = Duration::from_secs(3);
    let request = || Request::get("https://peer:8443/x?y").body(Bytes::new()).expect("a request");
    let timed_out = Err(Error::TimedOut { peer: "https://peer:8443".to_owned(), after: deadline });
    let answer = Client::new(Silent).send(request(), deadline).await;
    assert_eq!(answer.map(|_| ()), timed_out);
    // An answer that begins and does not end.
    let trickle = || async { Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>()) };
    let router = Router::new().route("/x", get(trickle));
    let answer = Client::to_router(router, None).send(request(), deadline).await;
    assert_eq!(answer.map(|_| ()), timed_out);
}

#[tokio::test]
async fn answers_are_bounded() {
    let router = Router::new().route("/", get(|| async { "0123456789" }));
    let request = || Request::get("http://peer/").body(Bytes::new()).expect("a request");
    for (limit, fits) in [(10, true), (9, false)] {
        let client = Client::to_router(router.clone(), None).with_response_max(limit);
        let answer = client.send(request(), PATIENCE).await;
        match answer {
            Ok(answer) => assert!(fits && answer.body() == "0123456789"),
            Err(error) => {
                assert!(!fits);
                assert_eq!(error, Error::TooLarge { peer: "http://peer".to_owned(), limit });
            }
        }
    }
}

#[tokio::test]
async fn redirects_are_answers_like_others() {
    let router = Router::new()
        .route("/here", get(|| async { Redirect::temporary("/there") }))
        .route("/there", get(|| async { "must not be fetched" }));
    let server = Running::start(&environment(), Security::Plain, router).await;
    let (status, text) = get_text(&outbound().await, &server.url("http", "/here")).await.expect("an answer");
    assert_eq!((status, text.as_str()), (307, ""));
}

#[tokio::test]
async fn a_url_s_credentials_become_a_header_and_are_not_shown() {
    let echo = |headers: HeaderMap| async move {
        let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let client = Client::to_router(Router::new().route("/base/x", get(echo)), None);
    // base64 of `am:p&ss+wörd`
    let endpoint = Endpoint::new("https://am:p%26ss+w%C3%B6rd@alerts.example/base/", client.clone()).unwrap();
    let answer = endpoint.get("/x", PATIENCE).await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.body(), "Basic YW06cCZzcyt3w7ZyZA==");
    assert_eq!(format!("{endpoint} {endpoint:?}"), "https://alerts.example Endpoint(https://alerts.example)");
    for (url, expected) in [
        ("alerts.example:9093", EndpointError::Scheme("alerts.example".to_owned())),
        ("https://alerts.example/?token=secret", EndpointError::Query),
    ] {
        assert_eq!(Endpoint::new(url, client.clone()).unwrap_err(), expected, "{url}");
    }
    assert!(matches!(Endpoint::new("not a url", client).unwrap_err(), EndpointError::Url(_)));
}

#[tokio::test]
async fn connections_end_with_the_environment() {
    let (outer, inner) = (environment(), environment());
    let server = Running::start(&outer, Security::Plain, common::who()).await;
    let tree = Tree::new();
    let client = Client::outbound(&inner, Roots::File(tree.files("monitor").ca)).await.expect("a good CA");
    assert_eq!(get_text(&client, &server.url("http", "/who")).await, Ok((200, "nobody".to_owned())));
    inner.tasks().end().await;
    assert_eq!(inner.tasks().alive(), 0);
    get_text(&client, &server.url("http", "/who")).await.expect_err("nothing runs any more");
}
