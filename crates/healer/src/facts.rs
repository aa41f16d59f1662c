//! What was read live, for one decision: from a quorum, moments ago.

mod workload;

use std::collections::BTreeMap;
use std::time::Duration;

use cluster::views::{Meta, Node, Pod, Status, find};
use model::{Lineage, ObjectRef};

pub use workload::Workload;

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
    /// Who else works on the node, where the subject is one.
    pub claim: Claim,
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
            claim: Claim::Unread,
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
        let claim = match &self.claim {
            Claim::Unreadable(why) => Some(why),
            _ => None,
        };
        [subject, pods, on_node, owner, dns, lease, claim].into_iter().flatten().next().cloned()
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

/// Who holds the Lease by which those that work on nodes keep out of each other's way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Claim {
    /// Not asked for.
    #[default]
    Unread,
    /// Nobody, or somebody who has not renewed it for as long as a renewal counts.
    Free,
    /// This one.
    Held(String),
    /// Nobody can say, and why.
    Unreadable(String),
}

/// Whether somebody put an object out of bounds: the annotation or label, unless it says `false`.
pub fn is_excluded(meta: &Meta) -> bool {
    let says = |value: Option<&str>| value.is_some_and(|value| value != "false");
    says(meta.annotations.get(crate::marks::EXCLUDE)) || says(meta.labels.get(crate::marks::EXCLUDE))
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
    use super::*;

    #[test]
    fn dns_is_known_by_the_label_that_says_so() {
        let labels = |key: &str| match key {
            "k8s-app" => Some("edge".to_owned()),
            _ => Some("coredns".to_owned()),
        };
        assert_eq!(dns_label(labels), Some(("app.kubernetes.io/name", "coredns".to_owned())));
        assert_eq!(dns_label(|_| Some("web".to_owned())), None);
    }
}
