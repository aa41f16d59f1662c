//! What the tests share: the testbed's cluster, namespaces of their own, and patience.

use std::io::Write;
use std::time::Duration;

use cluster::connect::{Options, connect};
use environment::Environment;
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use kube::api::{DeleteParams, PostParams};
use tokio::sync::OnceCell;

/// The longest that anything here may take. Real servers on a busy machine are slow, not wrong.
const PATIENCE: Duration = Duration::from_mins(1);

/// A client of the testbed's cluster with our resources installed; `None` outside of a testbed,
/// loudly.
pub(crate) async fn cluster(test: &str) -> Option<kube::Client> {
    if !in_testbed() {
        // Not through the macros, whose output a test that passes does not show.
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED {test}: no testbed here (SEAWORTHY_TESTBED and KUBECONFIG are not set); \
             run it by `cargo xtask testbed exec -- cargo test -p cluster --test real`"
        );
        return None;
    }
    let client = connect(&Options::default()).await.expect("the testbed answers").client;
    install(&client).await;
    Some(client)
}

fn in_testbed() -> bool {
    ["SEAWORTHY_TESTBED", "KUBECONFIG"].iter().all(|name| std::env::var(name).is_ok_and(|v| !v.is_empty()))
}

/// Installs our resources once, whoever comes first.
async fn install(client: &kube::Client) {
    static INSTALLED: OnceCell<()> = OnceCell::const_new();
    INSTALLED
        .get_or_init(async || {
            let api = Api::all(client.clone());
            for crd in cluster::crds::all() {
                match api.create(&PostParams::default(), &crd).await {
                    Ok(_) => {}
                    Err(kube::Error::Api(status)) if status.is_already_exists() => {}
                    Err(error) => panic!("{error}"),
                }
            }
            eventually("our resources are served", async || {
                cluster::crds::check_installed(client, Duration::from_secs(10)).await.ok()
            })
            .await;
        })
        .await;
}

/// Asks until there is an answer.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    within(what, asking).await
}

/// Waits for what must come.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("not in time: {what}"))
}

/// A namespace of a test's own. It is left to be deleted by the server when the test is over.
pub(crate) struct Space {
    pub(crate) name: String,
    client: kube::Client,
}

impl Space {
    pub(crate) async fn new(client: &kube::Client, prefix: &str) -> Self {
        let object = serde_json::from_value(serde_json::json!({
            "metadata": {"generateName": format!("{prefix}-"), "labels": {"seaworthy.test/suite": "cluster"}},
        }));
        let api: Api<Namespace> = Api::all(client.clone());
        let made = api.create(&PostParams::default(), &object.expect("a namespace")).await.expect("made");
        Self { name: made.metadata.name.expect("a name"), client: client.clone() }
    }

    /// Takes it away. A test that fails leaves it, to be looked at.
    pub(crate) async fn remove(self) {
        let api: Api<Namespace> = Api::all(self.client);
        let _ = api.delete(&self.name, &DeleteParams::default()).await;
    }
}

/// An environment on the real clock, with a seed that failures need not name: nothing here
/// depends on it but jitter.
pub(crate) fn environment() -> Environment {
    Environment::real(7)
}
