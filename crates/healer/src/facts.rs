//! What was read live, for one decision: from a quorum, moments ago.

use std::collections::BTreeMap;
use std::time::Duration;

use cluster::views::{self, Amount, Deployment, Meta, Node, Pod, ReplicaSet, Status, find};
use model::{Lineage, ObjectRef};

/// The result of reading one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found<T> {
    /// It is there.
    There(T),
    /// There is none of that name.
    Absent,
    /// Nobody can say, and why.
    Unreadable(String),
}

impl<T> Found<T> {
    /// The object, where it is there.
    pub const fn there(&self) -> Option<&T> {
        match self {
            Self::There(object) => Some(object),
            Self::Absent | Self::Unreadable(_) => None,
        }
    }
}

/// What to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The lineage's own object.
    pub subject: Option<Lineage>,
    /// Pods by name.
    pub pods: Vec<ObjectRef>,
    /// All pods that are bound to this node.
    pub pods_on: Option<String>,
    /// The owner of this pod, and how many other pods of its DNS service are ready if it is one.
    pub owner_of: Option<ObjectRef>,
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// When the reading began, on the monotonic clock.
    pub read_at: Duration,
    /// The lineage's own object.
    pub subject: Option<Found<Subject>>,
    /// How long the node's lease has been seen unchanged, where the subject is a node.
    pub lease: LeaseAge,
    /// The pods that were asked for by name; the key is (namespace, name).
    pub pods: BTreeMap<(String, String), Found<Pod>>,
    /// The pods on the node that was asked for.
    pub pods_on_node: Option<Found<Vec<Pod>>>,
    /// The controller of the pod whose owner was asked for.
    pub owner: Option<Found<Workload>>,
    /// The Deployment whose revision that controller is: in a rollout it has other pods besides.
    pub top: Option<Found<Workload>>,
    /// Ready DNS pods beside the one asked about; `None` where it is no DNS pod.
    pub other_ready_dns: Option<Found<u32>>,
}

impl Facts {
    /// Nothing read yet.
    pub const fn at(read_at: Duration) -> Self {
        Self {
            read_at,
            subject: None,
            lease: LeaseAge::Unread,
            pods: BTreeMap::new(),
            pods_on_node: None,
            owner: None,
            top: None,
            other_ready_dns: None,
        }
    }

    /// A pod that was asked for by name.
    pub fn pod(&self, pod: &ObjectRef) -> Option<&Found<Pod>> {
        self.pods.get(&(pod.namespace.clone(), pod.name.clone()))
    }

    /// The node, where the subject is one and is there.
    pub fn node(&self) -> Option<&Node> {
        match self.subject.as_ref()?.there()? {
            Subject::Node(node) => Some(node),
            Subject::Workload(_) | Subject::Pod(_) => None,
        }
    }

    /// The workload, where the subject is one and is there.
    pub fn workload(&self) -> Option<&Workload> {
        match self.subject.as_ref()?.there()? {
            Subject::Workload(workload) => Some(workload),
            Subject::Node(_) | Subject::Pod(_) => None,
        }
    }

    /// The controllers of the pod whose owner was asked for, as far as they are there.
    pub fn owners(&self) -> impl Iterator<Item = &Workload> {
        [&self.owner, &self.top].into_iter().filter_map(|found| found.as_ref()?.there())
    }

    /// Everything that could not be read, in words.
    pub fn unreadable(&self) -> Option<String> {
        let subject = match &self.subject {
            Some(Found::Unreadable(why)) => Some(why),
            _ => None,
        };
        let pods = self.pods.values().find_map(|found| match found {
            Found::Unreadable(why) => Some(why),
            _ => None,
        });
        let on_node = match &self.pods_on_node {
            Some(Found::Unreadable(why)) => Some(why),
            _ => None,
        };
        let owner = [&self.owner, &self.top].into_iter().find_map(|found| match found {
            Some(Found::Unreadable(why)) => Some(why),
            _ => None,
        });
        let dns = match &self.other_ready_dns {
            Some(Found::Unreadable(why)) => Some(why),
            _ => None,
        };
        let lease = match &self.lease {
            LeaseAge::Unreadable(why) => Some(why),
            _ => None,
        };
        [subject, pods, on_node, owner, dns, lease].into_iter().flatten().next().cloned()
    }
}

