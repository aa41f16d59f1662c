//! Scenario 9. The API server restarts during a heal, and the watches' history is lost (410 Gone):
//! monitor and healer converge, and nothing happens twice.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::installation::{Installation, Options};
use e2e::scenario::Stage;
use e2e::simulated::Simulated;
use e2e::workload::{self, Workload};
use e2e::{audit, eventually};
use model::Lineage;
use model::codes::POD_RUNNING_NOT_READY;
use model::remediation::Phase;

use crate::policies::evict_when_not_ready;

const PATIENCE: Duration = Duration::from_mins(2);

pub(crate) async fn run(stage: &Stage) -> Result<()> {
    let (cluster, namespace) = (&stage.cluster, stage.namespace.as_str());
    let mut installation =
        Installation::start(&stage.suite, "api-server-restarted", Options::default()).await?;
    stage.policy(evict_when_not_ready(namespace)).await?;
    for name in ["web", "shop"] {
        Workload::serving(namespace, name).replicas(2).create(cluster).await?;
    }
    let web = cluster.ready_pods(namespace, "web", 2).await?;
    let shop = cluster.ready_pods(namespace, "shop", 2).await?;
    let lineage = |name: &str| Lineage::namespaced("Deployment", namespace, name);

    // In the middle of a heal: the eviction is answered, its success not yet verified.
    workload::deadlock(&stage.bed, &web[0]).await?;
    eventually("the eviction", PATIENCE, || async {
        ensure!(stage.effects()?.len() == 1, "no effect so far");
        Ok(())
    })
    .await?;
    installation.restart_api_server(true).await?;
    cluster.reaches(&lineage("web"), POD_RUNNING_NOT_READY, Phase::Succeeded, PATIENCE).await?;

    // What breaks after it is seen by watches that began anew.
    workload::deadlock(&stage.bed, &shop[0]).await?;
    cluster.reaches(&lineage("shop"), POD_RUNNING_NOT_READY, Phase::Succeeded, PATIENCE).await?;
    for name in ["web", "shop"] {
        cluster.ready_pods(namespace, name, 2).await?;
        let all = cluster.remediations(&lineage(name)).await?;
        ensure!(all.len() == 1, "one remediation of {name}, not {}", all.len());
    }
    let effects = stage.effects()?;
    ensure!(effects.len() == 2, "one effect for each, not these:{}", audit::told(&effects));
    eventually("a message that each is over", PATIENCE, || async {
        let messages = installation.messages_about(namespace)?;
        let resolved = messages.iter().filter(|(_, message)| message.status == "resolved").count();
        ensure!(resolved == 2, "{resolved} resolved messages");
        Ok(())
    })
    .await?;
    stage.settle().await?;
    installation.finish().await?;
    workload::run_on_every_node(stage).await
}

pub(crate) async fn simulated(name: &'static str) -> Result<Simulated> {
    let simulated = Simulated::set(name, Options::default()).await?;
    let (cluster, namespace) = (&simulated.cluster, simulated.namespace.as_str());
    simulated.policy(evict_when_not_ready(namespace)).await?;
    for name in ["web", "shop"] {
        Workload::serving(namespace, name).replicas(2).create(cluster).await?;
    }
    let web = cluster.ready_pods(namespace, "web", 2).await?;
    let shop = cluster.ready_pods(namespace, "shop", 2).await?;
    let lineage = |name: &str| Lineage::namespaced("Deployment", namespace, name);
    simulated.deadlock(&web[0])?;
    cluster.reaches(&lineage("web"), POD_RUNNING_NOT_READY, Phase::Verifying, PATIENCE).await?;
    simulated.restart_api_server().await;
    cluster.reaches(&lineage("web"), POD_RUNNING_NOT_READY, Phase::Succeeded, PATIENCE).await?;
    simulated.deadlock(&shop[0])?;
    cluster.reaches(&lineage("shop"), POD_RUNNING_NOT_READY, Phase::Succeeded, PATIENCE).await?;
    Ok(simulated)
}
