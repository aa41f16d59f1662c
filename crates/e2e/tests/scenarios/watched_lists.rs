//! `issues -w` and `remediations -w`: somebody who watches both sees something break, what is done
//! about it, and that it is over.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::child::Child;
use e2e::eventually;
use e2e::installation::Installation;
use e2e::scenario::Stage;
use e2e::workload::{self, Workload};
use model::Lineage;
use model::codes::POD_RUNNING_NOT_READY;
use model::remediation::Phase;

use crate::policies::evict_when_approved;

const PATIENCE: Duration = Duration::from_mins(2);

pub(crate) async fn run(stage: &Stage, installation: &Installation) -> Result<()> {
    let (cluster, namespace) = (&stage.cluster, stage.namespace.as_str());
    stage.policy(evict_when_approved(namespace)).await?;
    Workload::serving(namespace, "web").replicas(2).create(cluster).await?;
    let hangs = cluster.ready_pods(namespace, "web", 2).await?.remove(0);
    let monitor = installation.monitor_url();
    let mut issues = watch(stage, installation, &["issues", "--monitor", &monitor])?;
    let mut remediations = watch(stage, installation, &["remediations"])?;
    told(&issues, "there is nothing", &["nothing is wrong"]).await?;
    told(&remediations, "there is nothing", &["no remediations"]).await?;

    workload::deadlock(&stage.bed, &hangs).await?;
    let web = Lineage::namespaced("Deployment", namespace, "web");
    let lineage = web.to_string();
    told(&issues, "it breaks", &[&lineage, POD_RUNNING_NOT_READY]).await?;
    told(&remediations, "a person is asked", &[&lineage, "AwaitingApproval"]).await?;
    let waiting = cluster.reaches(&web, POD_RUNNING_NOT_READY, Phase::AwaitingApproval, PATIENCE).await?;
    let name = waiting.metadata.name.unwrap_or_default();
    installation.program(&["remediations", "approve", &name]).await?;
    told(&remediations, "it is healed", &[&name, "Succeeded"]).await?;
    told(&issues, "it is over", &[&lineage, "over"]).await?;
    for watching in [&mut issues, &mut remediations] {
        watching.ensure_running()?;
        watching.kill().await?;
    }
    Ok(())
}

/// A command that goes on, about the scenario's namespace.
fn watch(stage: &Stage, installation: &Installation, words: &[&str]) -> Result<Child> {
    let name = format!("{}-watched", words[0]);
    let log = installation.folder().join(format!("{name}.log"));
    Child::start(&name, &stage.bed.program, &log, |command| {
        command
            .args(words)
            .args(["--watch", "--namespace", &stage.namespace])
            .env("KUBECONFIG", &stage.bed.kubeconfig)
            .env("SEAWORTHY_IDENTITY", installation.certificates().join("operator"));
    })
}

/// Waits until one line has all of these words.
async fn told(watching: &Child, what: &str, words: &[&str]) -> Result<()> {
    eventually(what, PATIENCE, || async {
        let said = watching.said();
        let line = said.lines().any(|line| words.iter().all(|word| line.contains(word)));
        ensure!(line, "no line has {words:?}:\n{said}");
        Ok(())
    })
    .await
}
