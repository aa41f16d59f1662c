//! Scenario 3. A rollout to an image that does not exist: the pods' trouble is folded under the
//! rollout's, and one message leaves, not one per pod.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::eventually;
use e2e::installation::{Installation, Options};
use e2e::scenario::Stage;
use e2e::simulated::Simulated;
use e2e::workload::{NO_SUCH_IMAGE, Workload};
use k8s_openapi::api::apps::v1::Deployment;
use model::codes::{POD_IMAGE_PULL_BACK_OFF, WORKLOAD_ROLLOUT_STUCK};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) async fn run(stage: &Stage, installation: &Installation) -> Result<()> {
    let (cluster, namespace) = (&stage.cluster, stage.namespace.as_str());
    Workload::serving(namespace, "web").replicas(3).create(cluster).await?;
    cluster.ready_pods(namespace, "web", 3).await?;

    cluster.change::<Deployment>(namespace, "web", rollout()).await?;

    let stuck = installation.alert(namespace, WORKLOAD_ROLLOUT_STUCK, PATIENCE).await?;
    ensure!(stuck["annotations"]["cause"].is_null(), "nothing explains the rollout: {stuck}");
    let folded = eventually("the pods' trouble is folded under the rollout's", PATIENCE, || async {
        let pods = installation.alert(namespace, POD_IMAGE_PULL_BACK_OFF, PATIENCE).await?;
        let cause = pods["annotations"]["cause"].as_str().context("it has no cause")?;
        let cause: Value = serde_json::from_str(cause)?;
        ensure!(cause["code"] == WORKLOAD_ROLLOUT_STUCK && cause["name"] == "web", "the cause is {cause}");
        ensure!(members(&pods)? == 3, "it has {} members", members(&pods)?);
        Ok(pods)
    })
    .await?;
    ensure!(folded["status"]["state"] == "suppressed", "the alerter keeps it back: {folded}");
    ensure!(
        folded["annotations"].to_string().contains(NO_SUCH_IMAGE),
        "the evidence names the image: {}",
        folded["annotations"]
    );

    let message = installation.firing_message(namespace, PATIENCE).await?;
    ensure!(message.alerts.len() == 1, "one alert in it: {message:?}");
    ensure!(message.alerts[0].label("check") == WORKLOAD_ROLLOUT_STUCK, "{message:?}");
    // Back to the image that exists: what comes next is the end, and there was nothing in between.
    cluster.change::<Deployment>(namespace, "web", back()).await?;
    installation.resolved_message(namespace, PATIENCE).await?;
    let messages = installation.messages_about(namespace)?;
    let told: Vec<&str> = messages.iter().map(|(_, message)| message.status.as_str()).collect();
    ensure!(told == ["firing", "resolved"], "messages: {messages:#?}");
    Ok(())
}

pub(crate) async fn simulated(name: &'static str) -> Result<Simulated> {
    let simulated = Simulated::set(name, Options::default()).await?;
    let (cluster, namespace) = (&simulated.cluster, simulated.namespace.as_str());
    Workload::serving(namespace, "web").replicas(3).create(cluster).await?;
    cluster.ready_pods(namespace, "web", 3).await?;
    cluster.change::<Deployment>(namespace, "web", rollout()).await?;
    simulated.told("firing", PATIENCE).await?;
    cluster.change::<Deployment>(namespace, "web", back()).await?;
    simulated.told("resolved", PATIENCE).await?;
    Ok(simulated)
}

/// To an image that does not exist, with all pods at once. Only this is to be stuck soon, not the first.
fn rollout() -> Value {
    json!({"spec": {
        "progressDeadlineSeconds": 5,
        "strategy": {"rollingUpdate": {"maxSurge": "100%", "maxUnavailable": 0}},
        "template": {"spec": {"containers": [{"name": "main", "image": NO_SUCH_IMAGE}]}},
    }})
}

/// Back to the image that exists.
fn back() -> Value {
    json!({"spec": {"template": {"spec": {"containers": [{"name": "main", "image": e2e::workload::TOOLS}]}}}})
}

fn members(alert: &Value) -> Result<usize> {
    let members = alert["annotations"]["members"].as_str().context("an issue has members")?;
    let members: Value = serde_json::from_str(members)?;
    Ok(members["items"].as_array().map_or(0, Vec::len))
}
