//! A pod, as far as the machinery of a cluster reads it. There are 150,000 of them in a large
//! cluster: what pods of one template share is kept once.

use std::collections::BTreeSet;
use std::sync::Arc;

use compact_str::CompactString;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::container::Container;
use super::placement::Placement;
use super::quantity::Resources;
use super::taint::Toleration;
use crate::storage::{Address, Object};

/// The scheduler there is.
const SCHEDULER: &str = "default-scheduler";

/// A pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    /// Where it is stored.
    pub address: Arc<Address>,
    /// As it is stored.
    pub object: Arc<Object>,
    /// Who replaces it.
    pub controller: Option<Owner>,
    /// The node it is on; empty while it is on none.
    pub node: CompactString,
    /// What its template says.
    pub spec: Arc<Spec>,
    /// When it was created.
    pub created: Timestamp,
    /// Its phase.
    pub phase: Phase,
    /// Since when it is ready.
    pub ready_since: Option<Timestamp>,
    /// The most that one of its containers was restarted.
    pub restarts: u32,
    /// Its IP.
    pub ip: CompactString,
}

/// A controlling owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// `ReplicaSet`.
    pub kind: CompactString,
    /// Its name.
    pub name: CompactString,
    /// Its UID.
    pub uid: CompactString,
}

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Phase {
    /// Not all of its containers have run yet.
    #[default]
    Pending,
    /// At work.
    Running,
    /// Ended well.
    Succeeded,
    /// Ended badly.
    Failed,
    /// What nobody knows.
    #[serde(other)]
    Unknown,
}

/// What pods of one template share.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spec {
    /// What containers it runs.
    pub containers: Box<[Container]>,
    /// Where it may go.
    pub placement: Placement,
    /// `Always`, `OnFailure`, `Never`.
    pub restart_policy: CompactString,
    /// Its priority.
    pub priority: i64,
    /// How long it may take to end, in seconds.
    pub grace_s: i64,
    /// What the annotation says that its containers do.
    pub behaviour: CompactString,
    /// Whether it has a volume that is attached to its node.
    pub has_claim: bool,
    /// Whether another scheduler than ours is to find its node.
    pub is_scheduled_elsewhere: bool,
}

#[derive(Deserialize)]
struct Raw {
    metadata: Meta,
    #[serde(default)]
    spec: RawSpec,
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    creation_timestamp: Timestamp,
    #[serde(default)]
    owner_references: Option<Vec<Reference>>,
    #[serde(default)]
    annotations: Option<Annotations>,
}

#[derive(Deserialize)]
struct Annotations {
    #[serde(default, rename = "sim.seaworthy.test/behaviour")]
    behaviour: CompactString,
}

