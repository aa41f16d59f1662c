//! One run, from the empty cluster to the oracles' verdict.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use environment::Environment;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::cluster::Cluster;
use super::defect::{self, Defect};
use super::plan::Plan;
use super::report::Report;
use super::roads::Roads;
use super::staff::{Ended, Place, SERVICES, Staff};
use super::witness::Witness;
use super::{settings, timetable};
use crate::actors::Actors;
use crate::faults::{Stage, Switched};
use crate::machinery;
use crate::oracles::Violation;
use crate::seen::What;
use crate::trace::Keep;

/// How long the cluster is left alone before the services start, so that everything runs.
const WARM_UP: Duration = Duration::from_mins(1);

/// How often to look whether everything has come to rest.
const LOOK: Duration = Duration::from_mins(1);

/// By what name it is told that something panicked, in a service or in the cluster.
const PANICS: &str = "panics";
/// By what name it is told that something went round and round.
const FLOOD: &str = "flood";
/// Most lines of a trace: some twenty times what long runs of a swarm have. A service that does the
/// same thing again and again would otherwise keep a swarm from ever ending.
const LINES_MAX: u64 = 400_000;
/// And so many more for each pod of a crowd: it is made, scheduled, started, and each watch told of it.
const LINES_PER_POD: u64 = 40;

/// How long a service that crashed is down: a container's start, and a step of back-off.
const RESTART: Duration = Duration::from_secs(5);

