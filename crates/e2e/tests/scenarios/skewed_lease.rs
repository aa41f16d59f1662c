//! Two healers, and the clock of the one that waits is wrong, as the times in the lease tell: ahead,
//! so that each renewal looks ten minutes old, and behind, so that its own look ten minutes old to
//! the other. Never do both lead, and what breaks is healed once; and it is the one with the wrong
//! clock that takes over when the other is gone.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::fault::Fault;
use e2e::installation::{Installation, NAMESPACE, Options, Service};
use e2e::scenario::Stage;
use e2e::workload::{self, Workload};
use e2e::{audit, eventually};
use k8s_openapi::api::coordination::v1::Lease;
use kube::config::Kubeconfig;
use model::Lineage;
use model::codes::POD_RUNNING_NOT_READY;
use model::remediation::Phase;
use serde_json::{Value, json};

use crate::policies::evict_when_not_ready;

const PATIENCE: Duration = Duration::from_mins(2);
const LEASE: &str = "seaworthy-healer";
/// So often is the lease renewed while somebody with a wrong clock looks on: twice its duration, at
/// three renewals a duration.
const RENEWALS: usize = 6;

pub(crate) async fn run(stage: &Stage) -> Result<()> {
    let namespace = stage.namespace.as_str();
    let mut installation = Installation::start(&stage.suite, "skewed-lease", Options::default()).await?;
    stage.policy(evict_when_not_ready(namespace)).await?;
    let ahead = Fault::begin_with(&stage.bed, "skew-lease", None, &["by=10m"]).await?;
    let kubeconfig = through_the_proxy(stage, &installation)?;
    installation.start_healer(&[("KUBECONFIG", kubeconfig.as_str())]).await?;

    let leader = stays(stage).await?;
    ahead.undo().await?;
    let behind = Fault::begin_with(&stage.bed, "skew-lease", None, &["by=-10m"]).await?;
    ensure!(stays(stage).await? == leader, "another leads, although {leader} is well");
    let epoch = heals_once(stage, "web", 1).await?;

    installation.healers[0].child.kill().await?;
    let later = heals_once(stage, "shop", 2).await?;
    ensure!(later > epoch, "another tenure: {later} after {epoch}");
    ensure!(stays(stage).await? != leader, "{leader} is gone, and the lease is its still");
    behind.undo().await?;
    installation.healers.remove(0);
    installation.finish().await
}

/// A kubeconfig by which a healer reaches the API server through the testbed's proxy, where its clock
/// is wrong; the other healer's does not pass there.
fn through_the_proxy(stage: &Stage, installation: &Installation) -> Result<String> {
    let direct = installation.kubeconfig(Service::Healer);
    let mut config: Value = serde_json::from_str(&std::fs::read_to_string(&direct)?)?;
    let proxy = Kubeconfig::read_from(&stage.bed.through_proxy)?;
    let server = proxy.clusters.first().context("a cluster in the proxy's kubeconfig")?;
    config["clusters"] = json!([server]);
    config["contexts"][0]["context"]["cluster"] = json!(server.name);
    let path = direct.with_extension("skewed");
    std::fs::write(&path, config.to_string())?;
    Ok(path.display().to_string())
}

/// Waits until the lease has been renewed several times by one holder, and by nobody else meanwhile;
/// the holder.
async fn stays(stage: &Stage) -> Result<String> {
    let leases = stage.cluster.within::<Lease>(NAMESPACE);
    let seen: RefCell<(BTreeSet<String>, BTreeSet<String>)> = RefCell::default();
    eventually("the lease is renewed", PATIENCE, || async {
        let spec = leases.get(LEASE).await?.spec.context("a lease says something")?;
        let (holders, versions) = &mut *seen.borrow_mut();
        holders.extend(spec.holder_identity);
        versions.extend(spec.renew_time.map(|time| time.0.to_string()));
        ensure!(versions.len() > RENEWALS, "{} renewals", versions.len());
        Ok(())
    })
    .await?;
    let (holders, _) = seen.into_inner();
    ensure!(holders.len() == 1, "one holder, not {holders:?}");
    holders.into_iter().next().context("somebody holds it")
}

/// Something breaks and is healed, with so many effects in all; the epoch under which it was.
async fn heals_once(stage: &Stage, app: &str, effects_so_far: usize) -> Result<u64> {
    let (cluster, namespace) = (&stage.cluster, stage.namespace.as_str());
    Workload::serving(namespace, app).replicas(2).create(cluster).await?;
    let hangs = cluster.ready_pods(namespace, app, 2).await?.remove(0);
    workload::deadlock(&stage.bed, &hangs).await?;
    let lineage = Lineage::namespaced("Deployment", namespace, app);
    let healed = cluster.reaches(&lineage, POD_RUNNING_NOT_READY, Phase::Succeeded, PATIENCE).await?;
    let effects = stage.effects()?;
    ensure!(effects.len() == effects_so_far, "one for each, not these:{}", audit::told(&effects));
    Ok(healed.status.unwrap_or_default().epoch)
}
