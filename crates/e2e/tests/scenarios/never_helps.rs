//! Scenario 12. An action that never helps: attempts are counted for the lineage, over all pods that
//! replace each other; the cap bites, a person is told, and nothing more is done.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::cluster::told;
use e2e::installation::{Installation, Options};
use e2e::scenario::Stage;
use e2e::simulated::Simulated;
use e2e::workload::{self, Workload};
use e2e::{audit, eventually};
use k8s_openapi::api::core::v1::Pod;
use kube::api::DeleteParams;
use model::Lineage;
use model::codes::POD_RUNNING_NOT_READY;
use model::remediation::Phase;
use serde_json::{Value, json};

use crate::policies::evict_when_not_ready;

const PATIENCE: Duration = Duration::from_secs(150);
/// Fewer than the ladder would take.
const CAP: usize = 2;

pub(crate) async fn run(stage: &Stage, installation: &Installation) -> Result<()> {
    let (cluster, namespace) = (&stage.cluster, stage.namespace.as_str());
    stage.policy(of("web", policy(namespace))).await?;
    stage.policy_named("helps", of("shop", evict_when_not_ready(namespace))).await?;
    Workload::never_ready(namespace, "web").create(cluster).await?;
    let lineage = Lineage::namespaced("Deployment", namespace, "web");

    let escalated = cluster.reaches(&lineage, POD_RUNNING_NOT_READY, Phase::Escalated, PATIENCE).await?;
    let attempts = escalated.status.clone().unwrap_or_default().attempts;
    ensure!(attempts.len() == CAP, "the cap is {CAP}: {}", told(&escalated));
    let targets: BTreeSet<&str> = attempts.iter().map(|attempt| attempt.target.uid.as_str()).collect();
    ensure!(targets.len() == CAP, "each attempt had another pod: {attempts:?}");
    installation.firing_message(namespace, PATIENCE).await?;

    // The trouble goes on with yet another pod, which the monitor reports: no reason to begin anew.
    let pods = cluster.pods(namespace, "web").await?;
    let (_, name) = workload::place(pods.first().context("there is always a pod")?)?;
    cluster.within::<Pod>(namespace).delete(name, &DeleteParams::default()).await?;
    eventually("the issue has the next pod", PATIENCE, || async {
        let alert = installation.alert(namespace, POD_RUNNING_NOT_READY, PATIENCE).await?;
        let pods = cluster.pods(namespace, "web").await?;
        let uid = workload::uid(pods.first().context("no pod at the moment")?);
        ensure!(
            !targets.contains(uid) && alert["annotations"]["members"].to_string().contains(uid),
            "not yet"
        );
        Ok(())
    })
    .await?;
    // Nor does the healer only rest: meanwhile it heals something else.
    Workload::serving(namespace, "shop").replicas(2).create(cluster).await?;
    let shop = cluster.ready_pods(namespace, "shop", 2).await?;
    workload::deadlock(&stage.bed, &shop[0]).await?;
    let other = Lineage::namespaced("Deployment", namespace, "shop");
    cluster.reaches(&other, POD_RUNNING_NOT_READY, Phase::Succeeded, PATIENCE).await?;

    let mut effects = stage.effects()?;
    effects.retain(|effect| effect.object().name.starts_with("web-"));
    ensure!(effects.len() == CAP, "no more than {CAP} effects:{}", audit::told(&effects));
    let remediations = cluster.remediations(&lineage).await?;
    let attempts: usize = remediations
        .iter()
        .filter_map(|remediation| remediation.status.as_ref())
        .map(|s| s.attempts.len())
        .sum();
    ensure!(attempts == CAP, "no more than {CAP} attempts over all remediations, not {attempts}");
    Ok(())
}

pub(crate) async fn simulated(name: &'static str) -> Result<Simulated> {
    let simulated = Simulated::set(name, Options::default()).await?;
    let (cluster, namespace) = (&simulated.cluster, simulated.namespace.as_str());
    simulated.policy(of("web", policy(namespace))).await?;
    cluster.policy("helps", of("shop", evict_when_not_ready(namespace))).await?;
    Workload::never_ready(namespace, "web").create(cluster).await?;
    let lineage = Lineage::namespaced("Deployment", namespace, "web");
    cluster.reaches(&lineage, POD_RUNNING_NOT_READY, Phase::Escalated, PATIENCE).await?;
    simulated.told("firing", PATIENCE).await?;
    let pods = cluster.pods(namespace, "web").await?;
    let (_, name) = workload::place(pods.first().context("there is always a pod")?)?;
    cluster.within::<Pod>(namespace).delete(name, &DeleteParams::default()).await?;
    Workload::serving(namespace, "shop").replicas(2).create(cluster).await?;
    let shop = cluster.ready_pods(namespace, "shop", 2).await?;
    simulated.deadlock(&shop[0])?;
    let other = Lineage::namespaced("Deployment", namespace, "shop");
    cluster.reaches(&other, POD_RUNNING_NOT_READY, Phase::Succeeded, PATIENCE).await?;
    Ok(simulated)
}

/// A policy for one workload.
fn of(app: &str, mut policy: Value) -> Value {
    policy["match"]["selector"] = json!({"matchLabels": {"app": app}});
    policy
}

/// A ladder that is longer than the cap.
fn policy(namespace: &str) -> Value {
    json!({
        "mode": "Enforce",
        "match": {"codes": [POD_RUNNING_NOT_READY], "namespaces": [namespace]},
        "steps": [{"action": "EvictPod", "timeout": "15s", "attempts": 5}],
        "attemptsMax": CAP,
        "healthyFor": "2s",
    })
}