#[derive(Deserialize)]
struct Reference {
    kind: CompactString,
    name: CompactString,
    uid: CompactString,
    #[serde(default)]
    controller: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RawSpec {
    node_name: Option<CompactString>,
    scheduler_name: Option<CompactString>,
    containers: Option<Vec<Container>>,
    restart_policy: Option<CompactString>,
    priority: Option<i64>,
    termination_grace_period_seconds: Option<i64>,
    node_selector: Value,
    affinity: Value,
    topology_spread_constraints: Value,
    tolerations: Option<Vec<Toleration>>,
    volumes: Option<Vec<Volume>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Volume {
    #[serde(default)]
    persistent_volume_claim: Option<serde::de::IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    phase: Option<Phase>,
    conditions: Option<Vec<Condition>>,
    container_statuses: Option<Vec<ContainerStatus>>,
    #[serde(rename = "podIP")]
    pod_ip: Option<CompactString>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Condition {
    #[serde(rename = "type")]
    kind: CompactString,
    status: CompactString,
    #[serde(default)]
    last_transition_time: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContainerStatus {
    #[serde(default)]
    restart_count: u32,
}

impl Pod {
    /// What an object says; `None` where it is no pod. Specs that are known already are shared.
    pub fn read(
        address: &Arc<Address>,
        object: &Arc<Object>,
        known: &mut BTreeSet<Arc<Spec>>,
    ) -> Option<Self> {
        let raw: Raw = object.read()?;
        let owners = raw.metadata.owner_references.unwrap_or_default();
        let controller = owners.into_iter().find(|owner| owner.controller == Some(true));
        let behaviour = raw.metadata.annotations.map(|own| own.behaviour).unwrap_or_default();
        let mut spec = raw.spec;
        let node = spec.node_name.take().unwrap_or_default();
        let status = raw.status;
        let restarts = status.container_statuses.iter().flatten().map(|one| one.restart_count).max();
        Some(Self {
            address: Arc::clone(address),
            object: Arc::clone(object),
            controller: controller.map(|one| Owner { kind: one.kind, name: one.name, uid: one.uid }),
            node,
            spec: shared(spec.settle(behaviour), known),
            created: raw.metadata.creation_timestamp,
            phase: status.phase.unwrap_or_default(),
            ready_since: ready_since(status.conditions.as_deref().unwrap_or_default()),
            restarts: restarts.unwrap_or(0),
            ip: status.pod_ip.unwrap_or_default(),
        })
    }

    /// Whether it is ready to serve.
    pub fn is_ready(&self) -> bool {
        self.ready_since.is_some()
    }

    /// Whether its end was asked for.
    pub fn is_terminating(&self) -> bool {
        self.object.is_terminating
    }

    /// Whether its containers have ended for good.
    pub fn has_ended(&self) -> bool {
        matches!(self.phase, Phase::Succeeded | Phase::Failed)
    }

    /// Whether it counts as one of its controller's replicas.
    pub fn is_active(&self) -> bool {
        !self.has_ended() && !self.is_terminating()
    }

    /// From when on it is available: ready for so many seconds.
    pub fn available_from(&self, min_ready_s: i64) -> Option<Timestamp> {
        let since = self.ready_since?;
        since.checked_add(jiff::SignedDuration::from_secs(min_ready_s)).ok()
    }

    /// Whether `uid` is its controller's.
    pub fn is_controlled_by(&self, uid: &str) -> bool {
        self.controller.as_ref().is_some_and(|owner| owner.uid == uid)
    }
}

impl Spec {
    /// What it asks for.
    pub fn requests(&self) -> Resources {
        let all = self.containers.iter().map(|container| container.requests);
        all.fold(Resources { pods: 1, ..Resources::default() }, Resources::plus)
    }
}

impl RawSpec {
    fn settle(self, behaviour: CompactString) -> Spec {
        Spec {
            containers: self.containers.unwrap_or_default().into(),
            placement: Placement::of(
                &self.node_selector,
                &self.affinity,
                &self.topology_spread_constraints,
                self.tolerations.unwrap_or_default(),
            ),
            restart_policy: self.restart_policy.unwrap_or_else(|| "Always".into()),
            priority: self.priority.unwrap_or(0),
            grace_s: self.termination_grace_period_seconds.unwrap_or(30),
            behaviour,
            has_claim: self.volumes.iter().flatten().any(|volume| volume.persistent_volume_claim.is_some()),
            is_scheduled_elsewhere: self.scheduler_name.is_some_and(|name| name != SCHEDULER),
        }
    }
}

fn shared(spec: Spec, known: &mut BTreeSet<Arc<Spec>>) -> Arc<Spec> {
    if let Some(same) = known.get(&spec) {
        return Arc::clone(same);
    }
    let new = Arc::new(spec);
    known.insert(Arc::clone(&new));
    new
}

fn ready_since(conditions: &[Condition]) -> Option<Timestamp> {
    let ready = conditions.iter().find(|one| one.kind == "Ready" && one.status == "True")?;
    Some(ready.last_transition_time.unwrap_or(Timestamp::UNIX_EPOCH))
}
