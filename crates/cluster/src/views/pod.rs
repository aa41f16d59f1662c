//! Pods: the kind that there is most of, and so the view where every field costs.

use jiff::Timestamp;
use serde::Deserialize;

use super::condition::{self, find};
use super::text::{Pairs, Text, nullable};
use super::{Condition, Meta};

/// A pod, as far as checks, evidence and the governor read it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Pod {
    /// Its metadata.
    pub metadata: Meta,
    /// What was asked for.
    #[serde(default)]
    pub spec: Spec,
    /// What is.
    #[serde(default)]
    pub status: Status,
}

/// A pod's spec.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Spec {
    /// The node it was bound to; empty before.
    #[serde(deserialize_with = "nullable")]
    pub node_name: Text,
    /// `Always`, `OnFailure` or `Never`.
    pub restart_policy: Text,
    /// Seconds between the polite and the final signal.
    pub termination_grace_period_seconds: Option<i64>,
    /// Its class of priority; empty where it has none.
    pub priority_class_name: Text,
    /// Whose credentials it runs with.
    pub service_account_name: Text,
    /// Its containers.
    #[serde(deserialize_with = "nullable")]
    pub containers: Vec<Container>,
    /// Containers that run before the others, or beside them (`restartPolicy: Always`).
    #[serde(deserialize_with = "nullable")]
    pub init_containers: Vec<Container>,
    /// Conditions that others must set before it is ready.
    #[serde(deserialize_with = "nullable")]
    pub readiness_gates: Vec<ReadinessGate>,
    /// Which nodes it may be on. Boxed: few pods say.
    pub affinity: Option<Box<Affinity>>,
}

/// A container as asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Container {
    /// Its name.
    pub name: Text,
    /// The image asked for.
    pub image: Text,
    /// Its limits and requests.
    #[serde(deserialize_with = "nullable")]
    pub resources: Resources,
    /// Whether it has a readiness probe.
    #[serde(deserialize_with = "is_there")]
    pub readiness_probe: bool,
    /// `Always` for an init container that is a sidecar; else empty.
    pub restart_policy: Text,
}

/// What a pod asks of the nodes that it may be on, of which only their names are read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Affinity {
    /// What it asks of the nodes themselves.
    #[serde(deserialize_with = "nullable")]
    pub node_affinity: NodeAffinity,
}

/// What a pod asks of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct NodeAffinity {
    /// What the scheduler must meet.
    #[serde(rename = "requiredDuringSchedulingIgnoredDuringExecution", deserialize_with = "nullable")]
    pub required: NodeTerms,
}

/// Terms, of which a node must meet any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeTerms {
    /// The terms.
    #[serde(deserialize_with = "nullable")]
    pub node_selector_terms: Vec<NodeTerm>,
}

/// One term.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeTerm {
    /// What it asks of fields; the only one that the API knows is `metadata.name`.
    #[serde(deserialize_with = "nullable")]
    pub match_fields: Vec<NodeField>,
}

/// What a term asks of a field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct NodeField {
    /// Which.
    pub key: Text,
    /// `In` or `NotIn`.
    pub operator: Text,
    /// Of which values.
    #[serde(deserialize_with = "nullable")]
    pub values: Vec<Text>,
}

/// Limits and requests, as quantities in the API's notation (`512Mi`, `250m`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Resources {
    /// What it cannot exceed.
    pub limits: Pairs,
    /// What it was promised.
    pub requests: Pairs,
}

/// A condition that somebody outside must set for readiness.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadinessGate {
    /// Its type.
    pub condition_type: Text,
}

/// A pod's status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Status {
    /// Where it is in its life.
    pub phase: Phase,
    /// A word for why (`Evicted`, `NodeLost`); mostly empty.
    pub reason: Text,
    /// A sentence for why; mostly empty.
    pub message: Text,
    /// When the kubelet took it up.
    pub start_time: Option<Timestamp>,
    /// Its conditions: `PodScheduled`, `Ready`, `ContainersReady`, `DisruptionTarget`, ….
    #[serde(deserialize_with = "nullable")]
    pub conditions: Vec<Condition>,
    /// How its containers are.
    #[serde(deserialize_with = "nullable")]
    pub container_statuses: Vec<ContainerStatus>,
    /// How its init containers are.
    #[serde(deserialize_with = "nullable")]
    pub init_container_statuses: Vec<ContainerStatus>,
}

