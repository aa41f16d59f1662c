//! A controller of pods as the rules see it, whatever its kind.

use std::collections::BTreeMap;

use cluster::views::{self, Amount, Deployment, Meta, ReplicaSet, Status, find};
use model::ObjectRef;

use super::is_excluded;

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
    /// Why whoever runs it does not want it rolled out at this time, where they do not.
    pub holds_rollouts: Option<&'static str>,
    /// Why a restart would replace none of its pods as things are, where it would not.
    pub replaces_none: Option<&'static str>,
    /// The attempt that changed it last.
    pub attempt: Option<String>,
    /// Whether somebody put it out of bounds.
    pub is_excluded: bool,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
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
    (kind == "OnDelete").then_some(
        "its strategy is OnDelete, so that a pod is replaced only when it is deleted: let the policy evict it",
    )
}

/// The two more ways in which a StatefulSet's update may replace nothing. The first is
/// kubernetes#67250: in order, the controller does not go past a pod that is not ready, nor does it
/// replace that one by its new revision.
fn waits(set: &views::StatefulSet, desired: u32, ready: u32) -> Option<&'static str> {
    let spec = &set.spec;
    let is_in_order = spec.pod_management_policy.as_str() != "Parallel";
    let end = i64::from(spec.ordinals.start) + i64::from(desired);
    if is_in_order && ready < desired {
        Some(
            "its podManagementPolicy is OrderedReady, by which Kubernetes replaces none of its pods while one is \
             not ready: let a step with EvictPod come first, or delete the pod that is not ready",
        )
    } else if i64::from(spec.update_strategy.rolling_update.partition) >= end {
        Some(
            "the partition of its updateStrategy keeps every pod as it is: lower it, or let the policy evict pods",
        )
    } else {
        None
    }
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
            replaces_none: None,
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
        let (desired, ready) = (count(spec.replicas.unwrap_or(1)), count(status.ready_replicas));
        let strategy = &spec.update_strategy;
        Self {
            desired,
            ready,
            is_rolling: status.observed_generation < metadata.generation
                || status.current_revision != status.update_revision,
            at_once: at_once(strategy.rolling_update.max_unavailable.as_ref(), desired),
            replaces_none: on_delete(&strategy.kind).or_else(|| waits(set, desired, ready)),
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
            replaces_none: on_delete(&strategy.kind),
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
    fn sets_say_it_too() {
        let strategy =
            json!({"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "10%"}}});
        let agents = read::<views::DaemonSet>(&strategy, &json!({"desiredNumberScheduled": 95}));
        assert_eq!((agents.at_once, agents.replaces_none), (10, None));
        let db = read::<views::StatefulSet>(&json!({"replicas": 5}), &json!({"readyReplicas": 5}));
        assert_eq!((db.at_once, db.replaces_none), (1, None));
        let by_hand = json!({"updateStrategy": {"type": "OnDelete"}});
        assert!(read::<views::DaemonSet>(&by_hand, &json!({})).replaces_none.is_some());
        assert!(read::<views::StatefulSet>(&by_hand, &json!({})).replaces_none.is_some());
    }

    #[test]
    fn a_set_whose_update_would_wait_for_a_pod_says_so() {
        let rolling = |partition: i32| json!({"rollingUpdate": {"partition": partition}});
        for (order, ready, partition, start, expected) in [
            ("OrderedReady", 3, 0, 0, None),
            ("OrderedReady", 2, 0, 0, Some("OrderedReady")),
            ("", 2, 0, 0, Some("OrderedReady")),
            ("Parallel", 2, 0, 0, None),
            ("OrderedReady", -7, 0, 0, Some("OrderedReady")),
            ("OrderedReady", 3, 2, 0, None),
            ("OrderedReady", 3, 3, 0, Some("partition")),
            ("Parallel", 3, 3, 5, None),
            ("Parallel", 3, i32::MAX, i32::MAX, None),
        ] {
            let spec = json!({"replicas": 3, "podManagementPolicy": order, "ordinals": {"start": start},
                "updateStrategy": rolling(partition)});
            let set = read::<views::StatefulSet>(&spec, &json!({"readyReplicas": ready}));
            let why = set.replaces_none;
            assert_eq!(why.is_some(), expected.is_some(), "{spec} {ready}: {why:?}");
            assert!(expected.is_none_or(|expected| why.unwrap().contains(expected)), "{why:?}");
        }
    }
}
