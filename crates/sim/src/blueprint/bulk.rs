//! Clusters too large to grow: pods that are written as they would be after a quiet day.

use serde_json::{Value, json};

use super::Workload;
use crate::controllers::pod_template;
use crate::kinds;
use crate::registry::{Registry, Status, time};

/// Pods of each Deployment.
const REPLICAS: usize = 50;
/// Deployments of each namespace.
const DEPLOYMENTS: usize = 20;

/// Puts settled pods, of Deployments of 50, on the nodes that are there.
pub(super) fn settle(registry: &Registry, nodes: usize, pods: usize) -> Result<(), Status> {
    for first in (0..pods).step_by(REPLICAS) {
        let number = first / REPLICAS;
        let space = format!("team-{}", number / DEPLOYMENTS);
        if number.is_multiple_of(DEPLOYMENTS) {
            registry.put(kinds::NAMESPACE, "", json!({"metadata": {"name": space}}))?;
        }
        let count = REPLICAS.min(pods - first);
        let set = deployment(registry, &space, &format!("app-{number}"), count)?;
        for pod in first..first + count {
            registry.put(kinds::POD, &space, settled(registry, &set, pod % nodes, pod))?;
        }
    }
    Ok(())
}

/// A Deployment that is complete, and its ReplicaSet, which is returned.
fn deployment(registry: &Registry, space: &str, name: &str, count: usize) -> Result<Value, Status> {
    let mut own = Workload::deployment(space, name, count as u32).container("readinessProbe", Value::Null);
    own = own.spec("strategy", json!({"type": "RollingUpdate"}));
    let mut value = own.object();
    let now = time(registry.now());
    let condition = |kind: &str, reason: &str, message: &str| {
        json!({
            "type": kind, "status": "True", "reason": reason, "message": message,
            "lastTransitionTime": now, "lastUpdateTime": now,
        })
    };
    let hash = pod_template::hash(&value["spec"]["template"], 0);
    let set_name = format!("{name}-{hash}");
    value["metadata"]["annotations"] = json!({"deployment.kubernetes.io/revision": "1"});
    let progressed = format!("ReplicaSet \"{set_name}\" has successfully progressed.");
    value["status"] = json!({
        "observedGeneration": 1, "replicas": count, "updatedReplicas": count, "readyReplicas": count,
        "availableReplicas": count,
        "conditions": [
            condition("Available", "MinimumReplicasAvailable", "Deployment has minimum availability."),
            condition("Progressing", "NewReplicaSetAvailable", &progressed),
        ],
    });
    let made = registry.put(kinds::DEPLOYMENT, space, value)?.value();
    let mut template = made["spec"]["template"].clone();
    template["metadata"]["labels"]["pod-template-hash"] = hash.as_str().into();
    let set = json!({
        "metadata": {
            "name": set_name, "labels": template["metadata"]["labels"],
            "annotations": {"deployment.kubernetes.io/revision": "1"},
            "ownerReferences": [pod_template::owner_reference(kinds::DEPLOYMENT, &made)],
        },
        "spec": {
            "replicas": count, "template": template,
            "selector": {"matchLabels": template["metadata"]["labels"]},
        },
        "status": {
            "observedGeneration": 1, "replicas": count, "fullyLabeledReplicas": count,
            "readyReplicas": count, "availableReplicas": count,
        },
    });
    Ok(registry.put(kinds::REPLICA_SET, space, set)?.value())
}

/// A pod of a ReplicaSet that runs and is ready.
fn settled(registry: &Registry, set: &Value, node: usize, number: usize) -> Value {
    let now = time(registry.now());
    let mut pod = pod_template::pod(kinds::REPLICA_SET, set);
    pod["metadata"]["generateName"] =
        format!("{}-", set["metadata"]["name"].as_str().unwrap_or_default()).into();
    pod["spec"]["nodeName"] = format!("n-{node}").into();
    let condition = |kind: &str| json!({"type": kind, "status": "True", "lastTransitionTime": now});
    let kinds = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];
    let ip = format!("10.{}.{}.{}", 128 + number / 62_500, number / 250 % 250, number % 250 + 2);
    pod["status"] = json!({
        "phase": "Running", "qosClass": "Burstable", "startTime": now, "podIP": ip, "podIPs": [{"ip": ip}],
        "conditions": kinds.map(condition),
        "containerStatuses": [{
            "name": "main", "image": pod["spec"]["containers"][0]["image"], "imageID": "", "ready": true,
            "started": true, "restartCount": 0, "state": {"running": {"startedAt": now}}, "lastState": {},
        }],
    });
    pod
}
