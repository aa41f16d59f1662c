//! A scenario, and what it is given.

use std::cell::RefCell;
use std::ops::Deref;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use environment::Environment;
use futures::future::LocalBoxFuture;
use jiff::Timestamp;
use kube::api::DeleteParams;
use model::policy::HealingPolicy;
use serde_json::Value;

use crate::audit::{Audit, Event, Mark};
use crate::bed::Bed;
use crate::cluster::Cluster;
use crate::eventually;
use crate::installation::{Installation, Service};

/// How long the healer may take to say what it thinks of a policy.
const POLICY_ACCEPTED: Duration = Duration::from_secs(20);

/// One scenario of the suite.
#[derive(Clone, Copy)]
pub struct Scenario {
    /// Its name, that of its file.
    pub name: &'static str,
    /// What it takes.
    pub play: Play,
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

/// A table's row: `row!(Beside deadlock)` for the function `run` of the module `deadlock`.
#[macro_export]
macro_rules! row {
    (Beside $name:ident) => {
        $crate::scenario::Scenario {
            name: stringify!($name),
            play: $crate::scenario::Play::Beside(|stage, installation| {
                Box::pin($name::run(stage, installation))
            }),
        }
    };
    (Alone $name:ident) => {
        $crate::scenario::Scenario {
            name: stringify!($name),
            play: $crate::scenario::Play::Alone(|stage| Box::pin($name::run(stage))),
        }
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
    policies: RefCell<Vec<String>>,
    notes: RefCell<Vec<String>>,
}

impl Deref for Stage {
    type Target = Suite;

    fn deref(&self) -> &Suite {
        &self.suite
    }
}

impl Stage {
    /// Sets the stage for a scenario.
    pub async fn set(suite: &Suite, name: &str) -> Result<Self> {
        let namespace = format!("e2e-{}", name.replace('_', "-"));
        suite.cluster.make_namespace(&namespace).await?;
        Ok(Self {
            suite: suite.clone(),
            mark: suite.audit.mark()?,
            namespace,
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
        eventually("the policy is accepted", POLICY_ACCEPTED, || async {
            let policy = self.cluster.own::<HealingPolicy>().get(name).await?;
            let status = policy.status.unwrap_or_default();
            let accepted = status.conditions.iter().find(|condition| condition.kind == "Accepted");
            let accepted = accepted.context("nothing is said of it yet")?;
            ensure!(
                accepted.status == "True" && Some(status.observed_generation) == policy.metadata.generation,
                "{accepted:?}"
            );
            Ok(())
        })
        .await
    }

    /// Effects of the healer in the scenario's namespace, refused ones included.
    pub fn effects(&self) -> Result<Vec<Event>> {
        self.audit.effects_in(&Service::Healer.user(), &self.namespace, self.mark)
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
