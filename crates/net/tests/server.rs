//! The server under peers that misbehave, and when it ends.

mod common;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use bytes::Bytes;
use common::{PATIENCE, Running, Tree, environment, get_text, who};
use environment::{Environment, Outcome};
use http_body_util::Full;
use net::http::{Client, Error, Roots};
use net::server::{Limits, ListenError, Security};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// Short, for limits that a test lets pass.
const MOMENT: Duration = Duration::from_millis(50);

async fn plain(environment: &Environment, router: Router, limits: Limits) -> Running {
    Running::with(environment, Security::Plain, router, limits).await
}

/// A client of its own pool, for plain HTTP.
async fn client(environment: &Environment) -> Client {
    let tree = Tree::new();
    Client::outbound(environment, Roots::File(tree.files("monitor").ca)).await.expect("a good CA")
}

async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.expect("it listens")
}

/// Reads until the server closes.
async fn until_closed(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut text)).await.expect("it closes");
    // A reset is a close too.
    drop(read);
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn callers_above_the_limit_wait_for_their_turn() {
    let environment = environment();
    let server = plain(&environment, who(), Limits { connections: 2, ..Limits::default() }).await;
    let (first, second) = (connect(server.address).await, connect(server.address).await);
    let client = client(&environment).await;
    let url = server.url("http", "/who");
    let third = environment.fork("third");
    let (done, answered) = tokio::sync::oneshot::channel();
    third.spawn("third", async move { drop(done.send(get_text(&client, &url).await)) });
    drop(first);
    assert_eq!(answered.await.expect("it ends"), Ok((200, "nobody".to_owned())));
    drop(second);
}

#[tokio::test]
async fn peers_that_say_nothing_are_let_go() {
    let environment = environment();
    let tree = Tree::new();
    let limits = Limits { head: MOMENT, handshake: MOMENT, ..Limits::default() };
    let plain = plain(&environment, who(), limits).await;
    assert_eq!(until_closed(connect(plain.address).await).await, "");
    let mut slow = connect(plain.address).await;
    slow.write_all(b"GET /who HTTP/1.1\r\nHost: x\r\n").await.expect("it takes the first lines");
    let answer = until_closed(slow).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    let mut idle = connect(plain.address).await;
    idle.write_all(b"GET /who HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("it takes a request");
    let answer = until_closed(idle).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("nobody"), "{answer}");

    let tls = tree.load(&environment, "alerter").await;
    let mutual = Running::with(&environment, Security::Mutual(tls), who(), limits).await;
    assert_eq!(until_closed(connect(mutual.address).await).await, "");
}

