//! Scenario 8. Two healers, and the leader is lost in the middle of an action: killed, or frozen past
//! its lease and thawed later; between intent and effect, or between effect and status. The other
//! goes on, and the audit log shows one effect in all.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::installation::{Installation, Options, Service};
use e2e::scenario::Stage;
use e2e::simulated::{Halt, Simulated};
use e2e::workload::{self, Workload};
use e2e::{audit, eventually};
use model::Lineage;
use model::codes::POD_RUNNING_NOT_READY;
use model::remediation::Phase;
use serde_json::json;

use crate::policies::evict_when_not_ready;

const PATIENCE: Duration = Duration::from_mins(2);

/// A page waits longer than a change of leaders takes: else it would be a matter of moments whether
/// people hear of the trouble before it is over.
fn options() -> Options {
    Options { alerter: json!({"holds": {"preHold": "45s"}}), ..Options::default() }
}

/// The failpoint at which a healer stops itself (SIGSTOP).
const fn failpoint(halt: Halt) -> &'static str {
    match halt {
        Halt::BeforeEffect => "after-intent:stop",
        Halt::AfterEffect => "after-effect:stop",
    }
}

pub(crate) mod leader_killed_before_effect {
    use e2e::simulated::{Halt, Simulated};

    pub(crate) async fn run(stage: &e2e::scenario::Stage) -> anyhow::Result<()> {
        super::killed(stage, Halt::BeforeEffect).await
    }

    pub(crate) async fn simulated(name: &'static str) -> anyhow::Result<Simulated> {
        super::killed_simulated(name, Halt::BeforeEffect).await
    }
}

pub(crate) mod leader_killed_after_effect {
    use e2e::simulated::{Halt, Simulated};

    pub(crate) async fn run(stage: &e2e::scenario::Stage) -> anyhow::Result<()> {
        super::killed(stage, Halt::AfterEffect).await
    }

    pub(crate) async fn simulated(name: &'static str) -> anyhow::Result<Simulated> {
        super::killed_simulated(name, Halt::AfterEffect).await
    }
}

pub(crate) mod leader_frozen_before_effect {
    use e2e::simulated::{Halt, Simulated};

    pub(crate) async fn run(stage: &e2e::scenario::Stage) -> anyhow::Result<()> {
        super::frozen(stage, Halt::BeforeEffect).await
    }

    pub(crate) async fn simulated(name: &'static str) -> anyhow::Result<Simulated> {
        super::frozen_simulated(name, Halt::BeforeEffect).await
    }
}

pub(crate) mod leader_frozen_after_effect {
    use e2e::simulated::{Halt, Simulated};

    pub(crate) async fn run(stage: &e2e::scenario::Stage) -> anyhow::Result<()> {
        super::frozen(stage, Halt::AfterEffect).await
    }

    pub(crate) async fn simulated(name: &'static str) -> anyhow::Result<Simulated> {
        super::frozen_simulated(name, Halt::AfterEffect).await
    }
}

async fn killed(stage: &Stage, point: Halt) -> Result<()> {
    let mut play = Play::begin(stage, point).await?;
    play.installation.healers[0].child.kill().await?;
    let killed = stage.environment.now();
    play.healed_by_the_other(stage).await?;
    stage.settle().await?;
    stage.note_latency("healed after the leader was killed", killed, stage.environment.now());
    play.installation.healers.remove(0);
    play.installation.finish().await?;
    ensure_one_effect(stage)
}

async fn frozen(stage: &Stage, point: Halt) -> Result<()> {
    let mut play = Play::begin(stage, point).await?;
    play.healed_by_the_other(stage).await?;
    // Late, it goes on from where it stood, with the claim of long ago in its memory.
    let late = &play.installation.healers[0].child;
    late.thaw()?;
    eventually("the thawed healer found that it leads no more", PATIENCE, || async {
        let said = late.said();
        let after = said.split_once("was continued").map_or("", |(_, after)| after);
        ensure!(after.contains("not leading any more"), "not yet\n{}", late.last_words());
        Ok(())
    })
    .await?;
    ensure_one_effect(stage)?;
    stage.settle().await?;
    // Whatever it may have had on its way has arrived by the time it has ended.
    play.installation.finish().await?;
    ensure_one_effect(stage)
}

async fn killed_simulated(name: &'static str, point: Halt) -> Result<Simulated> {
    let simulated = halted_simulated(name, point).await?;
    simulated.stage.staff().crash("healer-0").await;
    healed_simulated(simulated).await
}