/// Where a pod is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Phase {
    /// Not all containers have been started yet.
    Pending,
    /// Bound, started, and at least one container runs or restarts.
    Running,
    /// All containers ended well and will not be started again.
    Succeeded,
    /// All containers ended, at least one badly.
    Failed,
    /// Nobody can say.
    #[default]
    #[serde(other)]
    Unknown,
}

/// How a container is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerStatus {
    /// Its name.
    pub name: Text,
    /// The image it runs.
    #[serde(default)]
    pub image: Text,
    /// Whether it passes its readiness probe.
    #[serde(default)]
    pub ready: bool,
    /// Whether it passed its startup probe.
    #[serde(default)]
    pub started: Option<bool>,
    /// How often it was started again, as far as the kubelet remembers.
    #[serde(default)]
    pub restart_count: u32,
    /// What it does now.
    #[serde(default, deserialize_with = "nullable")]
    pub state: State,
    /// How its run before this one ended.
    #[serde(default, deserialize_with = "nullable")]
    pub last_state: State,
}

/// What a container does: at most one of the three is there; none means waiting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct State {
    /// It does not run yet, or not any more for now.
    pub waiting: Option<Waiting>,
    /// It runs.
    pub running: Option<Running>,
    /// It ended. Boxed: few containers have, and it is the largest.
    pub terminated: Option<Box<Terminated>>,
}

/// Why a container does not run yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Waiting {
    /// `ContainerCreating`, `CrashLoopBackOff`, `ImagePullBackOff`, `ErrImagePull`, ….
    pub reason: Text,
    /// The kubelet's words.
    pub message: Text,
}

/// Since when a container runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Running {
    /// By the kubelet's clock.
    pub started_at: Option<Timestamp>,
}

/// How a container ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Terminated {
    /// The exit code; 137 when killed.
    pub exit_code: i32,
    /// The signal that ended it, where known.
    pub signal: Option<i32>,
    /// `Completed`, `Error`, `OOMKilled`, `ContainerStatusUnknown`, ….
    pub reason: Text,
    /// The termination message, or the end of the log where the pod asked for that.
    pub message: Text,
    /// When that run began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

impl Spec {
    /// The one node that it may be on by name, as a DaemonSet's controller writes it.
    pub fn made_for(&self) -> Option<&str> {
        let fields = self.affinity.as_ref()?.node_affinity.required.node_selector_terms.first()?;
        let is_name = |field: &&NodeField| field.key == "metadata.name" && field.operator == "In";
        match fields.match_fields.iter().find(is_name)?.values.as_slice() {
            [node] => Some(node),
            _ => None,
        }
    }
}

impl Pod {
    /// Whether it is the image of a static pod, which only its kubelet's files can change.
    pub fn is_mirror(&self) -> bool {
        self.metadata.annotations.contains("kubernetes.io/config.mirror")
    }

    /// Whether it is on its way out and serves no more. On a node whose kubelet is silent it stays
    /// like that until the node is back.
    pub fn is_leaving(&self) -> bool {
        let is_ready =
            find(&self.status.conditions, "Ready").is_some_and(|one| one.status == condition::Status::True);
        self.metadata.is_terminating() && !is_ready
    }

    /// Whether it has run its course and will not run again.
    pub fn is_finished(&self) -> bool {
        matches!(self.status.phase, Phase::Succeeded | Phase::Failed)
    }
}

/// For `#[serde(deserialize_with)]`: whether a value is there, without decoding it.
fn is_there<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Option::<serde::de::IgnoredAny>::deserialize(deserializer)?.is_some())
}
