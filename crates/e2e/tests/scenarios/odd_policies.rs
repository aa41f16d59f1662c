//! Policies that say nothing, and two that speak of the same: the first match nothing and say so in
//! their status, of the second the more cautious is used and both say so.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::eventually;
use e2e::installation::{Installation, Options};
use e2e::scenario::Stage;
use e2e::simulated::Simulated;
use e2e::workload::{self, Workload};
use model::Lineage;
use model::codes::POD_RUNNING_NOT_READY;
use model::policy::{Condition, HealingPolicy};
use model::remediation::Phase;
use serde_json::{Value, json};

use crate::policies::evict_when_not_ready;

const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) async fn run(stage: &Stage, installation: &Installation) -> Result<()> {
    let (cluster, namespace) = (&stage.cluster, stage.namespace.as_str());
    for (name, selects, field) in empty(namespace) {
        let name = stage.policy_named(name, with(namespace, selects)).await?;
        let refused = condition(stage, &name, "Accepted", "False").await?;
        ensure!(refused.reason == "EmptyMeansNothing" && refused.message.contains(field), "{refused:?}");
    }

    // Enforce, and beside it Observe for the same: the more cautious is used.
    let enforces = stage.policy_named("enforces", evict_when_not_ready(namespace)).await?;
    let mut observe = evict_when_not_ready(namespace);
    observe["mode"] = json!("Observe");
    let observes = stage.policy_named("observes", observe).await?;
    for name in [&enforces, &observes] {
        condition(stage, name, "Accepted", "True").await?;
    }
    Workload::serving(namespace, "web").replicas(2).create(cluster).await?;
    let pods = cluster.ready_pods(namespace, "web", 2).await?;
    workload::deadlock(&stage.bed, &pods[0]).await?;
    let lineage = Lineage::namespaced("Deployment", namespace, "web");
    cluster.reaches(&lineage, POD_RUNNING_NOT_READY, Phase::Observed, PATIENCE).await?;
    for (name, other) in [(&enforces, &observes), (&observes, &enforces)] {
        let overlap = condition(stage, name, "Unambiguous", "False").await?;
        ensure!(overlap.message.contains(other.as_str()), "it names the other: {overlap:?}");
    }
    installation.firing_message(namespace, PATIENCE).await?;
    ensure!(stage.effects()?.is_empty(), "nothing is done");
    Ok(())
}

pub(crate) async fn simulated(name: &'static str) -> Result<Simulated> {
    let simulated = Simulated::set(name, Options::default()).await?;
    let (cluster, namespace) = (&simulated.cluster, simulated.namespace.as_str());
    for (name, selects, _) in empty(namespace) {
        cluster.policy(name, with(namespace, selects)).await?;
    }
    let mut observe = evict_when_not_ready(namespace);
    observe["mode"] = json!("Observe");
    cluster.policy("enforces", evict_when_not_ready(namespace)).await?;
    cluster.policy("observes", observe).await?;
    for name in ["enforces", "observes"] {
        cluster.policy_accepted(name).await?;
    }
    Workload::serving(namespace, "web").replicas(2).create(cluster).await?;
    let pods = cluster.ready_pods(namespace, "web", 2).await?;
    simulated.deadlock(&pods[0])?;
    let lineage = Lineage::namespaced("Deployment", namespace, "web");
    cluster.reaches(&lineage, POD_RUNNING_NOT_READY, Phase::Observed, PATIENCE).await?;
    simulated.told("firing", PATIENCE).await?;
    Ok(simulated)
}

/// Policies that select nothing by saying nothing: name, selection, and the field that is empty.
fn empty(namespace: &str) -> [(&'static str, Value, &'static str); 3] {
    [
        ("no-codes", json!({"codes": [], "namespaces": [namespace]}), "codes"),
        ("no-namespaces", json!({"codes": [POD_RUNNING_NOT_READY], "namespaces": []}), "namespaces"),
        (
            "empty-selector",
            json!({"codes": [POD_RUNNING_NOT_READY], "namespaces": [namespace], "selector": {}}),
            "selector",
        ),
    ]
}

fn with(namespace: &str, selects: Value) -> Value {
    let mut policy = evict_when_not_ready(namespace);
    policy["match"] = selects;
    policy
}

/// Waits until the healer says so of a policy.
async fn condition(stage: &Stage, policy: &str, kind: &str, status: &str) -> Result<Condition> {
    eventually(&format!("{policy} is {kind}: {status}"), PATIENCE, || async {
        let found = stage.cluster.own::<HealingPolicy>().get(policy).await?;
        let conditions = found.status.unwrap_or_default().conditions;
        let condition = conditions.into_iter().find(|condition| condition.kind == kind);
        let condition = condition.context("nothing is said of it yet")?;
        ensure!(condition.status == status, "{condition:?}");
        Ok(condition)
    })
    .await
}
