//! Who gets through to whom, over real sockets.

mod common;

use axum::Router;
use axum::routing::get;
use common::{Running, Tree, copy, environment, get_text, who};
use environment::Environment;
use net::http::{Client, Error, Roots};
use net::server::Security;
use net::tls::{Fault, Identity};

async fn alerter(environment: &Environment, tree: &Tree) -> Running {
    let tls = tree.load(environment, "alerter").await;
    Running::start(environment, Security::Mutual(tls), who()).await
}

async fn client(environment: &Environment, tree: &Tree, ours: &str, peer: &Identity) -> Client {
    Client::to_service(environment, &tree.load(environment, ours).await, peer)
}

#[tokio::test]
async fn a_service_is_known_by_its_certificate() {
    let (environment, tree) = (environment(), Tree::new());
    let server = alerter(&environment, &tree).await;
    for name in ["monitor", "healer", "operator"] {
        let client = client(&environment, &tree, name, &Identity::alerter()).await;
        let answer = get_text(&client, &server.url("https", "/who")).await;
        assert_eq!(answer, Ok((200, name.to_owned())));
    }
}

#[tokio::test]
async fn a_peer_that_is_another_service_is_not_spoken_to() {
    let (environment, tree) = (environment(), Tree::new());
    let server = alerter(&environment, &tree).await;
    let client = client(&environment, &tree, "monitor", &Identity::healer()).await;
    let error = get_text(&client, &server.url("https", "/who")).await.expect_err("it is the alerter");
    let Error::Tls { fault: Fault::NameMismatch { expected, presented }, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(expected, "healer.seaworthy");
    assert!(presented.contains("alerter.seaworthy"), "{presented}");
}

#[tokio::test]
async fn a_foreign_authority_is_refused_by_both_sides() {
    let (environment, ours, theirs) = (environment(), Tree::new(), Tree::new());
    let server = alerter(&environment, &ours).await;
    let foreign = client(&environment, &theirs, "monitor", &Identity::alerter()).await;
    let error = get_text(&foreign, &server.url("https", "/who")).await.expect_err("it has another CA");
    assert!(matches!(error, Error::Tls { fault: Fault::UnknownIssuer, .. }), "{error:?}");

    // One that trusts our CA too, but is not known to it.
    let both = format!(
        "{}{}",
        std::fs::read_to_string(theirs.files("monitor").ca).unwrap(),
        std::fs::read_to_string(ours.files("monitor").ca).unwrap()
    );
    std::fs::write(theirs.files("monitor").ca, both).unwrap();
    let intruder = client(&environment, &theirs, "monitor", &Identity::alerter()).await;
    let error = get_text(&intruder, &server.url("https", "/who")).await.expect_err("it is not ours");
    assert!(matches!(error, Error::Tls { fault: Fault::OursRefused { .. }, .. }), "{error:?}");
}

#[tokio::test]
async fn a_caller_without_a_certificate_is_told_so() {
    let (environment, tree) = (environment(), Tree::new());
    let server = alerter(&environment, &tree).await;
    let roots = Roots::File(tree.files("monitor").ca);
    let client = Client::outbound(&environment, roots).await.unwrap();
    let error = get_text(&client, &server.url("https", "/who")).await.expect_err("it has no certificate");
    assert!(matches!(error, Error::Tls { fault: Fault::OursMissing, .. }), "{error:?}");
}

#[tokio::test]
async fn a_certificate_that_names_no_service_has_no_say() {
    let (environment, tree) = (environment(), Tree::new());
    let server = alerter(&environment, &tree).await;
    let read = |name: &str| std::fs::read_to_string(tree.folder.path().join(name)).unwrap();
    let key = rcgen::KeyPair::from_pem(&read("ca.key")).unwrap();
    let issuer = rcgen::Issuer::from_ca_cert_pem(&read("ca.crt"), key).unwrap();
    let pair = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(["web.example".to_owned()]).unwrap();
    let files = tree.files("operator");
    std::fs::write(&files.cert, params.signed_by(&pair, &issuer).unwrap().pem()).unwrap();
    std::fs::write(&files.key, pair.serialize_pem()).unwrap();
    let client = client(&environment, &tree, "operator", &Identity::alerter()).await;
    let (status, text) = get_text(&client, &server.url("https", "/who")).await.unwrap();
    assert_eq!(status, 403);
    assert!(text.contains("names no service of ours"), "{text}");
}

#[tokio::test]
async fn plain_tls_serves_callers_without_a_certificate() {
    let (environment, tree) = (environment(), Tree::new());
    let tls = tree.load(&environment, "alerter").await;
    let server = Running::start(&environment, Security::Tls(tls), who()).await;
    let client =
        Client::outbound(&environment, Roots::File(tree.folder.path().join("ca.crt"))).await.unwrap();
    let url = server.url("https", "/who");
    assert_eq!(get_text(&client, &url).await, Ok((200, "nobody".to_owned())));
    let by_name = url.replace("127.0.0.1", "localhost");
    assert_eq!(get_text(&client, &by_name).await, Ok((200, "nobody".to_owned())));
}

#[tokio::test]
async fn tls_and_plain_http_are_told_apart() {
    let (environment, tree) = (environment(), Tree::new());
    let plain = Running::start(&environment, Security::Plain, who()).await;
    let monitor = client(&environment, &tree, "monitor", &Identity::alerter()).await;
    let error = get_text(&monitor, &plain.url("https", "/who")).await.expect_err("it speaks http");
    assert!(matches!(error, Error::Tls { fault: Fault::NotTls, .. }), "{error:?}");
    let error = get_text(&monitor, &plain.url("http", "/who")).await.expect_err("services use tls");
    assert!(matches!(error, Error::Request { .. }), "{error:?}");
    let outside = Client::outbound(&environment, Roots::File(tree.files("monitor").ca)).await.unwrap();
    assert_eq!(get_text(&outside, &plain.url("http", "/who")).await, Ok((200, "nobody".to_owned())));
}

#[tokio::test]
async fn certificates_and_authority_change_while_connections_live() {
    let (environment, tree) = (environment(), Tree::new());
    let tls = tree.load(&environment, "alerter").await;
    let server = Running::start(&environment, Security::Mutual(tls.clone()), who()).await;
    let ours = tree.load(&environment, "monitor").await;
    let client = Client::to_service(&environment, &ours, &Identity::alerter());
    let url = server.url("https", "/who");
    assert_eq!(get_text(&client, &url).await, Ok((200, "monitor".to_owned())));

    // The same authority, new certificates: nobody notices, in whichever order they are read.
    tree.renew();
    assert!(tls.look().await.unwrap());
    assert_eq!(get_text(&client, &url).await, Ok((200, "monitor".to_owned())));
    assert!(ours.look().await.unwrap());
    assert_eq!(get_text(&client, &url).await, Ok((200, "monitor".to_owned())));

    // Another authority at the server alone: the client is refused, also on connections it had.
    let other = Tree::new();
    replace(&other, &tree, "alerter");
    assert!(tls.look().await.unwrap());
    let error = match get_text(&client, &url).await {
        // The connection it had was closed in the moment of the request.
        Err(Error::Closed { .. }) => get_text(&client, &url).await,
        other => other,
    }
    .expect_err("they have nothing in common now");
    assert!(matches!(error, Error::Tls { fault: Fault::UnknownIssuer, .. }), "{error:?}");

    // The client follows.
    replace(&other, &tree, "monitor");
    assert!(ours.look().await.unwrap());
    assert_eq!(get_text(&client, &url).await, Ok((200, "monitor".to_owned())));
    assert_eq!((tls.failures(), ours.failures()), (0, 0));
}

fn replace(from: &Tree, to: &Tree, name: &str) {
    let (from, to) = (from.files(name), to.files(name));
    copy(&from.ca, &to.ca);
    copy(&from.key, &to.key);
    copy(&from.cert, &to.cert);
}

#[tokio::test]
async fn bad_files_are_counted_and_the_former_ones_stay() {
    let (environment, tree) = (environment(), Tree::new());
    let tls = tree.load(&environment, "alerter").await;
    let server = Running::start(&environment, Security::Mutual(tls.clone()), who()).await;
    let client = client(&environment, &tree, "monitor", &Identity::alerter()).await;
    let files = tree.files("alerter");
    let good = std::fs::read(&files.cert).unwrap();
    for bad in [&b""[..], b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        std::fs::write(&files.cert, bad).unwrap();
        tls.look().await.expect_err("that is no certificate");
        let answer = get_text(&client, &server.url("https", "/who")).await;
        assert_eq!(answer, Ok((200, "monitor".to_owned())));
    }
    assert_eq!(tls.failures(), 3);
    std::fs::write(&files.cert, good).unwrap();
    assert!(!tls.look().await.unwrap(), "the same as before is no change");
}

#[tokio::test]
async fn a_route_can_be_for_some_services_only() {
    let (environment, tree) = (environment(), Tree::new());
    let tls = tree.load(&environment, "healer").await;
    let alerts = Router::new().route("/alerts", get(|| async { "taken" }));
    let router = net::access::only(alerts, &["monitor"]).route("/livez", get(|| async { "ok" }));
    let server = Running::start(&environment, Security::Mutual(tls), router).await;
    for (name, path, status, says) in [
        ("monitor", "/alerts", 200, "taken"),
        ("alerter", "/alerts", 403, "this is for monitor; the caller's certificate names alerter"),
        ("alerter", "/livez", 200, "ok"),
        ("alerter", "/nowhere", 404, ""),
    ] {
        let client = client(&environment, &tree, name, &Identity::healer()).await;
        let (got, text) = get_text(&client, &server.url("https", path)).await.unwrap();
        assert_eq!(got, status, "{name} {path}");
        assert!(text.contains(says), "{name} {path}: {text}");
    }
}
