//! Remediations are kept for a while, and not for ever: of those that ended, the older ones of a
//! lineage are cleared away once nothing counts them any more.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::eventually;
use e2e::installation::Installation;
use e2e::scenario::Stage;
use e2e::workload::{self, Workload};
use kube::ResourceExt;
use model::Lineage;
use model::codes::POD_RUNNING_NOT_READY;
use model::remediation::Phase;

use crate::policies::evict_when_not_ready;

/// The healer listens for a minute before it believes that what it does not hear of is over.
const PATIENCE: Duration = Duration::from_mins(3);

pub(crate) async fn run(stage: &Stage, installation: &Installation) -> Result<()> {
    let (cluster, namespace) = (&stage.cluster, stage.namespace.as_str());
    // Attempts would be counted against the cap for hours; who only watches makes none.
    let mut policy = evict_when_not_ready(namespace);
    policy["mode"] = "Observe".into();
    stage.policy(policy).await?;
    Workload::serving(namespace, "web").create(cluster).await?;
    let pods = cluster.ready_pods(namespace, "web", 1).await?;
    let lineage = Lineage::namespaced("Deployment", namespace, "web");

    workload::deadlock(&stage.bed, &pods[0]).await?;
    let first = cluster.reaches(&lineage, POD_RUNNING_NOT_READY, Phase::Observed, PATIENCE).await?;
    workload::recover(&stage.bed, &pods[0]).await?;
    eventually("the trouble is over", PATIENCE, || async {
        let alerts = installation.alerts_of(namespace).await?;
        ensure!(alerts.is_empty(), "{} alerts", alerts.len());
        Ok(())
    })
    .await?;

    workload::deadlock(&stage.bed, &pods[0]).await?;
    eventually("the older of two remediations is cleared away", PATIENCE, || async {
        let only = cluster.remediation(&lineage, POD_RUNNING_NOT_READY).await?;
        ensure!(only.name_any() != first.name_any(), "only the first is there");
        Ok(())
    })
    .await?;
    ensure!(stage.effects()?.is_empty(), "nothing else was done");
    Ok(())
}
