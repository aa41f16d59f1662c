//! All certificates are replaced under the running services, their authority too: what they tell each
//! other afterwards goes over new connections, who still shows a former certificate is turned away, and
//! nothing is restarted.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::bed::{Ended, end};
use e2e::installation::{Installation, Options};
use e2e::scenario::Stage;
use e2e::workload::{self, Workload};
use e2e::{audit, eventually};
use model::Lineage;
use model::codes::POD_RUNNING_NOT_READY;
use model::remediation::Phase;
use tokio::process::Command;

use crate::policies::evict_when_not_ready;

const PATIENCE: Duration = Duration::from_mins(2);
/// In the kernel's tables of connections.
const ESTABLISHED: &str = "01";

pub(crate) async fn run(stage: &Stage) -> Result<()> {
    let mut installation = Installation::start(&stage.suite, "rotation", Options::default()).await?;
    stage.policy(evict_when_not_ready(&stage.namespace)).await?;
    healed(stage, "before").await?;
    let former = former_identity(&installation)?;
    ask_as(stage, &installation, former.path(), 0).await?;
    let connections = connections(&installation)?;
    ensure!(connections.iter().all(|to_one| !to_one.is_empty()), "there are some: {connections:?}");

    for file in ["ca.crt", "ca.key"] {
        std::fs::remove_file(installation.certificates().join(file)).context("remove the authority")?;
    }
    let said = installation.renew_certificates().await?;
    ensure!(said.matches("renewed (it came from another authority)").count() == 4, "{said}");
    eventually("all connections are other ones", PATIENCE, || async {
        let now = self::connections(&installation)?;
        let left = now.iter().zip(&connections).any(|(now, before)| !now.is_disjoint(before));
        ensure!(!left, "{connections:?} before, and now {now:?}");
        Ok(())
    })
    .await?;

    healed(stage, "after").await?;
    for name in ["before", "after"] {
        told_that_it_is_over(stage, &installation, name).await?;
    }
    ask_as(stage, &installation, &installation.certificates().join("operator"), 0).await?;
    let refused = ask_as(stage, &installation, former.path(), 3).await?;
    ensure!(refused.complaint.contains("certificate"), "it says what is wrong: {}", refused.complaint);
    let effects = stage.effects()?;
    ensure!(effects.len() == 2, "one effect for each, not these:{}", audit::told(&effects));
    // Those that were started are those that end.
    installation.finish().await
}

/// A container hangs and is replaced: the monitor has told the healer.
async fn healed(stage: &Stage, name: &str) -> Result<()> {
    let (cluster, namespace) = (&stage.cluster, stage.namespace.as_str());
    Workload::serving(namespace, name).replicas(2).create(cluster).await?;
    let pods = cluster.ready_pods(namespace, name, 2).await?;
    workload::deadlock(&stage.bed, &pods[0]).await?;
    let lineage = Lineage::namespaced("Deployment", namespace, name);
    cluster.reaches(&lineage, POD_RUNNING_NOT_READY, Phase::Succeeded, PATIENCE).await.map(drop)
}

/// The monitor has told the alerter.
async fn told_that_it_is_over(stage: &Stage, installation: &Installation, name: &str) -> Result<()> {
    eventually(&format!("a message that {name} is over"), PATIENCE, || async {
        let messages = installation.messages_about(&stage.namespace)?;
        let over = messages.iter().any(|(_, message)| {
            message.status == "resolved" && message.alerts.iter().any(|alert| alert.label("name") == name)
        });
        ensure!(over, "messages so far: {messages:?}");
        Ok(())
    })
    .await
}

/// Asks the monitor for its issues as somebody who shows this identity.
async fn ask_as(stage: &Stage, installation: &Installation, identity: &Path, code: i32) -> Result<Ended> {
    let mut command = Command::new(&stage.bed.program);
    command.args(["issues", "--monitor", &installation.monitor_url()]);
    let ended = end(command.arg("--identity").arg(identity)).await?;
    ensure!(ended.code == Some(code), "{ended:?}");
    Ok(ended)
}

/// A copy of the operator's identity as it is now.
fn former_identity(installation: &Installation) -> Result<tempfile::TempDir> {
    let copy = tempfile::tempdir()?;
    for file in ["ca.crt", "tls.crt", "tls.key"] {
        std::fs::copy(installation.certificates().join("operator").join(file), copy.path().join(file))?;
    }
    Ok(copy)
}

/// The callers' ports of the connections to each of the addresses at which services hear each other.
fn connections(installation: &Installation) -> Result<Vec<BTreeSet<u16>>> {
    let table = std::fs::read_to_string("/proc/self/net/tcp").context("read the table of connections")?;
    let rows: Vec<Vec<&str>> = table.lines().skip(1).map(|row| row.split_whitespace().collect()).collect();
    let port = |address: &str| u16::from_str_radix(address.rsplit(':').next().unwrap_or_default(), 16).ok();
    let to = |address: &str| {
        let server = address.rsplit(':').next().and_then(|port| port.parse::<u16>().ok());
        // Number, own address, the other's, state.
        let calls = rows.iter().filter(|row| row[3] == ESTABLISHED && port(row[2]) == server);
        calls.filter_map(|row| port(row[1])).collect()
    };
    Ok(installation.internal_addresses().into_iter().map(to).collect())
}