/// Why a run could not be played at all.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no runtime.
    #[error("no runtime: {0}")]
    Runtime(#[from] std::io::Error),
    /// The services were not built to have that defect.
    #[error("built without the feature defects, the services have none; build with --features defects")]
    NoDefects,
    /// The cluster could not be built.
    #[error("the cluster could not be built: {0}")]
    Cluster(#[from] crate::registry::Status),
}

/// Plays a plan, in a runtime of its own on virtual time, with a deliberate defect or without.
pub fn play(plan: &Plan, keep: Keep, defect: Option<&'static Defect>) -> Result<Report, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    defect::switch_on(defect)?;
    runtime.block_on(Run::play(plan, keep, defect))
}

/// The stage of a plan on which nobody plays: no service is started.
#[cfg(test)]
pub(crate) fn stage(plan: &Plan, environment: &Environment) -> Result<Stage, Error> {
    Ok(Run::set_up(plan, Keep::All, None, environment)?.stage)
}

struct Run {
    stage: Stage,
    witness: Witness,
    ended: mpsc::UnboundedReceiver<Ended>,
    restarts: BTreeSet<(Instant, String)>,
    /// More lines are a flood.
    lines_max: u64,
}

impl Run {
    async fn play(plan: &Plan, keep: Keep, defect: Option<&'static Defect>) -> Result<Report, Error> {
        let environment = Environment::test(plan.seed);
        let mut run = Self::set_up(plan, keep, defect, &environment)?;
        run.wait_until(WARM_UP).await;
        for service in SERVICES {
            run.stage.staff.start(service).await;
        }
        let storm = WARM_UP + Duration::from_secs(plan.storm_s);
        for turn in timetable::turns(&plan.faults, Duration::from_secs(plan.storm_s)) {
            run.wait_until(WARM_UP + turn.at).await;
            turn.take(&run.stage, &run.witness);
        }
        run.wait_until(storm).await;
        run.stop_faults();
        let calm = storm + plan.lingers();
        run.wait_until(calm).await;
        run.witness.see(What::Calm);
        run.pass_calm(plan, calm + Duration::from_secs(plan.calm_s)).await;
        let (mut violations, ending, coverage) = run.witness.end();
        let faults = run.stage.cluster.server.faults();
        let requests = SERVICES.map(|service| (service.to_owned(), faults.calls(service))).into();
        for service in SERVICES {
            run.stage.staff.crash(service).await;
        }
        environment.tasks().end().await;
        let panics = run.stage.staff.panics() + environment.tasks().panics();
        if panics > 0 {
            violations.push(run.panicked(panics));
        }
        if run.is_flooded() {
            violations.push(run.flooded());
        }
        let trace = run.witness.trace();
        Ok(Report {
            plan: plan.clone(),
            hash: trace.hash(),
            lines: trace.count(),
            trace: trace.lines(),
            violations,
            ending,
            requests,
            coverage,
        })
    }

    fn set_up(
        plan: &Plan,
        keep: Keep,
        defect: Option<&'static Defect>,
        environment: &Environment,
    ) -> Result<Self, Error> {
        let (end, ended) = mpsc::unbounded_channel();
        let roads = Roads::new(environment);
        let cluster = Cluster::new(environment, machinery::Settings::default());
        let witness = Witness::new(environment, cluster.registry.storage(), &settings::limits(), keep);
        cluster.build(plan)?;
        cluster.server.observe(Arc::new(witness.clone()));
        let place = Place {
            environment: environment.clone(),
            server: cluster.server.clone(),
            roads: roads.clone(),
            witness: witness.clone(),
            nodes: plan.places(),
            configuration: settings::Configuration::default(),
            defect,
        };
        let stage = Stage {
            switched: Switched::new(cluster.server.faults()),
            cluster,
            staff: Staff::new(place, end),
            roads,
            witness: witness.clone(),
            actors: Actors::default(),
            environment: environment.clone(),
        };
        let lines_max = LINES_MAX + LINES_PER_POD * plan.crowd as u64;
        Ok(Self { stage, witness, ended, restarts: BTreeSet::new(), lines_max })
    }

    /// Lets the calm pass; if the plan may, only until everything has come to rest.
    async fn pass_calm(&mut self, plan: &Plan, end: Duration) {
        loop {
            let next = if plan.ends_at_rest { end.min(self.witness.now() + LOOK) } else { end };
            self.wait_until(next).await;
            if next == end || self.witness.is_at_rest() {
                return;
            }
        }
    }

    /// Lets time pass, and services crash and be started again.
    async fn wait_until(&mut self, at: Duration) {
        let until = Instant::now() + at.saturating_sub(self.witness.now());
        while !self.is_flooded() {
            let next = until.min(Instant::now() + LOOK);
            let restart = self.restarts.first().map_or(next, |(at, _)| (*at).min(next));
            tokio::select! {
                biased;
                Some(ended) = self.ended.recv() => {
                    if self.stage.staff.bury(&ended).await {
                        self.restarts.insert((Instant::now() + RESTART, ended.service));
                    }
                }
                () = tokio::time::sleep_until(restart) => {
                    let now = Instant::now();
                    while self.restarts.first().is_some_and(|(at, _)| *at <= now) {
                        if let Some((_, service)) = self.restarts.pop_first() {
                            self.stage.staff.start(&service).await;
                        }
                    }
                    if now >= until {
                        return;
                    }
                }
            }
        }
    }

    /// Whether so much has happened that nothing sensible can be behind it; then the run is over.
    fn is_flooded(&self) -> bool {
        self.witness.trace().count() > self.lines_max
    }

    /// A task that panics is contained, and noticed by nobody else; `--log` says which it was.
    fn panicked(&self, tasks: u64) -> Violation {
        Violation {
            oracle: PANICS.to_owned(),
            at_millis: self.witness.now().as_millis() as u64,
            what: format!("{tasks} tasks panicked"),
        }
    }

    fn flooded(&self) -> Violation {
        Violation {
            oracle: FLOOD.to_owned(),
            at_millis: self.witness.now().as_millis() as u64,
            what: format!("more than {} lines: something is done again and again", self.lines_max),
        }
    }

    /// No fault from now on. Those of the timetable have ended; what they left armed is taken back.
    fn stop_faults(&self) {
        self.stage.clear();
        self.stage.set_brake(false);
    }
}
