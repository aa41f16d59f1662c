//! A page is held while the healer works, and only so long as it gives signs of life: a healer that
//! stands still in the middle of an action does not keep people asleep.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::eventually;
use e2e::installation::{Installation, Options};
use e2e::scenario::Stage;
use e2e::workload::Workload;
use model::Lineage;
use model::codes::POD_RUNNING_NOT_READY;
use model::remediation::Phase;
use serde_json::json;

use crate::policies::evict_when_not_ready;

const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) async fn run(stage: &Stage) -> Result<()> {
    let (cluster, namespace) = (&stage.cluster, stage.namespace.as_str());
    let options = Options { alerter: json!({"holds": {"silence": "15s"}}), ..Options::default() };
    let mut installation = Installation::without_healer(&stage.suite, "healer-silent", options).await?;
    installation.start_healer(&[("SEAWORTHY_FAILPOINT", "after-effect:stop")]).await?;
    stage.policy(evict_when_not_ready(namespace)).await?;
    // The replacement is no better, so that there is a trouble as long as nobody does more.
    Workload::never_ready(namespace, "web").create(cluster).await?;
    let lineage = Lineage::namespaced("Deployment", namespace, "web");

    eventually("the healer stops in the middle", PATIENCE, || async {
        let healer = &installation.healers[0].child;
        ensure!(healer.is_frozen()?, "it runs\n{}", healer.last_words());
        Ok(())
    })
    .await?;
    let stopped = stage.environment.now();
    let page = installation.firing_message(namespace, PATIENCE).await?;
    ensure!(page.alerts[0].label("check") == POD_RUNNING_NOT_READY, "{page:?}");
    stage.note_latency("paged after the healer stood still", stopped, stage.environment.now());

    installation.healers[0].child.thaw()?;
    cluster.reaches(&lineage, POD_RUNNING_NOT_READY, Phase::Escalated, PATIENCE).await?;
    installation.finish().await
}
