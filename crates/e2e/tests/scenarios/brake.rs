//! Scenario 10. `pause` stops the next action. A brake that is absent, or that the healer may not
//! read, counts as one that holds.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::cluster::told;
use e2e::installation::{HOOK, Installation, Options, Service};
use e2e::scenario::Stage;
use e2e::simulated::Simulated;
use e2e::workload::{self, Workload};
use e2e::{audit, eventually, rights};
use kube::api::DeleteParams;
use model::Lineage;
use model::brake::{self, Brake};
use model::codes::POD_RUNNING_NOT_READY;
use model::remediation::Phase;
use serde_json::{Value, json};

use crate::policies::evict_when_not_ready;

const PATIENCE: Duration = Duration::from_mins(2);
/// A workload with a policy of its own.
const TIDE: &str = "tide";

pub(crate) async fn run(stage: &Stage) -> Result<()> {
    let mut installation = Installation::start(&stage.suite, "brake", Options::default()).await?;
    let mut policy = evict_when_not_ready(&stage.namespace);
    policy["match"]["selector"] = not_the_tide();
    stage.policy(policy).await?;

    installation.program(&["pause", "--reason", "a change freeze"]).await?;
    let web = held(stage, "web").await?;
    installation.program(&["resume"]).await?;
    healed(stage, &web, 1).await?;

    stage.cluster.own::<Brake>().delete(brake::NAME, &DeleteParams::default()).await?;
    let shop = held(stage, "shop").await?;
    stage.cluster.set_brake(false).await?;
    healed(stage, &shop, 2).await?;

    let withheld = rights::withhold(&stage.cluster, Service::Healer, "brakes").await?;
    let bank = held(stage, "bank").await?;
    withheld.give_back().await?;
    healed(stage, &bank, 3).await?;
    stopped_between_two_attempts(stage, &installation, 3).await?;
    stage.settle().await?;
    installation.terminate().await?;
    installation.receiver.ensure_nothing_twice(HOOK)
}

pub(crate) async fn simulated(name: &'static str) -> Result<Simulated> {
    let simulated = Simulated::set(name, Options::default()).await?;
    let (cluster, namespace) = (&simulated.cluster, simulated.namespace.as_str());
    let mut policy = evict_when_not_ready(namespace);
    policy["match"]["selector"] = not_the_tide();
    simulated.policy(policy).await?;

    cluster.set_brake(true).await?;
    let web = held_simulated(&simulated, "web").await?;
    cluster.set_brake(false).await?;
    cluster.reaches(&web, POD_RUNNING_NOT_READY, Phase::Succeeded, PATIENCE).await?;

    cluster.own::<Brake>().delete(brake::NAME, &DeleteParams::default()).await?;
    let shop = held_simulated(&simulated, "shop").await?;
    cluster.set_brake(false).await?;
    cluster.reaches(&shop, POD_RUNNING_NOT_READY, Phase::Succeeded, PATIENCE).await?;

    let withheld = rights::withhold(cluster, Service::Healer, "brakes").await?;
    let bank = held_simulated(&simulated, "bank").await?;
    withheld.give_back().await?;
    cluster.reaches(&bank, POD_RUNNING_NOT_READY, Phase::Succeeded, PATIENCE).await?;

    cluster.policy("again", twice(namespace)).await?;
    Workload::never_ready(namespace, TIDE).create(cluster).await?;
    let lineage = Lineage::namespaced("Deployment", namespace, TIDE);
    cluster.reaches(&lineage, POD_RUNNING_NOT_READY, Phase::Verifying, PATIENCE).await?;
    cluster.set_brake(true).await?;
    cluster.reaches(&lineage, POD_RUNNING_NOT_READY, Phase::Deferred, PATIENCE).await?;
    cluster.set_brake(false).await?;
    cluster.reaches(&lineage, POD_RUNNING_NOT_READY, Phase::Escalated, PATIENCE).await?;
    Ok(simulated)
}

/// Something breaks, and nothing is done about it.
async fn held_simulated(simulated: &Simulated, name: &str) -> Result<Lineage> {
    let (cluster, namespace) = (&simulated.cluster, simulated.namespace.as_str());
    Workload::serving(namespace, name).replicas(2).create(cluster).await?;
    let pods = cluster.ready_pods(namespace, name, 2).await?;
    simulated.deadlock(&pods[0])?;
    let lineage = Lineage::namespaced("Deployment", namespace, name);
    cluster.reaches(&lineage, POD_RUNNING_NOT_READY, Phase::Deferred, PATIENCE).await?;
    Ok(lineage)
}

fn not_the_tide() -> Value {
    json!({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": [TIDE]}]})
}

/// Two attempts at the tide.
fn twice(namespace: &str) -> Value {
    let mut policy = evict_when_not_ready(namespace);
    policy["match"]["selector"] = json!({"matchLabels": {"app": TIDE}});
    policy["steps"] = json!([{"action": "EvictPod", "timeout": "5s", "attempts": 2}]);
    policy
}

/// What was begun is not taken back; what would be next is not done before it is allowed again.
async fn stopped_between_two_attempts(
    stage: &Stage,
    installation: &Installation,
    before: usize,
) -> Result<()> {
    let (cluster, namespace) = (&stage.cluster, stage.namespace.as_str());
    stage.policy_named("again", twice(namespace)).await?;
    Workload::never_ready(namespace, TIDE).create(cluster).await?;
    let attempted = async |attempts: usize| {
        eventually(&format!("{attempts} attempts"), PATIENCE, || async {
            let effects = stage.effects()?.len() - before;
            ensure!(effects == attempts, "{effects} so far");
            Ok(())
        })
        .await
    };
    attempted(1).await?;
    installation.program(&["pause", "--reason", "enough"]).await?;
    let lineage = Lineage::namespaced("Deployment", namespace, TIDE);
    cluster.held_by(&lineage, POD_RUNNING_NOT_READY, Phase::Deferred, ("Veto", ""), PATIENCE).await?;
    attempted(1).await?;
    installation.program(&["resume"]).await?;
    attempted(2).await?;
    cluster.reaches(&lineage, POD_RUNNING_NOT_READY, Phase::Escalated, PATIENCE).await.map(drop)
}

/// Something breaks, and nothing is done about it.
async fn held(stage: &Stage, name: &str) -> Result<Lineage> {
    let (cluster, namespace) = (&stage.cluster, stage.namespace.as_str());
    let before = stage.effects()?.len();
    Workload::serving(namespace, name).replicas(2).create(cluster).await?;
    let pods = cluster.ready_pods(namespace, name, 2).await?;
    workload::deadlock(&stage.bed, &pods[0]).await?;
    let lineage = Lineage::namespaced("Deployment", namespace, name);
    let veto = ("Veto", "");
    let deferred = cluster.held_by(&lineage, POD_RUNNING_NOT_READY, Phase::Deferred, veto, PATIENCE).await?;
    stage.note(format!("{name}: {}", told(&deferred)));
    let effects = stage.effects()?;
    ensure!(effects.len() == before, "nothing is done:{}", audit::told(&effects));
    Ok(lineage)
}

async fn healed(stage: &Stage, lineage: &Lineage, effects: usize) -> Result<()> {
    stage.cluster.reaches(lineage, POD_RUNNING_NOT_READY, Phase::Succeeded, PATIENCE).await?;
    let all = stage.effects()?;
    ensure!(all.len() == effects, "{effects} effects by now, not these:{}", audit::told(&all));
    Ok(())
}
