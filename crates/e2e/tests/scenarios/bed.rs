//! What the other scenarios stand on: workloads break as they say, the audit log is a witness, and a
//! fault of the testbed is undone.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::cluster::is_ready;
use e2e::eventually;
use e2e::fault::Fault;
use e2e::scenario::Stage;
use e2e::workload::{self, NO_SUCH_IMAGE, Workload};
use k8s_openapi::api::core::v1::{ContainerState, Pod};

const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) async fn run(stage: &Stage) -> Result<()> {
    let (cluster, namespace) = (&stage.cluster, stage.namespace.as_str());
    Workload::serving(namespace, "serves").create(cluster).await?;
    Workload::never_ready(namespace, "never").create(cluster).await?;
    Workload::hungry(namespace, "hungry").create(cluster).await?;
    Workload::crashing(namespace, "crashes").create(cluster).await?;
    Workload::serving(namespace, "imageless").image(NO_SUCH_IMAGE).create(cluster).await?;

    let serves = cluster.ready_pods(namespace, "serves", 1).await?.remove(0);
    workload::deadlock(&stage.bed, &serves).await?;
    eventually("it runs and is not ready", PATIENCE, || async {
        let pod = one(stage, "serves").await?;
        ensure!(!is_ready(&pod) && state(&pod)?.running.is_some(), "it is {:?}", state(&pod)?);
        Ok(())
    })
    .await?;
    let (_, name) = workload::place(&serves)?;
    let said = stage.audit.said_not_ready(workload::node(&serves)?, name, stage.mark)?;
    said.context("the audit log has the kubelet's word")?;

    ended(stage, "hungry", 137, "OOMKilled").await?;
    ended(stage, "crashes", 3, "Error").await?;
    eventually("the image is not there", PATIENCE, || async {
        let reason = state(&one(stage, "imageless").await?)?.waiting.and_then(|waiting| waiting.reason);
        ensure!(matches!(reason.as_deref(), Some("ErrImagePull" | "ImagePullBackOff")), "it is {reason:?}");
        Ok(())
    })
    .await?;
    let never = one(stage, "never").await?;
    ensure!(!is_ready(&never) && state(&never)?.running.is_some(), "it runs and is never ready");

    let nodes = stage.bed.real_nodes().await?;
    let fault = Fault::begin(&stage.bed, "freeze-kubelet", nodes.first().map(String::as_str)).await?;
    drop(fault);
    let status = stage.bed.control(&["status"]).await?;
    ensure!(!status.contains("broken:"), "the fault is undone: {status}");
    Ok(())
}

async fn one(stage: &Stage, app: &str) -> Result<Pod> {
    let mut pods = stage.cluster.pods(&stage.namespace, app).await?;
    ensure!(pods.len() == 1, "{} pods of {app}", pods.len());
    Ok(pods.remove(0))
}

fn state(pod: &Pod) -> Result<ContainerState> {
    let status = pod.status.as_ref().and_then(|status| status.container_statuses.as_ref());
    status.and_then(|all| all.first()?.state.clone()).context("its container has no state yet")
}

/// Waits until a container has ended with this code for this reason.
async fn ended(stage: &Stage, app: &str, code: i32, reason: &str) -> Result<()> {
    eventually(&format!("{app} ends with {code}, {reason}"), PATIENCE, || async {
        let pod = one(stage, app).await?;
        let status = pod.status.unwrap_or_default().container_statuses.unwrap_or_default();
        let container = status.first().context("it has no status yet")?;
        let both = [&container.state, &container.last_state];
        let ends: Vec<_> = both.into_iter().flatten().filter_map(|state| state.terminated.as_ref()).collect();
        ensure!(
            ends.iter().any(|end| end.exit_code == code && end.reason.as_deref() == Some(reason)),
            "it ended {ends:?}"
        );
        Ok(())
    })
    .await
}
