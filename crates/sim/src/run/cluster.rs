//! The cluster of a run, as its plan says: what is there before the first service starts.

use environment::Environment;
use serde_json::{Value, json};

use super::plan::{Plan, Workload};
use super::{policies, settings};
use crate::api::Server;
use crate::kinds::{self, Definition, Kind};
use crate::registry::{Registry, Status};

/// The image that workloads run.
pub const IMAGE: &str = "registry.test/app:1";

/// A kind of our own group.
fn own(kind: &'static str, plural: &'static str, singular: &'static str, has_status: bool) -> Kind {
    Kind::custom(Definition {
        group: "seaworthy.dev",
        version: "v1alpha1",
        kind,
        plural,
        singular,
        short: &[],
        categories: &[],
        is_namespaced: false,
        subresources: if has_status { &["status"] } else { &[] },
    })
}

/// `brakes`.
pub fn brake() -> Kind {
    own("Brake", "brakes", "brake", false)
}

/// `healingpolicies`.
fn healing_policy() -> Kind {
    own("HealingPolicy", "healingpolicies", "healingpolicy", true)
}

/// The cluster. Cheap to clone.
#[derive(Clone)]
pub struct Cluster {
    /// Its objects.
    pub registry: Registry,
    /// Its API server.
    pub server: Server,
}

impl Cluster {
    /// A cluster without anything in it.
    pub fn new(environment: &Environment) -> Self {
        let registry = Registry::new(environment);
        let server = Server::new(registry.clone(), environment);
        Self { registry, server }
    }

    /// Puts everything there that a plan has.
    pub fn build(&self, plan: &Plan) -> Result<(), Status> {
        let registry = &self.registry;
        let names =
            ["default", "kube-system", "kube-public", "kube-node-lease", settings::NAMESPACE, "shop", "bank"];
        for name in names {
            let namespace = json!({"metadata": {"name": name}, "spec": {}, "status": {"phase": "Active"}});
            registry.put(kinds::NAMESPACE, "", namespace)?;
        }
        for definition in cluster::crds::all() {
            // Plain data, all of it.
            let definition = serde_json::to_value(&definition).unwrap_or_default();
            registry.put(kinds::CUSTOM_RESOURCE_DEFINITION, "", definition)?;
        }
        for (index, name) in plan.node_names().iter().enumerate() {
            registry.put(kinds::NODE, "", node(name, plan.zone_of(index)))?;
        }
        for (service, node) in plan.places() {
            registry.put(kinds::POD, settings::NAMESPACE, service_pod(&service, &node))?;
        }
        for workload in &plan.workloads {
            put_workload(registry, workload)?;
        }
        corrupted(registry, plan)?;
        for (name, spec) in policies::enforced().into_iter().chain(policies::inert()) {
            let policy = json!({"metadata": {"name": name}, "spec": spec});
            // One that the server itself refuses does nothing either.
            if let Err(status) = registry.create(healing_policy(), "", policy) {
                tracing::debug!(%status, name, "a policy was refused");
            }
        }
        let brake_off = json!({"metadata": {"name": "cluster"}, "spec": {"paused": false}});
        registry.create(brake(), "", brake_off)?;
        Ok(())
    }
}

fn node(name: &str, zone: &str) -> Value {
    let resources = json!({"cpu": "8", "memory": "32Gi", "pods": "110", "ephemeral-storage": "100Gi"});
    json!({
        "metadata": {
            "name": name,
            "labels": {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": zone},
        },
        "spec": {},
        "status": {"capacity": resources, "allocatable": resources},
    })
}

fn container() -> Value {
    json!({
        "name": "app", "image": IMAGE,
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": 8080}, "periodSeconds": 5},
    })
}

fn service_pod(name: &str, node: &str) -> Value {
    json!({
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"nodeName": node, "containers": [container()], "tolerations": [{"operator": "Exists"}]},
    })
}

fn put_workload(registry: &Registry, workload: &Workload) -> Result<(), Status> {
    let Workload { kind, namespace, name, replicas, budget } = workload;
    let labels = json!({"app": name});
    let template = json!({
        "metadata": {"labels": labels, "annotations": {}},
        "spec": {"containers": [container()]},
    });
    let mut spec = json!({"selector": {"matchLabels": labels}, "template": template});
    if kind != "DaemonSet" {
        spec["replicas"] = (*replicas).into();
    }
    if kind == "StatefulSet" {
        spec["serviceName"] = name.as_str().into();
    }
    let kinds = [kinds::DEPLOYMENT, kinds::STATEFUL_SET, kinds::DAEMON_SET];
    let kind = kinds.into_iter().find(|known| known.kind == kind).unwrap_or(kinds::DEPLOYMENT);
    registry.create(kind, namespace, json!({"metadata": {"name": name, "labels": labels}, "spec": spec}))?;
    registry.create(
        kinds::SERVICE,
        namespace,
        json!({"metadata": {"name": name}, "spec": {"selector": labels, "ports": [{"port": 80}]}}),
    )?;
    if let Some(budget) = budget {
        let spec = json!({"maxUnavailable": budget, "selector": {"matchLabels": labels}});
        registry.create(
            kinds::POD_DISRUPTION_BUDGET,
            namespace,
            json!({"metadata": {"name": name}, "spec": spec}),
        )?;
    }
    Ok(())
}

/// Pods whose references make no sense: owned by what is not there, and owned by nobody; both are
/// never ready.
fn corrupted(registry: &Registry, plan: &Plan) -> Result<(), Status> {
    let owner = json!([{
        "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-0000000000", "controller": true,
        "uid": "00000000-0000-4000-8000-000000000000",
    }]);
    let node = plan.node_names().swap_remove(0);
    for (name, owners) in [("stray", owner), ("bare", json!([]))] {
        let mut pod = json!({
            "metadata": {
                "name": name, "labels": {"app": name, "sim.seaworthy.test/corrupted": "yes"},
                "annotations": {"sim.seaworthy.test/behaviour": "never-ready"},
            },
            "spec": {"nodeName": node, "containers": [container()]},
        });
        pod["metadata"]["ownerReferences"] = owners;
        registry.put(kinds::POD, "shop", pod)?;
    }
    Ok(())
}
