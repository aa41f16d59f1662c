//! A monitor that may not watch one kind any more: the checks that need it say so and name the verb,
//! in the running monitor and in one look of `check`; the others go on; and when the right is given
//! back, nobody has to start anything anew.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::bed::end;
use e2e::eventually;
use e2e::installation::{Installation, Options, Service};
use e2e::rights;
use e2e::scenario::Stage;
use e2e::workload::{self, Workload};
use model::Lineage;
use model::codes::{NODE_NOT_READY, POD_CRASH_LOOP_BACK_OFF};
use serde_json::Value;
use tokio::process::Command;

const PATIENCE: Duration = Duration::from_mins(2);
const KIND: &str = "nodes";
const REASON: &str = "not allowed to watch nodes";
/// The exit code of a look that found a warning, whatever it could not see.
const WARNING: i32 = 1;

pub(crate) async fn run(stage: &Stage) -> Result<()> {
    let (cluster, namespace) = (&stage.cluster, stage.namespace.as_str());
    let mut installation = Installation::start(&stage.suite, "denied-watch", Options::default()).await?;
    let withheld = rights::withhold(cluster, Service::Monitor, KIND).await?;
    // A watch that runs already is not asked again for its right.
    installation.restart_api_server(false).await?;
    eventually("the monitor says what it cannot see", PATIENCE, || async {
        only_nodes_are_unseen(&known(stage, &installation).await?)
    })
    .await?;

    Workload::crashing(namespace, "hunt").create(cluster).await?;
    let hunt = Lineage::namespaced("Deployment", namespace, "hunt");
    installation.issue(&hunt, POD_CRASH_LOOP_BACK_OFF, PATIENCE, |_| Ok(())).await?;
    look(stage, &installation).await?;

    withheld.give_back().await?;
    eventually("the monitor sees everything again", PATIENCE, || async {
        let known = known(stage, &installation).await?;
        ensure!(known["unseen"].as_array().is_some_and(Vec::is_empty), "{}", known["unseen"]);
        Ok(())
    })
    .await?;
    // Calls were denied, which is what this was about: the installation is not asked whether there were any.
    installation.terminate().await?;
    workload::run_on_every_node(stage).await
}

/// One look by the monitor's account: what it finds counts, and what it could not see is said.
async fn look(stage: &Stage, installation: &Installation) -> Result<()> {
    let looked = end(Command::new(&stage.bed.program)
        .args(["check", "--output", "json", "--namespace", &stage.namespace, "--config"])
        .arg(installation.monitor_config())
        .arg("--kubeconfig")
        .arg(installation.kubeconfig(Service::Monitor)))
    .await?;
    ensure!(looked.code == Some(WARNING), "{looked:?}");
    only_nodes_are_unseen(&serde_json::from_str(&looked.said)?)
}

fn only_nodes_are_unseen(found: &Value) -> Result<()> {
    let unseen = found["unseen"].as_array().context("a list of what is not seen")?;
    ensure!(unseen.iter().all(|one| one["reason"] == REASON), "{unseen:?}");
    let blind = |check: &str| unseen.iter().any(|one| one["check"] == check);
    ensure!(blind(NODE_NOT_READY) && !blind(POD_CRASH_LOOP_BACK_OFF), "{unseen:?}");
    Ok(())
}

/// What the running monitor knows, and what it says that it cannot see.
async fn known(stage: &Stage, installation: &Installation) -> Result<Value> {
    let ended = end(Command::new(&stage.bed.program)
        .args(["issues", "--output", "json", "--monitor", &installation.monitor_url()])
        .env("SEAWORTHY_IDENTITY", installation.certificates().join("operator")))
    .await?;
    serde_json::from_str(&ended.said).with_context(|| format!("{ended:?}"))
}
