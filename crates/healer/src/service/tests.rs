//! The service from end to end: a small API server, virtual time, one healer or two.

mod api_server;
mod metrics;
mod reload;

use bytes::Bytes;
use environment::Drain;
use model::alert::{self, PostableAlert};
use model::brake::{Brake, BrakeSpec};
use model::issue::{Issue, Resolution};
use model::policy::{HealingPolicy, Mode};
use net::apiv2::INCARNATION;
use net::http::{Client, Endpoint};
use serde_json::{Value, json};

use super::*;
use crate::machine::tests_support::{issue, node_issue, policy};

use api_server::ApiServer;

/// A cluster with Deployment web, of whose three pods one is not ready, a policy to evict it, and
/// a Brake that holds nobody.
pub(super) fn cluster() -> ApiServer {
    let server = ApiServer::default();
    for name in ["n1", "n2", "n3"] {
        server.apply(
            "nodes",
            json!({
                "metadata": {"name": name, "uid": format!("u-{name}")},
                "status": {"conditions": [{"type": "Ready", "status": "True"}]},
            }),
        );
    }
    server.apply("namespaces", json!({"metadata": {"name": "shop", "uid": "u-shop"}}));
    let owner = |kind: &str, name: &str, uid: &str| json!([{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid, "controller": true}]);
    let workload = |name: &str, uid: &str, owners: Value| {
        json!({
            "metadata": {"name": name, "namespace": "shop", "uid": uid, "ownerReferences": owners},
            "spec": {"replicas": 3}, "status": {"replicas": 3, "readyReplicas": 2, "updatedReplicas": 3},
        })
    };
    server.apply("deployments", workload("web", "d-1", json!([])));
    server.apply("replicasets", workload("web-5d8", "r-1", owner("Deployment", "web", "d-1")));
    server.apply(
        "pods",
        json!({
            "metadata": {
                "name": "web-1", "namespace": "shop", "uid": "p-1", "labels": {"pod-template-hash": "5d8"},
                "ownerReferences": owner("ReplicaSet", "web-5d8", "r-1"),
            },
            "spec": {"nodeName": "n1"},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]},
        }),
    );
    let brake = Brake::new("cluster", BrakeSpec { paused: false, reason: String::new(), until: None });
    server.apply("brakes", serde_json::to_value(brake).expect("plain data"));
    server.apply("healingpolicies", enforced());
    server
}

fn enforced() -> Value {
    let policy = HealingPolicy::new("policy", policy(Mode::Enforce).spec);
    serde_json::to_value(policy).expect("plain data")
}

/// A healer of this name that tells `alerters`.
async fn healer(
    server: &ApiServer,
    mut options: Options,
    alerters: Vec<Teller>,
    name: &str,
    environment: &Environment,
) -> Service {
    options.config.leader.namespace = "seaworthy".to_owned();
    options.config.leader.identity = name.to_owned();
    (options.version, options.incarnation) = ("test", name.to_owned());
    let transports =
        Transports { client: server.client(), default_namespace: String::new(), tls: None, alerters };
    Service::new(options, environment.clone(), transports).await.expect("it is valid")
}

/// A healer on a server.
struct Rig {
    handle: Handle,
    api: Router,
    metrics: Router,
    environment: Environment,
    drain: Option<Drain>,
    ended: tokio::sync::oneshot::Receiver<Result<(), Error>>,
}

impl Rig {
    async fn start(server: &ApiServer, name: &str, seed: u64) -> Self {
        Self::start_with(server, HealerConfig::default(), name, seed).await
    }

    async fn start_with(server: &ApiServer, config: HealerConfig, name: &str, seed: u64) -> Self {
        let options = Options { config, ..Options::default() };
        Self::start_telling(server, options, Vec::new(), name, seed).await
    }

    /// One that tells `alerters`, each over a router that plays it.
    async fn start_telling(
        server: &ApiServer,
        options: Options,
        alerters: Vec<Router>,
        name: &str,
        seed: u64,
    ) -> Self {
        let environment = Environment::test(seed);
        let teller = |router| {
            let endpoint = Endpoint::new("http://alerter", Client::to_router(router, None));
            Teller::new(&environment, endpoint.expect("a url"))
        };
        let alerters = alerters.into_iter().map(teller).collect();
        let service = healer(server, options, alerters, name, &environment).await;
        let (handle, api, metrics) = (service.handle(), service.router(), service.metrics_router());
        let (drain, drained) = environment::drain();
        let (end, ended) = tokio::sync::oneshot::channel();
        environment.spawn("healer", async move { drop(end.send(service.work(drained).await)) });
        Self { handle, api, metrics, environment, drain: Some(drain), ended }
    }