/// The object that a lineage is named after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A node.
    Node(Node),
    /// A controller of pods.
    Workload(Workload),
    /// A pod of its own.
    Pod(Pod),
}

impl Subject {
    /// Its metadata, as far as vetoes need it: labels and annotations of ours.
    pub fn is_excluded(&self) -> bool {
        match self {
            Self::Node(node) => is_excluded(&node.metadata),
            Self::Pod(pod) => is_excluded(&pod.metadata),
            Self::Workload(workload) => workload.is_excluded,
        }
    }

    /// Its labels.
    pub fn labels(&self) -> BTreeMap<String, String> {
        let own =
            |meta: &Meta| meta.labels.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        match self {
            Self::Node(node) => own(&node.metadata),
            Self::Pod(pod) => own(&pod.metadata),
            Self::Workload(workload) => workload.labels.clone(),
        }
    }

    /// A reference to it, with its UID.
    pub fn reference(&self) -> ObjectRef {
        match self {
            Self::Node(node) => node.metadata.reference("Node"),
            Self::Pod(pod) => pod.metadata.reference("Pod"),
            Self::Workload(workload) => workload.reference.clone(),
        }
    }
}

/// How long a node's lease has been seen unchanged. By the time between two looks of our own: the
/// dates in it come from the node's clock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LeaseAge {
    /// Not asked for.
    #[default]
    Unread,
    /// There is none.
    Absent,
    /// Nobody can say, and why.
    Unreadable(String),
    /// Unchanged for so long, as far as we looked.
    Unchanged {
        /// For how long it was seen unchanged.
        so_long: Duration,
        /// For how long a renewal counts.
        duration: Duration,
    },
}

/// A controller of pods, whatever its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// Which one.
    pub reference: ObjectRef,
    /// The version that was read.
    pub resource_version: String,
    /// How many pods there should be.
    pub desired: u32,
    /// How many are ready.
    pub ready: u32,
    /// Whether a rollout is under way: not all pods are of the newest revision, or the controller
    /// has not seen the newest one yet.
    pub is_rolling: bool,
    /// Whether the server says that the rollout is stuck.
    pub is_stuck: bool,
    /// How many of its pods a rollout takes away at once, by its strategy.
    pub at_once: u32,
    /// Why a restart would do nothing, where it would not.
    pub holds_rollouts: Option<&'static str>,
    /// The attempt that changed it last.
    pub attempt: Option<String>,
    /// Whether somebody put it out of bounds.
    pub is_excluded: bool,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// Whether somebody put an object out of bounds: the annotation or label, unless it says `false`.
pub fn is_excluded(meta: &Meta) -> bool {
    let says = |value: Option<&str>| value.is_some_and(|value| value != "false");
    says(meta.annotations.get(crate::marks::EXCLUDE)) || says(meta.labels.get(crate::marks::EXCLUDE))
}

fn count(pods: i32) -> u32 {
    u32::try_from(pods).unwrap_or(0)
}

/// How many pods a rolling update takes away at once: one at least.
fn at_once(max_unavailable: Option<&Amount>, desired: u32) -> u32 {
    max_unavailable.map_or(1, |amount| amount.at_most(desired)).max(1)
}

/// A strategy by which pods are replaced only when somebody deletes them.
fn on_delete(kind: &str) -> Option<&'static str> {
    (kind == "OnDelete").then_some("its strategy is OnDelete: whoever runs it replaces its pods")
}