#[tokio::test]
async fn bodies_are_bounded_whether_announced_or_not() {
    let environment = environment();
    let router = Router::new().route("/", post(|body: Bytes| async move { body.len().to_string() }));
    let server = plain(&environment, router, Limits { body: 1000, ..Limits::default() }).await;
    let client = client(&environment).await;
    for (size, status) in [(0, 200), (1000, 200), (1001, 413), (100_000, 413)] {
        let request = http::Request::post(server.url("http", "/")).body(Bytes::from(vec![b'x'; size]));
        let answer = client.send(request.expect("a request"), PATIENCE).await;
        match answer {
            Ok(answer) => assert_eq!(answer.status().as_u16(), status, "{size}"),
            // It answered and closed while we were still sending.
            Err(Error::Closed { .. }) => assert_eq!(status, 413, "{size}"),
            Err(error) => panic!("{size}: {error}"),
        }
    }
    let mut chunked = connect(server.address).await;
    let head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
    chunked.write_all(head).await.expect("it takes the head");
    chunked
        .write_all(format!("5dc\r\n{}\r\n0\r\n\r\n", "x".repeat(1500)).as_bytes())
        .await
        .expect("and this");
    let answer = until_closed(chunked).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn a_drain_lets_requests_finish_and_takes_no_new_ones() {
    let environment = environment();
    let (begun, finish) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (begins, finishes) = (Arc::clone(&begun), Arc::clone(&finish));
    let slow = move || async move {
        begins.notify_one();
        finishes.notified().await;
        "done"
    };
    let server = plain(&environment, Router::new().route("/slow", get(slow)), Limits::default()).await;
    let idle = connect(server.address).await;
    let client = client(&environment).await;
    let (done, answered) = tokio::sync::oneshot::channel();
    let (asking, url) = (client.clone(), server.url("http", "/slow"));
    environment.spawn("asking", async move { drop(done.send(get_text(&asking, &url).await)) });
    begun.notified().await;
    server.drain.start();
    assert_eq!(until_closed(idle).await, "");
    let error = TcpStream::connect(server.address).await.expect_err("it takes no new ones");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    finish.notify_one();
    assert_eq!(answered.await.expect("it ends"), Ok((200, "done".to_owned())));
    assert_eq!(server.task.join().await, Outcome::Returned);
}

#[tokio::test]
async fn a_drain_does_not_wait_for_ever() {
    let environment = environment();
    let begun = Arc::new(Notify::new());
    let begins = Arc::clone(&begun);
    let stuck = move || async move {
        begins.notify_one();
        std::future::pending::<()>().await;
    };
    let limits = Limits { drain: MOMENT, ..Limits::default() };
    let server = plain(&environment, Router::new().route("/stuck", get(stuck)), limits).await;
    let mut stream = connect(server.address).await;
    stream.write_all(b"GET /stuck HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("it takes a request");
    begun.notified().await;
    server.drain.start();
    assert_eq!(server.task.join().await, Outcome::Returned);
    assert_eq!(until_closed(stream).await, "");
}

#[tokio::test]
async fn a_crash_takes_all_connections_along() {
    let environment = environment();
    let inside = environment.fork("inside");
    let server = plain(&inside, who(), Limits::default()).await;
    let idle = connect(server.address).await;
    let client = client(&environment).await;
    assert_eq!(get_text(&client, &server.url("http", "/who")).await, Ok((200, "nobody".to_owned())));
    inside.tasks().end().await;
    assert_eq!(until_closed(idle).await, "");
    let refused = TcpStream::connect(server.address).await.expect_err("nobody listens");
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn a_handler_that_panics_or_hangs_harms_nobody_else() {
    let environment = environment();
    let router = who()
        .route("/panic", get(|| async { panic!("a defect") as () }))
        .route("/hang", get(std::future::pending::<()>));
    let server = plain(&environment, router, Limits { request: MOMENT, ..Limits::default() }).await;
    let client = client(&environment).await;
    let error = get_text(&client, &server.url("http", "/panic")).await.expect_err("it panics");
    assert!(matches!(error, Error::Closed { .. }), "{error:?}");
    let (status, text) = get_text(&client, &server.url("http", "/hang")).await.expect("an answer");
    assert_eq!(status, 503);
    assert!(text.contains("took longer than"), "{text}");
    assert_eq!(get_text(&client, &server.url("http", "/who")).await, Ok((200, "nobody".to_owned())));
    assert_eq!(environment.tasks().panics(), 1);
}

#[tokio::test]
async fn http_2_is_spoken_over_tls_to_those_who_ask() {
    let (environment, tree) = (environment(), Tree::new());
    let tls = tree.load(&environment, "alerter").await;
    let server = Running::start(&environment, Security::Tls(tls), who()).await;
    let mut roots = rustls::RootCertStore::empty();
    let ca = std::fs::read(tree.files("alerter").ca).expect("it was written");
    roots.add(rustls_pki_types::pem::PemObject::from_pem_slice(&ca).expect("a CA")).expect("a good one");
    let mut config = rustls::ClientConfig::builder_with_provider(net::tls::provider())
        .with_safe_default_protocol_versions()
        .expect("it has some")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let name = rustls_pki_types::ServerName::try_from("localhost").expect("a name");
    let stream = tokio_rustls::TlsConnector::from(Arc::new(config))
        .connect(name, connect(server.address).await)
        .await
        .expect("a handshake");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut sender, connection) = hyper::client::conn::http2::handshake::<_, _, Full<Bytes>>(
        hyper_util::rt::TokioExecutor::new(),
        hyper_util::rt::TokioIo::new(stream),
    )
    .await
    .expect("it speaks http/2");
    environment.spawn("h2", async move { drop(connection.await) });
    let request = http::Request::get("https://localhost/who").body(Full::default()).expect("a request");
    assert_eq!(sender.send_request(request).await.expect("an answer").status(), 200);
}

#[tokio::test]
async fn an_address_in_use_is_named_with_the_way_out() {
    let taken = net::server::listen("127.0.0.1:0".parse().expect("an address")).await.expect("free");
    let address = taken.local_addr().expect("it listens");
    let error = net::server::listen(address).await.expect_err("it is taken");
    assert!(matches!(error, ListenError::InUse { .. }), "{error}");
    assert!(error.to_string().contains(&address.to_string()), "{error}");
    let error = net::server::listen("192.0.2.1:1".parse().expect("an address")).await.expect_err("not ours");
    assert!(matches!(error, ListenError::NotHere { .. } | ListenError::Other { .. }), "{error}");
}

#[tokio::test]
async fn what_happened_is_counted_by_route() {
    let environment = environment();
    let router = Router::new().route("/things/{id}", get(|| async { "a thing" }));
    let server = plain(&environment, router, Limits::default()).await;
    let mut registry = net::metrics::registry("alerter", "1.2.3", &environment);
    server.metrics.register(&mut registry);
    let exposition = Client::to_router(net::metrics::router(registry), None);
    let client = client(&environment).await;
    for path in ["/things/1", "/things/2", "/nothing"] {
        get_text(&client, &server.url("http", path)).await.expect("an answer");
    }
    let request = http::Request::get("/metrics").body(Bytes::new()).expect("a request");
    let answer = exposition.send(request, PATIENCE).await.expect("an answer");
    assert_eq!(answer.headers()[http::header::CONTENT_TYPE], net::metrics::CONTENT_TYPE);
    let text = String::from_utf8_lossy(answer.body()).into_owned();
    for line in [
        r#"seaworthy_build_info{service="alerter",version="1.2.3"} 1"#,
        r#"seaworthy_tasks_panicked_total{service="alerter"} 0"#,
        r#"seaworthy_http_requests_total{service="alerter",method="GET",route="/things/{id}",status="200"} 2"#,
        r#"seaworthy_http_requests_total{service="alerter",method="GET",route="unmatched",status="404"} 1"#,
        r#"seaworthy_http_request_duration_seconds_count{service="alerter",method="GET",route="/things/{id}"} 2"#,
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n is not in\n{text}");
    }
    assert!(text.ends_with("# EOF\n"));
}
