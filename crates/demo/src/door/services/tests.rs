//! Who gets through to a service, and what is said where nobody answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::routing::{any, get};
use environment::Environment;
use net::http::{Endpoint, Roots};
use net::tls::{Files, Identity, Reloading};
use sim::registry::{Registry, Status};

use super::super::{BODY_MAX, Door, Options};
use super::*;

/// A person's patience: far longer than anything here takes.
const PATIENCE: Duration = Duration::from_mins(1);

/// A monitor that says what it is asked, and an alerter that stands still.
struct World {
    environment: Environment,
    api: kube::Client,
    asked: Arc<AtomicUsize>,
}

impl Inside for World {
    fn environment(&self) -> &Environment {
        &self.environment
    }

    fn api(&self) -> kube::Client {
        self.api.clone()
    }

    fn service(&self, service: Service) -> Result<Client, Away> {
        if service == Service::Alerter {
            return Err(Away::Paused);
        }
        let asked = Arc::clone(&self.asked);
        let echo = async move |method: Method, uri: Uri, body: String| {
            asked.fetch_add(1, Ordering::Relaxed);
            format!("{method} {} {body}", uri.path_and_query().map_or("", |place| place.as_str()))
        };
        let router = Router::new()
            .route("/echo", any(echo))
            .route("/silent", get(async || std::future::pending::<()>().await));
        Ok(Client::to_router(router, Some(Identity::operator())))
    }
}

async fn world() -> Result<World, Status> {
    let environment = Environment::test(1);
    let registry = Registry::new(&environment);
    let api = sim::api::Server::new(registry, &environment).client("system:masters");
    Ok(World { environment, api, asked: Arc::default() })
}

fn open(speed: f64) -> (Pace<World>, Door) {
    let pace = Pace::start(speed, world).unwrap();
    let door = Door::open(&Options::default(), &pace).unwrap();
    (pace, door)
}

/// What somebody does at a service's door, with the certificate that lies in the folder or without.
fn visit<T>(door: &Door, service: Service, is_known: bool, act: impl AsyncFnOnce(Endpoint) -> T) -> T {
    net::tls::install_provider();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let environment = Environment::real(1);
        let folder = door.visit().env.parent().unwrap().to_owned();
        let client = if is_known {
            let ours = Reloading::load(&environment, Files::in_folder(&folder)).await.unwrap();
            Client::to_service(&environment, &ours, &service.identity())
        } else {
            Client::outbound(&environment, Roots::File(folder.join("ca.crt"))).await.unwrap()
        };
        let result = act(Endpoint::new(&format!("https://{}", door.service(service)), client).unwrap()).await;
        environment.tasks().end().await;
        result
    })
}

fn words(answer: &Response<Bytes>) -> (u16, String) {
    (answer.status().as_u16(), String::from_utf8_lossy(answer.body()).into_owned())
}

#[test]
fn the_service_s_own_routes_answer_even_when_the_world_stands_still() {
    for speed in [1.0, 0.0] {
        let (_pace, door) = open(speed);
        let act = async |monitor: Endpoint| {
            let got = monitor.get("/echo?state=held", PATIENCE).await.unwrap();
            let posted = monitor.post_json("/echo", "{}".into(), PATIENCE).await.unwrap();
            let unknown = monitor.get("/nothing", PATIENCE).await.unwrap();
            let date = got.headers()[header::DATE].to_str().unwrap().to_owned();
            (words(&got).1, words(&posted).1, unknown.status(), date)
        };
        let (got, posted, unknown, date) = visit(&door, Service::Monitor, true, act);
        assert!(date.starts_with("Thu, 01 Jan 2026 00:00:"), "the world's own time: {date}");
        assert_eq!((got.as_str(), posted.as_str()), ("GET /echo?state=held ", "POST /echo {}"));
        assert_eq!(unknown, StatusCode::NOT_FOUND, "at speed {speed}");
    }
}

#[test]
fn who_shows_no_certificate_does_not_come_in() {
    let (pace, door) = open(1.0);
    for service in [Service::Monitor, Service::Alerter] {
        let refused = visit(&door, service, false, async |service| service.get("/echo", PATIENCE).await);
        // Who has sent its request already may find the connection closed before it reads why.
        let refused = refused.unwrap_err();
        assert!(matches!(refused, NoAnswer::Tls { .. } | NoAnswer::Closed { .. }), "{refused}");
    }
    assert_eq!(pace.ask(|world| world.asked.load(Ordering::Relaxed)), Some(0));
}

#[test]
fn a_request_that_is_too_large_does_not_come_in() {
    let (pace, door) = open(1.0);
    let body = Bytes::from("x".repeat(BODY_MAX + 1));
    let act = async |monitor: Endpoint| monitor.post_json("/echo", body, PATIENCE).await;
    // Who goes on sending may find the connection closed before the answer is read.
    if let Ok(answer) = visit(&door, Service::Monitor, true, act) {
        assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
    assert_eq!(pace.ask(|world| world.asked.load(Ordering::Relaxed)), Some(0));
}

#[test]
fn who_answers_nobody_is_told_of_before_any_time_passes() {
    let (pace, door) = open(0.0);
    let answer = visit(&door, Service::Alerter, true, async |alerter| alerter.get("/", PATIENCE).await);
    let (code, text) = words(&answer.unwrap());
    assert!(code == 503 && text.contains("the simulated alerter stands still"), "{code} {text}");
    assert!(pace.now() < Duration::from_secs(1), "{:?}", pace.now());
}

#[test]
fn a_service_that_does_not_answer_keeps_nobody() {
    let (pace, door) = open(0.0);
    let answer = visit(&door, Service::Monitor, true, async |monitor| monitor.get("/silent", PATIENCE).await);
    let (code, text) = words(&answer.unwrap());
    assert!(code == 504 && text.contains("did not answer within"), "{code} {text}");
    assert!(pace.now() < DEADLINE * 2, "the world has not gone far: {:?}", pace.now());
}

#[test]
fn a_world_that_has_ended_says_so() {
    let (pace, door) = open(1.0);
    pace.errand(|_| panic!("on purpose"));
    let answer = visit(&door, Service::Monitor, true, async |monitor| monitor.get("/echo", PATIENCE).await);
    let (code, text) = words(&answer.unwrap());
    assert!(code == 503 && text.contains("has ended"), "{code} {text}");
}
