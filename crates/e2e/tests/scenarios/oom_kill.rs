//! Scenario 4. A container is killed for its memory: the evidence holds the limit and the exit code.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::installation::{Installation, Options};
use e2e::scenario::Stage;
use e2e::simulated::Simulated;
use e2e::workload::Workload;
use model::codes::POD_OOM_KILLED;

const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) async fn run(stage: &Stage, installation: &Installation) -> Result<()> {
    let namespace = stage.namespace.as_str();
    Workload::hungry(namespace, "cruncher").create(&stage.cluster).await?;
    let alert = installation.alert(namespace, POD_OOM_KILLED, PATIENCE).await?;
    let annotations = alert["annotations"].to_string();
    for fact in ["137", "32Mi", "main"] {
        ensure!(annotations.contains(fact), "the evidence holds {fact:?}: {annotations}");
    }
    installation.firing_message(namespace, PATIENCE).await?;
    // No policy speaks of it: nothing is done.
    ensure!(stage.effects()?.is_empty(), "nothing is done about it");
    Ok(())
}

pub(crate) async fn simulated(name: &'static str) -> Result<Simulated> {
    let simulated = Simulated::set(name, Options::default()).await?;
    let (cluster, namespace) = (&simulated.cluster, simulated.namespace.as_str());
    Workload::hungry(namespace, "cruncher").create(cluster).await?;
    simulated.told("firing", PATIENCE).await?;
    Ok(simulated)
}
