//! The table of calls in `cases` against a real API server. Runs inside of a testbed:
//!
//! ```text
//! cargo xtask testbed up && cargo xtask testbed exec -- cargo test -p sim --test conformance-real
//! ```
//!
//! Elsewhere it says that it was skipped.

mod cases;
mod play;
mod step;

use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use cluster::connect::{Options, connect};
use http::Request;
use kube::client::Body;
use serde_json::{Value, json};

/// How long the server may take with what it does by itself.
const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_real_server_answers_as_the_simulator_does() {
    let is_set = |name: &str| std::env::var(name).is_ok_and(|value| !value.is_empty());
    if !(is_set("SEAWORTHY_TESTBED") && is_set("KUBECONFIG")) {
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED a_real_server_answers_as_the_simulator_does: no testbed here; run it by `cargo xtask testbed \
             exec -- cargo test -p sim --test conformance-real`"
        );
        return;
    }
    let client = connect(&Options::default()).await.expect("the testbed answers").client;
    for crd in cluster::crds::all() {
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        create(&client, path, &serde_json::to_value(&crd).expect("a definition")).await;
    }
    eventually("our resources are served", async || {
        cluster::crds::check_installed(&client, PATIENCE).await.is_ok()
    })
    .await;
    for case in cases::all() {
        let space =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"generateName": "conformance-"}});
        let made = create(&client, "/api/v1/namespaces", &space).await;
        let space = made["metadata"]["name"].as_str().expect("a name").to_owned();
        let account = format!("/api/v1/namespaces/{space}/serviceaccounts/default");
        eventually("the namespace has its account", async || {
            play::send(&client, "GET", &account, "", &Value::Null).await.0 == 200
        })
        .await;
        play::play(&client, &space, &case).await;
        let request = Request::delete(format!("/api/v1/namespaces/{space}")).body(Body::empty());
        let _ = client.send(request.expect("a request")).await;
    }
}

/// Creates what may be there already.
async fn create(client: &kube::Client, path: &str, object: &Value) -> Value {
    let (code, body) = play::send(client, "POST", path, "application/json", object).await;
    assert!(matches!(code, 201 | 409), "{path} answered {code}: {body:?}");
    serde_json::from_slice(&Bytes::from(body)).expect("JSON")
}

async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("not in time: {what}"));
}
