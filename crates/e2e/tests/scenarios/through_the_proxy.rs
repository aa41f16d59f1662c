//! For monitor and healer the API server breaks off and answers nothing but 500; then it is slow, and
//! fails every now and then. What hangs is found and healed all the same, and once, and nobody takes the
//! server's trouble for the nodes'.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::audit::{self, Event};
use e2e::eventually;
use e2e::fault::Fault;
use e2e::installation::{HOOK, Installation, Options};
use e2e::scenario::Stage;
use e2e::workload::{self, Workload};
use model::Lineage;
use model::codes::POD_RUNNING_NOT_READY;
use model::remediation::Phase;
use serde_json::json;

use crate::policies::evict_when_not_ready;

const PATIENCE: Duration = Duration::from_mins(2);

pub(crate) async fn run(stage: &Stage) -> Result<()> {
    let (cluster, namespace) = (&stage.cluster, stage.namespace.as_str());
    let options = Options { through_proxy: true, ..Options::default() };
    let mut installation = Installation::start(&stage.suite, "through-the-proxy", options).await?;
    let mut policy = evict_when_not_ready(namespace);
    // The one request that must not be repeated blindly may be the one that fails.
    policy["steps"][0]["attempts"] = json!(3);
    stage.policy(policy).await?;
    Workload::serving(namespace, "web").replicas(2).create(cluster).await?;
    let pods = cluster.ready_pods(namespace, "web", 2).await?;

    let away = Fault::begin_with(&stage.bed, "fail-api", None, &["status=500"]).await?;
    // Watches that run already would not notice.
    Fault::begin(&stage.bed, "cut-api", None).await?.undo().await?;
    workload::deadlock(&stage.bed, &pods[0]).await?;
    let (_, name) = workload::place(&pods[0])?;
    eventually("the kubelet says so", PATIENCE, || async {
        let said = stage.audit.said_not_ready(workload::node(&pods[0])?, name, stage.mark)?;
        said.context("not yet")
    })
    .await?;
    away.undo().await?;

    let slow = Fault::begin_with(&stage.bed, "slow-api", None, &["latency=200ms", "share=0.5"]).await?;
    let failing = Fault::begin_with(&stage.bed, "fail-api", None, &["status=500", "share=0.05"]).await?;
    let lineage = Lineage::namespaced("Deployment", namespace, "web");
    let healed = cluster.reaches(&lineage, POD_RUNNING_NOT_READY, Phase::Succeeded, PATIENCE).await?;
    failing.undo().await?;
    slow.undo().await?;

    let attempts = healed.status.unwrap_or_default().attempts.len();
    stage.note(format!("attempts, those that the proxy refused included: {attempts}"));
    let remediations = cluster.remediations(&lineage).await?;
    ensure!(remediations.len() == 1, "one remediation, not {}", remediations.len());
    let effects = stage.effects()?;
    // What the proxy answers with 500 never reaches the API server's audit log.
    ensure!(
        effects.len() == 1 && effects.iter().all(Event::succeeded),
        "one effect, not these:{}",
        audit::told(&effects)
    );
    let kept = cluster.ready_pods(namespace, "web", 2).await?;
    ensure!(kept.iter().any(|pod| workload::uid(pod) == workload::uid(&pods[1])), "the healthy pod stays");
    installation.resolved_message(namespace, PATIENCE).await?;
    let told = installation.receiver.messages(HOOK)?.len();
    ensure!(told == installation.messages_about(namespace)?.len(), "nothing is told of others, nodes say");
    installation.finish().await
}