impl Workload {
    fn new(kind: &str, meta: &Meta) -> Self {
        Self {
            reference: meta.reference(kind),
            resource_version: meta.resource_version.to_string(),
            desired: 0,
            ready: 0,
            is_rolling: false,
            is_stuck: false,
            at_once: 1,
            holds_rollouts: None,
            attempt: meta.annotations.get(cluster::effects::ATTEMPT).map(str::to_owned),
            is_excluded: is_excluded(meta),
            labels: meta.labels.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        }
    }
}

impl From<&Deployment> for Workload {
    fn from(deployment: &Deployment) -> Self {
        let Deployment { metadata, spec, status } = deployment;
        let desired = count(spec.replicas.unwrap_or(1));
        let is_stuck = find(&status.conditions, "Progressing").is_some_and(|progressing| {
            progressing.status == Status::False && progressing.reason == "ProgressDeadlineExceeded"
        });
        Self {
            desired,
            ready: count(status.ready_replicas),
            is_rolling: status.observed_generation < metadata.generation
                || count(status.updated_replicas) < desired,
            is_stuck,
            at_once: match spec.strategy.kind.as_str() {
                "Recreate" => desired.max(1),
                _ => at_once(spec.strategy.rolling_update.max_unavailable.as_ref(), desired),
            },
            holds_rollouts: spec.paused.then_some("its rollouts are paused by whoever runs it"),
            ..Self::new("Deployment", metadata)
        }
    }
}

impl From<&views::StatefulSet> for Workload {
    fn from(set: &views::StatefulSet) -> Self {
        let views::StatefulSet { metadata, spec, status } = set;
        let desired = count(spec.replicas.unwrap_or(1));
        let strategy = &spec.update_strategy;
        Self {
            desired,
            ready: count(status.ready_replicas),
            is_rolling: status.observed_generation < metadata.generation
                || status.current_revision != status.update_revision,
            at_once: at_once(strategy.rolling_update.max_unavailable.as_ref(), desired),
            holds_rollouts: on_delete(&strategy.kind),
            ..Self::new("StatefulSet", metadata)
        }
    }
}

impl From<&views::DaemonSet> for Workload {
    fn from(set: &views::DaemonSet) -> Self {
        let views::DaemonSet { metadata, spec, status } = set;
        let desired = count(status.desired_number_scheduled);
        let strategy = &spec.update_strategy;
        Self {
            desired,
            ready: count(status.number_ready),
            is_rolling: status.observed_generation < metadata.generation
                || status.updated_number_scheduled < status.desired_number_scheduled,
            at_once: at_once(strategy.rolling_update.max_unavailable.as_ref(), desired),
            holds_rollouts: on_delete(&strategy.kind),
            ..Self::new("DaemonSet", metadata)
        }
    }
}

impl From<&ReplicaSet> for Workload {
    fn from(set: &ReplicaSet) -> Self {
        let ReplicaSet { metadata, spec, status } = set;
        Self {
            desired: count(spec.replicas.unwrap_or(1)),
            ready: count(status.ready_replicas),
            ..Self::new("ReplicaSet", metadata)
        }
    }
}

/// Whether a pod passes its readiness checks.
pub fn is_ready(pod: &Pod) -> bool {
    find(&pod.status.conditions, "Ready").is_some_and(|ready| ready.status == Status::True)
}

/// Whether it is one of the cluster's DNS servers.
pub fn is_dns(labels: impl Fn(&str) -> Option<String>) -> bool {
    dns_label(labels).is_some()
}

/// The label by which it is one, and by which the others are found.
pub fn dns_label(labels: impl Fn(&str) -> Option<String>) -> Option<(&'static str, String)> {
    ["k8s-app", "app.kubernetes.io/name"]
        .into_iter()
        .filter_map(|key| Some((key, labels(key)?)))
        .find(|(_, value)| matches!(value.as_str(), "kube-dns" | "coredns"))
}

