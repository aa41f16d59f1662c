//! A scenario, and what it is given.

use std::cell::RefCell;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use environment::Environment;
use futures::future::LocalBoxFuture;
use jiff::Timestamp;
use kube::api::DeleteParams;
use model::policy::HealingPolicy;
use serde_json::Value;

use crate::audit::{Audit, Event, Mark};
use crate::bed::Bed;
use crate::cluster::Cluster;
use crate::history::History;
use crate::installation::{HOOK, Installation, Service};
use crate::receiver::Receiver;
use crate::record::Record;
use crate::simulated::Simulated;

/// One scenario of the suite.
#[derive(Clone, Copy)]
pub struct Scenario {
    /// Its name, that of its file.
    pub name: &'static str,
    /// What it takes.
    pub play: Play,
    /// The same on a simulated cluster.
    pub counterpart: Counterpart,
}

/// Plays a scenario of a name on a simulated cluster; the cluster as it stands then.
pub type Simulate = fn(&'static str) -> LocalBoxFuture<'static, Result<Simulated>>;

/// How a scenario is played on a simulated cluster, whose record has to be that of the real one.
#[derive(Clone, Copy)]
pub enum Counterpart {
    /// So.
    Played(Simulate),
    /// It is not, for this reason.
    None(&'static str),
}

/// How a scenario is played.
#[derive(Clone, Copy)]
pub enum Play {
    /// It concerns its own namespace only: it shares an installation with others and runs beside
    /// them.
    Beside(for<'a> fn(&'a Stage, &'a Installation) -> LocalBoxFuture<'a, Result<()>>),
    /// It breaks the cluster or the services: it makes its own installation and runs while nothing
    /// else does.
    Alone(for<'a> fn(&'a Stage) -> LocalBoxFuture<'a, Result<()>>),
}

/// Why a scenario could not be played: no failure, and no success either.
#[derive(Debug)]
pub struct Skipped(pub String);

impl std::fmt::Display for Skipped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Skipped {}

/// A table's row: `row!(Beside deadlock, simulated)` for the functions `run` and `simulated` of the
/// module `deadlock`; where there is no `simulated`, the reason stands in its place.
#[macro_export]
macro_rules! row {
    ($play:ident $name:ident, simulated) => {
        $crate::scenario::Scenario {
            name: stringify!($name),
            play: $crate::row!(@$play $name),
            counterpart: $crate::scenario::Counterpart::Played(|name| Box::pin($name::simulated(name))),
        }
    };
    ($play:ident $name:ident, $reason:literal) => {
        $crate::scenario::Scenario {
            name: stringify!($name),
            play: $crate::row!(@$play $name),
            counterpart: $crate::scenario::Counterpart::None($reason),
        }
    };
    (@Beside $name:ident) => {
        $crate::scenario::Play::Beside(|stage, installation| Box::pin($name::run(stage, installation)))
    };
    (@Alone $name:ident) => {
        $crate::scenario::Play::Alone(|stage| Box::pin($name::run(stage)))
    };
}

/// What all scenarios of a run share. Cheap to clone.
#[derive(Clone)]
pub struct Suite {
    /// The testbed.
    pub bed: Bed,
    /// The administrator's connection.
    pub cluster: Cluster,
    /// The API server's audit log.
    pub audit: Audit,
    /// Clock and tasks of the suite.
    pub environment: Environment,
    /// Every version of every remediation.
    pub history: History,
    /// The receiver of the installation that was started last.
    pub receiver: Arc<Mutex<Option<Receiver>>>,
    /// Whether all scenarios are played in this run: only then can one speak of what was not used.
    pub whole: bool,
}

/// Where a scenario plays.
pub struct Stage {
    /// What it shares with others.
    pub suite: Suite,
    /// The audit log's end when the scenario began.
    pub mark: Mark,
    /// A namespace of the scenario's own.
    pub namespace: String,
    /// Where the history stood when the scenario began.
    heard: usize,
    record: RefCell<Option<Record>>,
    policies: RefCell<Vec<String>>,
    notes: RefCell<Vec<String>>,
}

/// The namespace of a scenario of that name.
pub(crate) fn namespace(name: &str) -> String {
    format!("e2e-{}", name.replace('_', "-"))
}

impl Deref for Stage {
    type Target = Suite;

    fn deref(&self) -> &Suite {
        &self.suite
    }
}

impl Stage {
    /// Sets the stage for a scenario, on nodes that are well: what an earlier one did to them is over.
    pub async fn set(suite: &Suite, name: &str) -> Result<Self> {
        suite.cluster.nodes_are_well().await?;
        let namespace = namespace(name);
        suite.cluster.make_namespace(&namespace).await?;
        Ok(Self {
            suite: suite.clone(),
            mark: suite.audit.mark()?,
            namespace,
            heard: suite.history.mark(),
            record: RefCell::default(),
            policies: RefCell::default(),
            notes: RefCell::default(),
        })
    }

    /// Writes a healing policy of the scenario's; its whole name. What the healer thinks of it is
    /// not waited for.
    pub async fn policy_named(&self, name: &str, spec: Value) -> Result<String> {
        let name = format!("{}-{name}", self.namespace);
        self.cluster.policy(&name, spec).await?;
        self.policies.borrow_mut().push(name.clone());
        Ok(name)
    }

    /// Writes the scenario's healing policy and waits until the healer has accepted it.
    pub async fn policy(&self, spec: Value) -> Result<()> {
        let name = &self.policy_named("policy", spec).await?;
        self.cluster.policy_accepted(name).await
    }

    /// Effects of the healer in the scenario's namespace, refused ones included.
    pub fn effects(&self) -> Result<Vec<Event>> {
        self.audit.effects_in(&Service::Healer.user(), &self.namespace, self.mark)
    }

    /// Waits until all is still, and keeps what came of the scenario. One that has an installation of
    /// its own, and a counterpart, does so before it ends the services.
    pub async fn settle(&self) -> Result<()> {
        let record = Record::settled(async || self.look().await).await?;
        *self.record.borrow_mut() = Some(record);
        Ok(())
    }

    /// What came of the scenario, which is over.
    pub async fn record(&self) -> Result<Record> {
        if self.record.borrow().is_none() {
            self.settle().await?;
        }
        self.record.borrow().clone().context("it has settled")
    }

    async fn look(&self) -> Result<Record> {
        let receiver = self.receiver.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let messages = receiver.map_or(Ok(Vec::new()), |receiver| receiver.messages(HOOK))?;
        let messages: Vec<_> = messages.into_iter().map(|(_, message)| message).collect();
        let history = self.history.since(self.heard, &self.cluster).await?;
        Record::of(&self.cluster, &self.namespace, &history, &messages).await
    }

    /// Prints a line under the scenario's result.
    pub fn note(&self, text: impl Into<String>) {
        self.notes.borrow_mut().push(text.into());
    }

    /// Prints how long something took, as the records have it. Nothing fails by it: latency is
    /// judged by the benchmarks, on a machine that does nothing else.
    pub fn note_latency(&self, what: &str, from: Timestamp, to: Timestamp) {
        self.note(format!("{what}: {:.2} s", (to - from).total(jiff::Unit::Second).unwrap_or(f64::NAN)));
    }

    /// The lines so far.
    pub fn notes(&self) -> Vec<String> {
        self.notes.borrow().clone()
    }

    /// Clears the stage.
    pub async fn clear(&self) -> Result<()> {
        for name in self.policies.take() {
            match self.cluster.own::<HealingPolicy>().delete(&name, &DeleteParams::default()).await {
                // A later installation has cleared it away.
                Ok(_) | Err(kube::Error::Api(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.cluster.drop_namespace(&self.namespace).await
    }
}
