//! The table of cases in `cases` against a real cluster. What comes of them is held against the table,
//! and then, field by field, against what comes of them in the simulator. Runs inside of a testbed
//! with three real nodes, as a stage of `cargo xtask test real`; elsewhere it says that it was skipped.

mod cases;
mod differences;
mod normal;
mod play;
mod simulated;
mod step;

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use cluster::connect::{Options, connect};
use futures::future::join_all;
use http_body_util::BodyExt;
use kube::client::Body;
use play::{Played, Site};
use serde_json::{Value, json};
use step::Case;

/// How long the server may take with what it does by itself.
const PATIENCE: Duration = Duration::from_mins(1);

/// The testbed around this process.
struct Real {
    client: kube::Client,
    /// The testbed's own program, which takes orders for faults.
    control: String,
}

impl Site for Real {
    async fn send(&self, user: &str, request: http::request::Builder, body: Body) -> http::Response<Body> {
        let request = match user {
            "" => request,
            _ => request
                .header("impersonate-user", user)
                .header("impersonate-group", "system:serviceaccounts")
                .header("impersonate-group", "system:authenticated"),
        };
        self.client.send(request.body(body).expect("a request")).await.expect("answered")
    }

    async fn fault(&self, name: &str, how: &str, begins: bool) {
        let option = if how.contains('=') { "--set" } else { "--node" };
        let mut arguments = vec!["fault", name, option, how];
        if !begins {
            arguments.push("--undo");
        }
        let status = std::process::Command::new(&self.control).args(arguments).status();
        assert!(status.is_ok_and(|status| status.success()), "the testbed refuses {name} with {how}");
    }
}

#[tokio::test]
async fn a_real_cluster_does_as_the_simulator_does() {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let (Some(_), Some(_), Some(control)) =
        (variable("SEAWORTHY_TESTBED"), variable("KUBECONFIG"), variable("SEAWORTHY_E2E_TESTBED"))
    else {
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED a_real_cluster_does_as_the_simulator_does: no testbed here; run it by `cargo xtask test real`"
        );
        return;
    };
    // On virtual time, and so in a thread of its own.
    let simulated = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime").block_on(simulated::play_all())
    });
    let client = connect(&Options::default()).await.expect("the testbed answers").client;
    let real = play_all(&Real { client, control }).await;
    let simulated = simulated.join().expect("the simulator plays to the end");
    let mut found = Vec::new();
    assert_eq!(simulated.len(), real.len(), "the same cases are played in both");
    for (simulated, real) in simulated.iter().zip(&real) {
        found.extend(real.faults.iter().cloned());
        found.extend(differences::between(simulated, real));
    }
    assert!(found.is_empty(), "{} differences:\n{}", found.len(), found.join("\n"));
}

/// Plays all cases: first the calls, one after the other; then what controllers and kubelets do, which
/// takes its time, beside each other.
async fn play_all(site: &Real) -> Vec<Played> {
    for crd in cluster::crds::all() {
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        create(site, path, &serde_json::to_value(&crd).expect("a definition")).await;
    }
    eventually("our resources are served", async || {
        cluster::crds::check_installed(&site.client, PATIENCE).await.is_ok()
    })
    .await;
    let mut all = Vec::new();
    for case in cases::calls() {
        all.push(play_one(site, &case).await);
    }
    settled(site).await;
    let behaviours = cases::behaviours();
    all.extend(join_all(behaviours.iter().map(|case| play_one(site, case))).await);
    all
}

/// Waits until nodes and their controller have got over the restart of the API server that one of the
/// calls is: every kubelet has renewed its Lease since, and every node is well. A node that was given up
/// meanwhile would change what pods and workloads say of themselves.
async fn settled(site: &Real) {
    let before = renewals(site).await;
    eventually("every kubelet has renewed its Lease", async || {
        let now = renewals(site).await;
        before.iter().all(|(name, renewed)| now.get(name).is_some_and(|now| now != renewed))
    })
    .await;
    eventually("every node is well", async || {
        let nodes = items(site, "/api/v1/nodes").await;
        let is_ready = |node: &Value| {
            let mut conditions = node["status"]["conditions"].as_array().into_iter().flatten();
            conditions.any(|own| own["type"] == "Ready" && own["status"] == "True")
        };
        nodes.iter().all(|node| is_ready(node) && node["spec"]["taints"].is_null())
    })
    .await;
}

/// When each kubelet renewed its Lease last, by its node's name.
async fn renewals(site: &Real) -> BTreeMap<String, String> {
    let leases = items(site, "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases").await;
    assert!(!leases.is_empty(), "every node has a Lease");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    leases.iter().map(|own| (text(&own["metadata"]["name"]), text(&own["spec"]["renewTime"]))).collect()
}

async fn items(site: &Real, path: &str) -> Vec<Value> {
    let (code, body) = ask(site, "GET", path, &Value::Null).await;
    assert_eq!(code, 200, "{path}: {body:?}");
    let list: Value = serde_json::from_slice(&body).expect("JSON");
    list["items"].as_array().cloned().unwrap_or_default()
}

/// Plays a case in a namespace of its own.
async fn play_one(site: &Real, case: &Case) -> Played {
    let space =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"generateName": "conformance-"}});
    let made = create(site, "/api/v1/namespaces", &space).await;
    let space = made["metadata"]["name"].as_str().expect("a name").to_owned();
    let account = format!("/api/v1/namespaces/{space}/serviceaccounts/default");
    eventually("the namespace has its account", async || {
        ask(site, "GET", &account, &Value::Null).await.0 == 200
    })
    .await;
    let played = play::play(site, &space, case).await;
    ask(site, "DELETE", &format!("/api/v1/namespaces/{space}"), &Value::Null).await;
    played
}

/// Creates what may be there already.
async fn create(site: &Real, path: &str, object: &Value) -> Value {
    let (code, body) = ask(site, "POST", path, object).await;
    assert!(matches!(code, 201 | 409), "{path} answered {code}: {body:?}");
    serde_json::from_slice(&body).expect("JSON")
}

async fn ask(site: &Real, method: &str, path: &str, object: &Value) -> (u16, Bytes) {
    let body = if object.is_null() { Vec::new() } else { object.to_string().into_bytes() };
    let request =
        http::Request::builder().method(method).uri(path).header("content-type", "application/json");
    let response = site.send("", request, Body::from(body)).await;
    let code = response.status().as_u16();
    (code, response.into_body().collect().await.expect("a whole answer").to_bytes())
}

async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("not in time: {what}"));
}