async fn frozen_simulated(name: &'static str, point: Halt) -> Result<Simulated> {
    let simulated = healed_simulated(halted_simulated(name, point).await?).await?;
    simulated.stage.staff().resume("healer-0");
    Ok(simulated)
}

/// Until the leader halts at the point.
async fn halted_simulated(name: &'static str, point: Halt) -> Result<Simulated> {
    let simulated = Simulated::set(name, options()).await?;
    let (cluster, namespace) = (&simulated.cluster, simulated.namespace.as_str());
    simulated.policy(evict_when_not_ready(namespace)).await?;
    simulated.stage.staff().start("healer-1").await;
    Workload::serving(namespace, "web").replicas(2).create(cluster).await?;
    let pods = cluster.ready_pods(namespace, "web", 2).await?;
    simulated.halt(point);
    simulated.deadlock(&pods[0])?;
    let lineage = Lineage::namespaced("Deployment", namespace, "web");
    cluster.reaches(&lineage, POD_RUNNING_NOT_READY, Phase::Acting, PATIENCE).await?;
    Ok(simulated)
}

async fn healed_simulated(simulated: Simulated) -> Result<Simulated> {
    let (cluster, namespace) = (&simulated.cluster, simulated.namespace.as_str());
    let lineage = Lineage::namespaced("Deployment", namespace, "web");
    let healed = cluster.reaches(&lineage, POD_RUNNING_NOT_READY, Phase::Succeeded, PATIENCE).await?;
    let status = healed.status.unwrap_or_default();
    ensure!(status.epoch > status.attempts[0].epoch, "another leader ended it: {status:?}");
    cluster.ready_pods(namespace, "web", 2).await?;
    Ok(simulated)
}

struct Play {
    installation: Installation,
    lineage: Lineage,
}

impl Play {
    /// Until the leader halts at the point.
    async fn begin(stage: &Stage, point: Halt) -> Result<Self> {
        let (cluster, namespace) = (&stage.cluster, stage.namespace.as_str());
        let mut installation =
            Installation::without_healer(&stage.suite, &stage.namespace, options()).await?;
        installation.start_healer(&[("SEAWORTHY_FAILPOINT", failpoint(point))]).await?;
        stage.policy(evict_when_not_ready(namespace)).await?;
        installation.start_healer(&[]).await?;
        Workload::serving(namespace, "web").replicas(2).create(cluster).await?;
        let pods = cluster.ready_pods(namespace, "web", 2).await?;

        workload::deadlock(&stage.bed, &pods[0]).await?;
        eventually("the leader stops at the point", PATIENCE, || async {
            let leader = &installation.healers[0].child;
            ensure!(leader.is_frozen()?, "it runs\n{}", leader.last_words());
            Ok(())
        })
        .await?;
        let lineage = Lineage::namespaced("Deployment", namespace, "web");
        let acting = cluster.remediation(&lineage, POD_RUNNING_NOT_READY).await?;
        let status = acting.status.unwrap_or_default();
        ensure!(
            status.phase == Phase::Acting && status.attempts.len() == 1,
            "the intent is written: {status:?}"
        );
        let so_far = stage.effects()?.len();
        match point {
            Halt::BeforeEffect => ensure!(so_far == 0, "no effect yet, but {so_far}"),
            Halt::AfterEffect => ensure!(so_far == 1, "one effect, but {so_far}"),
        }
        Ok(Self { installation, lineage })
    }

    async fn healed_by_the_other(&self, stage: &Stage) -> Result<()> {
        let (cluster, lineage) = (&stage.cluster, &self.lineage);
        let healed = cluster.reaches(lineage, POD_RUNNING_NOT_READY, Phase::Succeeded, PATIENCE).await;
        let healed = healed.map_err(|error| {
            error.context(self.installation.healers.last().map_or_else(String::new, |h| h.child.last_words()))
        })?;
        let status = healed.status.unwrap_or_default();
        ensure!(status.epoch > status.attempts[0].epoch, "another leader ended it: {status:?}");
        cluster.ready_pods(&stage.namespace, "web", 2).await?;
        ensure_one_effect(stage)
    }
}

fn ensure_one_effect(stage: &Stage) -> Result<()> {
    let effects = stage.audit.effects(&Service::Healer.user(), stage.mark)?;
    let landed = effects.iter().filter(|effect| effect.succeeded()).count();
    ensure!(landed == 1, "one effect in all, not these:{}", audit::told(&effects));
    Ok(())
}
