//! The service from end to end: a small API server in front, a small alerter behind, virtual time.

mod api_server;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::IntoResponse;
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use environment::Drain;
use model::alert::{PostableAlert, report};
use model::codes;
use model::issue::Resolution;
use net::apiv2::INCARNATION;
use net::http::Client;
use tokio::time::Instant;

use super::*;
use crate::fixtures::*;

use api_server::ApiServer;

/// What an alerter was told last of each lineage and code.
#[derive(Clone, Default)]
struct Alerter {
    state: Arc<Mutex<Told>>,
}

#[derive(Default)]
struct Told {
    last: BTreeMap<String, Word>,
    clusters: Vec<String>,
    fails: bool,
    /// Every post, and when it came.
    trace: Vec<(Instant, Vec<PostableAlert>)>,
    /// Which process it says that it is, if any.
    incarnation: Option<&'static str>,
}

/// A word about an issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    /// It is there.
    Live,
    /// It is over, and why.
    Over(Resolution),
}

impl Alerter {
    fn endpoint(&self) -> Endpoint {
        let router = Router::new().route("/api/v2/alerts", post(take)).with_state(self.clone());
        Endpoint::new("http://alerter", Client::to_router(router, None)).expect("a url")
    }

    fn with<T>(&self, read: impl FnOnce(&mut Told) -> T) -> T {
        read(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn last(&self, key: &str) -> Option<Word> {
        self.with(|told| told.last.get(key).copied())
    }
}

async fn take(State(alerter): State<Alerter>, Json(alerts): Json<Vec<PostableAlert>>) -> impl IntoResponse {
    alerter.with(|told| {
        let says = HeaderMap::from_iter(told.incarnation.map(|incarnation| {
            (HeaderName::from_static(INCARNATION), HeaderValue::from_static(incarnation))
        }));
        told.trace.push((Instant::now(), alerts.clone()));
        if told.fails {
            return (StatusCode::SERVICE_UNAVAILABLE, says);
        }
        for alert in &alerts {
            let report = report(alert).expect("alerts of the monitor can be read");
            told.last
                .insert(report.issue.key().to_string(), report.resolution.map_or(Word::Live, Word::Over));
            told.clusters.push(report.cluster);
        }
        (StatusCode::OK, says)
    })
}

/// A monitor between an API server and an alerter.
struct Rig {
    server: ApiServer,
    alerter: Alerter,
    handle: Handle,
    environment: Environment,
    observability: Router,
    _drain: Drain,
}

const LOOPING: &str = "Pod/shop/p PodCrashLoopBackOff";

fn looping() -> Fixture {
    pod("p").with(container("app").restarts(5).last_ended(1, "Error", 20).waiting("CrashLoopBackOff"))
}

impl Rig {
    fn start(server: ApiServer) -> Self {
        Self::start_with(server, Options::default())
    }

    fn start_with(server: ApiServer, options: Options) -> Self {
        Self::start_seeded(server, options, 7)
    }

    fn start_seeded(server: ApiServer, options: Options, seed: u64) -> Self {
        let environment = Environment::test(seed);
        let alerter = Alerter::default();
        let endpoints = vec![alerter.endpoint()];
        let transports = Transports { client: server.client(), tls: None, endpoints };
        let service = Service::new(options, environment.clone(), transports);
        let (handle, observability) = (service.handle(), service.metrics_router());
        let (drain, drained) = environment::drain();
        environment.spawn("monitor", async move { service.work(drained).await.expect("it goes on") });
        Self { server, alerter, handle, environment, observability, _drain: drain }
    }

    /// Waits, in virtual time, until something is so.
    async fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        for _ in 0..10_000 {
            if is_so(self) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("never: {what}; {:?}", self.handle.report());
    }

    async fn ask(&self, path: &str) -> (u16, String) {
        let request = http::Request::get(path).body(Bytes::new()).expect("a request");
        let client = Client::to_router(self.observability.clone(), None);
        let answer = client.send(request, Duration::from_secs(1)).await.expect("a router answers");
        (answer.status().as_u16(), String::from_utf8_lossy(answer.body()).into_owned())
    }
}

#[tokio::test(start_paused = true)]
async fn what_breaks_is_posted_and_what_is_mended_is_resolved() {
    let server = ApiServer::default();
    server.apply(&looping());
    let rig = Rig::start(server);
    rig.until("the issue is posted", |rig| rig.alerter.last(LOOPING) == Some(Word::Live)).await;
    assert_eq!(rig.ask("/readyz").await.0, 200);
    assert_eq!(rig.alerter.with(|told| told.clusters.clone()), ["cluster-1"]);
    let report = rig.handle.report();
    assert_eq!((report.issues.len(), report.summary.warning), (1, 1));
    rig.server.apply(&pod("p"));
    rig.until("it is resolved", |rig| rig.alerter.last(LOOPING) == Some(Word::Over(Resolution::Healthy)))
        .await;
    assert!(rig.handle.report().issues.is_empty());
    rig.server.apply(&looping());
    rig.until("it is posted again", |rig| rig.alerter.last(LOOPING) == Some(Word::Live)).await;
    rig.server.delete(&looping());
    rig.until("it is gone", |rig| rig.alerter.last(LOOPING) == Some(Word::Over(Resolution::SubjectGone)))
        .await;
}

/// What is posted while pods crash, the alerter is away, and all is well again.
fn trace(seed: u64) -> Vec<(Duration, Vec<PostableAlert>)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("it starts").block_on(async {
        let server = ApiServer::default();
        for name in ["p", "q", "r"] {
            let fails = container("app").restarts(5).last_ended(1, "Error", 20).waiting("CrashLoopBackOff");
            server.apply(&pod(name).with(fails));
        }
        let begin = Instant::now();
        let rig = Rig::start_seeded(server, Options::default(), seed);
        rig.alerter.with(|told| told.fails = true);
        tokio::time::sleep(Duration::from_mins(2)).await;
        rig.alerter.with(|told| told.fails = false);
        rig.until("it is posted", |rig| rig.alerter.last(LOOPING) == Some(Word::Live)).await;
        for name in ["p", "q", "r"] {
            rig.server.apply(&pod(name));
        }
        tokio::time::sleep(Duration::from_mins(5)).await;
        rig.environment.tasks().end().await;
        let trace = rig.alerter.with(|told| std::mem::take(&mut told.trace));
        trace.into_iter().map(|(came, alerts)| (came.duration_since(begin), alerts)).collect()
    })
}

#[test]
fn one_seed_gives_one_trace() {
    let first = trace(1);
    assert!(first.len() > 10, "{first:#?}");
    for _ in 0..5 {
        assert_eq!(trace(1), first);
    }
    assert_ne!(trace(2), first);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_was_away_gets_the_latest_state() {
    let server = ApiServer::default();
    server.apply(&looping());
    let rig = Rig::start(server);
    rig.alerter.with(|told| told.fails = true);
    rig.until("it is found", |rig| !rig.handle.report().issues.is_empty()).await;
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert_eq!(rig.alerter.last(LOOPING), None);
    let up = |is: u8| format!("seaworthy_endpoint_up{{service=\"monitor\",peer=\"http://alerter\"}} {is}\n");
    assert!(rig.ask("/metrics").await.1.contains(&up(0)));
    rig.alerter.with(|told| told.fails = false);
    rig.until("it is posted", |rig| rig.alerter.last(LOOPING) == Some(Word::Live)).await;
    let (_, metrics) = rig.ask("/metrics").await;
    assert!(metrics.contains(&up(1)));
    for line in [
        "seaworthy_issues{service=\"monitor\",code=\"PodCrashLoopBackOff\",severity=\"warning\",state=\"open\"} 1",
        "seaworthy_world_objects{service=\"monitor\",kind=\"Pod\"} 1",
        "seaworthy_watch_lists_total{service=\"monitor\",kind=\"Pod\"} 1",
        "seaworthy_posts_failed_total{service=\"monitor\",peer=\"http://alerter\"}",
        "seaworthy_watch_staleness_seconds{service=\"monitor\",kind=\"Node\"}",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_starts_anew_and_has_kept_nothing_is_told_again_within_seconds() {
    let server = ApiServer::default();
    server.apply(&looping());
    let rig = Rig::start(server);
    rig.alerter.with(|told| told.incarnation = Some("first"));
    rig.until("it is posted", |rig| rig.alerter.last(LOOPING) == Some(Word::Live)).await;
    rig.alerter.with(|told| *told = Told { fails: true, incarnation: Some("second"), ..Told::default() });
    tokio::time::sleep(Duration::from_secs(7)).await;
    rig.alerter.with(|told| told.fails = false);
    let began = rig.environment.monotonic();
    rig.until("it is posted again", |rig| rig.alerter.last(LOOPING) == Some(Word::Live)).await;
    assert!(rig.environment.monotonic().saturating_sub(began) < Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn every_metric_is_on_the_page_and_nothing_else_is() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/metrics.md");
    let page = std::fs::read_to_string(page).expect("the page is there");
    let section = |title: &str| {
        let (_, rest) = page.split_once(&format!("## {title}\n")).expect("the section is there");
        rest.split("\n## ").next().unwrap_or_default().to_owned()
    };
    let rows = section("Every service") + &section("Monitor");
    let mut listed: Vec<&str> =
        rows.lines().filter_map(|row| row.strip_prefix("| `")?.split('`').next()).collect();
    let server = ApiServer::default();
    server.apply(&looping());
    let rig = Rig::start(server);
    // A request that fails and one that does not: what has no values is not served.
    rig.alerter.with(|told| told.fails = true);
    rig.until("it is found", |rig| !rig.handle.report().issues.is_empty()).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    rig.alerter.with(|told| told.fails = false);
    rig.until("it is posted", |rig| rig.alerter.last(LOOPING) == Some(Word::Live)).await;
    let (_, exposition) = rig.ask("/metrics").await;
    let mut shown: Vec<String> = exposition.lines().filter_map(family).collect();
    // There are neither certificates nor servers here.
    listed.retain(|name| !name.starts_with("seaworthy_tls_") && !name.starts_with("seaworthy_http_request"));
    listed.sort_unstable();
    shown.sort_unstable();
    assert_eq!(listed, shown);
}

#[tokio::test(start_paused = true)]
async fn it_listens_only_where_it_is_run_with_its_addresses() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let mut options = Options::default();
    options.config.listen.metrics = taken.local_addr().expect("it has one");
    let server = ApiServer::default();
    server.apply(&looping());
    let transports = Transports { client: server.client(), tls: None, endpoints: Vec::new() };
    let service = Service::new(options.clone(), Environment::test(7), transports);
    let error = service.run(Drained::never()).await.expect_err("somebody listens there");
    assert!(error.to_string().starts_with("listen.metrics: "), "{error}");
    let rig = Rig::start_with(server, options);
    rig.until("it is posted", |rig| rig.alerter.last(LOOPING) == Some(Word::Live)).await;
}

/// The name of the metric whose type this line tells, as its samples have it.
fn family(line: &str) -> Option<String> {
    let (name, kind) = line.strip_prefix("# TYPE ")?.split_once(' ')?;
    let suffix = match kind {
        "counter" => "_total",
        "info" => "_info",
        _ => "",
    };
    Some(format!("{name}{suffix}"))
}

#[tokio::test(start_paused = true)]
async fn a_denied_kind_is_named_and_the_rest_runs() {
    let server = ApiServer::default();
    server.deny("leases");
    server.apply(&looping());
    let rig = Rig::start(server);
    rig.until("the rest is seen", |rig| !rig.handle.report().issues.is_empty()).await;
    let unseen = rig.handle.report().unseen;
    assert_eq!(unseen.len(), 1);
    assert_eq!(unseen[0].check, codes::NODE_UNREACHABLE);
    assert_eq!(unseen[0].reason, "not allowed to watch leases.coordination.k8s.io");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_resolved_by_a_monitor_that_starts_anew() {
    let server = ApiServer::default();
    server.apply(&looping());
    let first = Rig::start(server.clone());
    first.until("it is posted", |rig| rig.alerter.last(LOOPING) == Some(Word::Live)).await;
    first.environment.tasks().end().await;
    let second = Rig::start(server);
    second.until("it is posted again", |rig| rig.alerter.last(LOOPING) == Some(Word::Live)).await;
    let since = |rig: &Rig| rig.handle.report().issues[0].since;
    assert_eq!(since(&first), since(&second));
}

#[tokio::test(start_paused = true)]
async fn a_check_can_be_switched_off_while_it_runs() {
    let server = ApiServer::default();
    server.apply(&looping());
    let rig = Rig::start(server);
    rig.until("it is posted", |rig| rig.alerter.last(LOOPING) == Some(Word::Live)).await;
    let mut checks = Checks::default();
    checks.pod_crash_loop_back_off.enabled = false;
    rig.handle.reconfigure(checks);
    rig.until("it ends", |rig| rig.alerter.last(LOOPING) == Some(Word::Over(Resolution::CheckDisabled)))
        .await;
}

#[tokio::test(start_paused = true)]
async fn thresholds_that_are_changed_in_the_file_are_in_force() {
    let head = "apiVersion: config.seaworthy.dev/v1alpha1\nkind: MonitorConfig\n";
    let path = std::env::temp_dir().join(format!("seaworthy-monitor-{}.yaml", std::process::id()));
    let write = |checks: &str| std::fs::write(&path, format!("{head}{checks}")).expect("it can be written");
    let in_force =
        |metrics: &str| metrics.contains("seaworthy_config_last_reload_successful{service=\"monitor\"} 1\n");
    write("");
    let server = ApiServer::default();
    server.apply(&looping());
    let rig = Rig::start_with(server, Options { file: Some(path.clone()), ..Options::default() });
    rig.until("it is posted", |rig| rig.alerter.last(LOOPING) == Some(Word::Live)).await;
    let hash = |metrics: &str| {
        let found = metrics.lines().find(|line| line.starts_with("seaworthy_config_in_force{"));
        found.expect("it is there").to_owned()
    };
    let before = hash(&rig.ask("/metrics").await.1);
    write("checks: {PodCrashLoopBackof: {enabled: false}}\n");
    while in_force(&rig.ask("/metrics").await.1) {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(rig.alerter.last(LOOPING), Some(Word::Live));
    write("checks: {PodCrashLoopBackOff: {enabled: false}}\n");
    rig.until("it ends", |rig| rig.alerter.last(LOOPING) == Some(Word::Over(Resolution::CheckDisabled)))
        .await;
    let metrics = rig.ask("/metrics").await.1;
    assert!(in_force(&metrics) && hash(&metrics) != before);
    std::fs::remove_file(path).expect("it is there");
}

#[tokio::test(start_paused = true)]
async fn one_look_sees_what_is_wrong_now() {
    let server = ApiServer::default();
    server.deny("leases");
    for fixture in [looping(), service("web").selector("app", "web"), pod("starting").ready("False", 1)] {
        server.apply(&fixture);
    }
    let environment = Environment::test(7);
    let mut listed = Vec::new();
    let progress = |progress| {
        if let Progress::Listed { kind, objects } = progress {
            listed.push((kind, objects));
        }
    };
    let report =
        check(server.client(), &environment, PassOptions::default(), progress).await.expect("it sees");
    let found: Vec<String> = report.issues.iter().map(|issue| issue.key().to_string()).collect();
    assert_eq!(found, [LOOPING, "Service/shop/web ServiceNoReadyEndpoints"]);
    assert_eq!((report.summary.pending, report.unseen.len()), (1, 1));
    assert_eq!(listed.len(), 9);
    assert!(listed.contains(&(crate::Kind::Pod, 2)));
}

#[tokio::test(start_paused = true)]
async fn one_look_that_sees_nothing_is_an_error() {
    let server = ApiServer::default();
    for resource in [
        "pods",
        "nodes",
        "leases",
        "deployments",
        "replicasets",
        "statefulsets",
        "daemonsets",
        "jobs",
        "services",
        "endpointslices",
    ] {
        server.deny(resource);
    }
    let environment = Environment::test(7);
    let error = check(server.client(), &environment, PassOptions::default(), |_| ()).await.unwrap_err();
    assert!(error.to_string().contains("not allowed to watch"), "{error}");
}