/// The lineage that a pod belongs to, from the pod alone: a ReplicaSet of a Deployment is named
/// after it and the hash of its template.
pub fn lineage_of(pod: &Pod) -> Lineage {
    let meta = &pod.metadata;
    let Some(owner) = meta.controller() else {
        return Lineage::namespaced("Pod", meta.namespace.as_str(), meta.name.as_str());
    };
    let namespace = meta.namespace.as_str();
    match owner.kind.as_str() {
        "ReplicaSet" => {
            let hash = meta.labels.get("pod-template-hash").unwrap_or_default();
            match owner.name.strip_suffix(hash).and_then(|name| name.strip_suffix('-')) {
                Some(deployment) if !hash.is_empty() => {
                    Lineage::namespaced("Deployment", namespace, deployment)
                }
                _ => Lineage::namespaced("ReplicaSet", namespace, owner.name.as_str()),
            }
        }
        "StatefulSet" => Lineage::instance("StatefulSet", namespace, owner.name.as_str(), meta.name.as_str()),
        "DaemonSet" => {
            Lineage::instance("DaemonSet", namespace, owner.name.as_str(), pod.spec.node_name.as_str())
        }
        kind => Lineage::namespaced(kind, namespace, owner.name.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read<V>(spec: &Value, status: &Value) -> Workload
    where
        V: serde::de::DeserializeOwned,
        Workload: for<'a> From<&'a V>,
    {
        let metadata = json!({"name": "web", "namespace": "shop", "uid": "u", "resourceVersion": "1"});
        let object = json!({"metadata": metadata, "spec": spec, "status": status});
        Workload::from(&serde_json::from_value::<V>(object).expect("a view"))
    }

    #[test]
    fn a_deployment_says_how_many_pods_a_restart_takes() {
        let rolling = |max: Value| json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": max}});
        for (replicas, strategy, at_once) in [
            (10, rolling(json!("25%")), 3),
            (2, rolling(json!("25%")), 1),
            (10, rolling(json!(4)), 4),
            (10, rolling(json!(0)), 1),
            (3, rolling(json!(9)), 3),
            (3, rolling(json!("many")), 3),
            (3, json!({"type": "Recreate", "rollingUpdate": null}), 3),
            (0, json!({"type": "Recreate"}), 1),
            (3, json!(null), 1),
        ] {
            let workload =
                read::<Deployment>(&json!({"replicas": replicas, "strategy": strategy}), &json!({}));
            assert_eq!(workload.at_once, at_once, "{replicas} {strategy}");
            assert_eq!(workload.holds_rollouts, None);
        }
        assert!(read::<Deployment>(&json!({"paused": true}), &json!({})).holds_rollouts.is_some());
    }

    #[test]
    fn dns_is_known_by_the_label_that_says_so() {
        let labels = |key: &str| match key {
            "k8s-app" => Some("edge".to_owned()),
            _ => Some("coredns".to_owned()),
        };
        assert_eq!(dns_label(labels), Some(("app.kubernetes.io/name", "coredns".to_owned())));
        assert_eq!(dns_label(|_| Some("web".to_owned())), None);
    }

    #[test]
    fn sets_say_it_too() {
        let strategy =
            json!({"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "10%"}}});
        let agents = read::<views::DaemonSet>(&strategy, &json!({"desiredNumberScheduled": 95}));
        assert_eq!((agents.at_once, agents.holds_rollouts), (10, None));
        let db = read::<views::StatefulSet>(&json!({"replicas": 5}), &json!({}));
        assert_eq!((db.at_once, db.holds_rollouts), (1, None));
        let by_hand = json!({"updateStrategy": {"type": "OnDelete"}});
        assert!(read::<views::DaemonSet>(&by_hand, &json!({})).holds_rollouts.is_some());
        assert!(read::<views::StatefulSet>(&by_hand, &json!({})).holds_rollouts.is_some());
    }
}