    fn firing(&self, issue: &Issue) -> PostableAlert {
        alert::firing(issue, "c1", self.environment.now())
    }

    /// Posts over the API, as somebody whose certificate names `caller`. Gives the status, and
    /// which process answered.
    async fn post(&self, caller: Option<Identity>, alert: &PostableAlert) -> (u16, Option<String>) {
        let body = serde_json::to_vec(&[alert]).expect("plain data");
        let request = ::http::Request::post("http://healer/api/v2/alerts")
            .header("content-type", "application/json")
            .body(Bytes::from(body))
            .expect("a request");
        let client = Client::to_router(self.api.clone(), caller);
        let answer = client.send(request, Duration::from_secs(1)).await.expect("a router answers");
        let process = answer.headers().get(INCARNATION).and_then(|process| process.to_str().ok());
        (answer.status().as_u16(), process.map(str::to_owned))
    }
}

async fn get(router: &Router, caller: Option<Identity>, path: &str) -> String {
    let request = ::http::Request::get(path).body(Bytes::new()).expect("a request");
    let client = Client::to_router(router.clone(), caller);
    let answer = client.send(request, Duration::from_secs(1)).await.expect("a router answers");
    String::from_utf8_lossy(answer.body()).into_owned()
}

/// Waits, in virtual time, until something is so; the monitor goes on posting meanwhile.
async fn until(
    what: &str,
    rigs: &[&Rig],
    told: Option<&Issue>,
    server: &ApiServer,
    is_so: impl Fn() -> bool,
) {
    for turn in 0..6_000 {
        if is_so() {
            return;
        }
        if let Some(issue) = told.filter(|_| turn % 600 == 0) {
            for rig in rigs {
                rig.handle.receive(&[rig.firing(issue)]);
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never: {what}; {:#?}", server.all("remediations"));
}

fn phases(server: &ApiServer) -> Vec<String> {
    let phase = |one: &Value| one["status"]["phase"].as_str().unwrap_or_default().to_owned();
    server.all("remediations").iter().map(phase).collect()
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_is_not_ready_is_evicted_and_seen_healthy() {
    let server = cluster();
    let rig = Rig::start(&server, "a", 1).await;
    until("it is evicted", &[&rig], Some(&issue()), &server, || server.evictions().len() == 1).await;
    assert_eq!(server.evictions()[0]["deleteOptions"]["preconditions"]["uid"], "p-1");
    until("it is verified", &[&rig], Some(&issue()), &server, || phases(&server) == ["Verifying"]).await;
    let healthy = alert::resolved(&issue(), "c1", Resolution::Healthy, rig.environment.now());
    rig.handle.receive(&[healthy]);
    until("it succeeds", &[&rig], None, &server, || phases(&server) == ["Succeeded"]).await;
    let made = &server.all("remediations")[0];
    assert_eq!(made["status"]["attempts"][0]["result"], "Helped");
    let notes: Vec<Value> = server.all("events").iter().map(|event| event["reason"].clone()).collect();
    assert!(notes.contains(&json!("Acting")) && notes.contains(&json!("Succeeded")), "{notes:?}");
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert_eq!((server.evictions().len(), phases(&server).len()), (1, 1), "and that is all");
}

/// The requests of a healer from its start until a repair is over and its lease given back.
fn trace(seed: u64) -> Vec<(Duration, String)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("it starts").block_on(async {
        let server = cluster();
        let mut rig = Rig::start(&server, "a", seed).await;
        until("it is evicted", &[&rig], Some(&issue()), &server, || server.evictions().len() == 1).await;
        rig.handle.receive(&[alert::resolved(&issue(), "c1", Resolution::Healthy, rig.environment.now())]);
        until("it succeeds", &[&rig], None, &server, || phases(&server) == ["Succeeded"]).await;
        tokio::time::sleep(Duration::from_mins(10)).await;
        rig.drain.take().expect("it was not asked to stop").start();
        rig.ended.await.expect("it ends").expect("in order");
        rig.environment.tasks().end().await;
        server.trace()
    })
}

#[test]
fn one_seed_gives_one_trace() {
    let first = trace(1);
    assert!(first.len() > 100, "{first:#?}");
    for _ in 0..5 {
        assert_eq!(trace(1), first);
    }
    assert_ne!(trace(2), first);
}

#[tokio::test(start_paused = true)]
async fn issues_are_taken_from_the_monitor_alone() {
    let server = cluster();
    let rig = Rig::start(&server, "a", 1).await;
    let told = rig.firing(&issue());
    for caller in [None, Some(Identity::alerter()), Some(Identity::operator()), Some(Identity::healer())] {
        assert_eq!(rig.post(caller.clone(), &told).await.0, 403, "{caller:?}");
    }
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert!(server.all("remediations").is_empty());
    assert_eq!(rig.post(Some(Identity::monitor()), &told).await, (200, Some("a".to_owned())));
    until("it is evicted", &[&rig], None, &server, || server.evictions().len() == 1).await;
}

#[tokio::test(start_paused = true)]
async fn of_two_one_acts_and_the_other_goes_on() {
    let server = cluster();
    let mut first = Rig::start(&server, "a", 1).await;
    until("it leads", &[&first], None, &server, || first.handle.leads()).await;
    let second = Rig::start(&server, "b", 2).await;
    until("it is ready", &[], None, &server, || second.handle.is_ready()).await;
    let status = get(&second.api, Some(Identity::operator()), "/api/v1/status").await;
    let status: Value = serde_json::from_str(&status).expect("it is JSON");
    assert_eq!(status["policies"][0]["name"], "policy", "who stands by knows them, too");
    let told = issue();
    until("it is evicted", &[&first, &second], Some(&told), &server, || server.evictions().len() == 1).await;
    assert!(!second.handle.leads());
    first.drain.take().expect("it was not asked to stop").start();
    first.ended.await.expect("it ends").expect("in order");
    until("the other leads", &[&second], Some(&told), &server, || second.handle.leads()).await;
    let healthy = alert::resolved(&told, "c1", Resolution::Healthy, second.environment.now());
    second.handle.receive(&[healthy]);
    until("the other finishes it", &[], None, &server, || phases(&server) == ["Succeeded"]).await;
    assert_eq!(server.evictions().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn told_to_stop_it_writes_down_what_it_began_before_it_gives_the_lease_back() {
    let server = cluster();
    server.slow_evictions(Duration::from_secs(2));
    let mut rig = Rig::start(&server, "a", 1).await;
    until("it is evicted", &[&rig], Some(&issue()), &server, || server.evictions().len() == 1).await;
    let holder = || server.all("leases")[0]["spec"]["holderIdentity"].clone();
    rig.drain.take().expect("it was not asked to stop").start();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!((phases(&server), holder()), (vec!["Acting".to_owned()], json!("a_a")));
    rig.ended.await.expect("it ends").expect("in order");
    let remediation = &server.all("remediations")[0];
    let part = &remediation["status"]["attempts"][0]["parts"][0];
    assert_eq!(part["state"], "Happened", "what was answered is not written down: {remediation:#}");
    assert_eq!(holder(), Value::Null);
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_takes_no_events_does_not_slow_a_repair_down() {
    let server = cluster();
    server.keep_events_waiting();
    let rig = Rig::start(&server, "a", 1).await;
    until("it leads", &[&rig], None, &server, || rig.handle.leads()).await;
    rig.handle.receive(&[rig.firing(&issue())]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(server.evictions().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn it_listens_only_where_it_is_run_with_its_addresses() {
    let server = cluster();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let mut options = Options::default();
    options.config.listen.metrics = taken.local_addr().expect("it has one");
    let environment = Environment::test(1);
    let service = healer(&server, options.clone(), Vec::new(), "a", &environment).await;
    let error = service.run(Drained::never()).await.expect_err("somebody listens there");
    assert!(error.to_string().starts_with("listen.metrics: "), "{error}");
    let rig = Rig::start_with(&server, options.config, "b", 2).await;
    until("it leads", &[&rig], None, &server, || rig.handle.leads()).await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_done_while_a_policy_cannot_be_read() {
    let server = cluster();
    let mut damaged = enforced();
    damaged["metadata"]["name"] = "other".into();
    damaged["spec"]["mode"] = "Newer".into();
    server.apply("healingpolicies", damaged.clone());
    let rig = Rig::start(&server, "a", 1).await;
    until("it is ready", &[&rig], None, &server, || rig.handle.is_ready() && rig.handle.leads()).await;
    rig.handle.receive(&[rig.firing(&issue())]);
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!((server.evictions().len(), server.all("remediations").len()), (0, 0));
    damaged["spec"]["mode"] = "Observe".into();
    damaged["spec"]["match"]["codes"] = json!(["NodeNotReady"]);
    server.apply("healingpolicies", damaged);
    until("it is evicted", &[&rig], Some(&issue()), &server, || server.evictions().len() == 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_was_taken_back_unheard_is_not_acted_on() {
    let server = cluster();
    let rig = Rig::start(&server, "a", 1).await;
    until("it is ready", &[&rig], None, &server, || rig.handle.is_ready() && rig.handle.leads()).await;
    server.remove_unheard("healingpolicies", "policy");
    until("it is taken up", &[&rig], Some(&issue()), &server, || phases(&server) == ["Cancelled"]).await;
    assert_eq!(server.evictions().len(), 0);
}

/// The watch tells of it between the making of the book and the last look: what was read then is no news.
#[tokio::test(start_paused = true)]
async fn a_policy_that_is_taken_back_in_the_last_moment_is_not_acted_on() {
    let server = cluster();
    let mut observes = enforced();
    observes["spec"]["mode"] = "Observe".into();
    server.change_when_read(observes);
    let rig = Rig::start(&server, "a", 1).await;
    let ended = || phases(&server).iter().any(|phase| phase == "Cancelled");
    until("it is taken up", &[&rig], Some(&issue()), &server, ended).await;
    assert_eq!(server.evictions().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn without_its_resources_it_says_how_to_install_them() {
    let server = cluster();
    server.uninstall("healingpolicies");
    let rig = Rig::start(&server, "a", 1).await;
    let error = rig.ended.await.expect("it ends").expect_err("it cannot run").to_string();
    assert!(error.contains("seaworthy crds"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_policy_file_that_changes_is_in_force_soon_and_a_damaged_one_is_not() {
    let server = cluster();
    server.remove("healingpolicies", "policy");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("policies.yaml");
    let write = |policy: &Value| std::fs::write(&file, policy.to_string()).expect("it can be written");
    let mut observed = enforced();
    observed["spec"]["mode"] = "Observe".into();
    write(&observed);
    let config = HealerConfig { policies: vec![file.clone()], ..HealerConfig::default() };
    let rig = Rig::start_with(&server, config, "a", 1).await;
    until("it is observed", &[&rig], Some(&issue()), &server, || phases(&server) == ["Observed"]).await;
    std::fs::write(&file, "kind: Nonsense").expect("it can be written");
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(server.evictions().len(), 0);
    write(&enforced());
    until("it is evicted", &[&rig], Some(&issue()), &server, || server.evictions().len() == 1).await;
}

#[tokio::test(start_paused = true)]
async fn marks_whose_remediation_is_gone_are_taken_off_and_those_of_nobody_are_told() {
    let server = cluster();
    let gone = model::remediation::name(&node_issue().key(), 3);
    let marked = |name: &str, by: &str| {
        let mut node = server
            .all("nodes")
            .into_iter()
            .find(|node| node["metadata"]["name"] == name)
            .expect("it is there");
        node["metadata"]["annotations"] = json!({"seaworthy.dev/quarantine": by});
        node["spec"]["taints"] = json!([{"key": "seaworthy.dev/quarantine", "effect": "NoSchedule"}, {"key": "own", "effect": "NoSchedule"}]);
        server.apply("nodes", node);
    };
    marked("n1", &gone);
    marked("n2", "r-0-1");
    let rig = Rig::start(&server, "a", 1).await;
    let taints = |name: &str| {
        let node = server
            .all("nodes")
            .into_iter()
            .find(|node| node["metadata"]["name"] == name)
            .expect("it is there");
        node["spec"]["taints"].as_array().map_or(0, Vec::len)
    };
    until("both are found", &[&rig], None, &server, || phases(&server).len() == 2).await;
    assert_eq!((taints("n1"), taints("n2")), (2, 2), "nobody has said yet that they are well");
    tokio::time::sleep(Duration::from_mins(12)).await;
    assert_eq!((taints("n1"), taints("n2")), (1, 2), "{:#?}", server.all("remediations"));
    let mut phases = phases(&server);
    phases.sort();
    assert_eq!(
        phases,
        ["Cancelled", "Escalated"],
        "found once, and a person is told of the one that is not ours"
    );
}
