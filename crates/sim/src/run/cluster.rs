//! The cluster of a run, as its plan says: what is there before the first service starts.

use environment::Environment;
use serde_json::{Value, json};

use super::plan::{Plan, Workload};
use super::{policies, settings};
use crate::api::Server;
use crate::blueprint::{self, Blueprint};
use crate::kinds::{self, Definition, Kind};
use crate::machinery::{self, Machinery};
use crate::registry::{Registry, Status};

/// What the services may do: as it is installed.
const RIGHTS: &str = include_str!("../../../../manifests/rbac.yaml");

/// The objects that grant the services their rights.
fn granted() -> Vec<Value> {
    serde_saphyr::from_multiple(RIGHTS).expect("the manifests in the tree are YAML")
}

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
pub fn healing_policy() -> Kind {
    own("HealingPolicy", "healingpolicies", "healingpolicy", true)
}

/// The cluster. Cheap to clone.
#[derive(Clone)]
pub struct Cluster {
    /// Its objects.
    pub registry: Registry,
    /// Its API server.
    pub server: Server,
    /// Its controllers, scheduler and kubelets.
    pub machinery: Machinery,
}

impl Cluster {
    /// A cluster without anything in it.
    pub fn new(environment: &Environment) -> Self {
        let registry = Registry::new(environment);
        let server = Server::new(registry.clone(), environment);
        let machinery = Machinery::start(&registry, environment, machinery::Settings::default());
        Self { registry, server, machinery }
    }

    /// Puts everything there that a plan has.
    pub fn build(&self, plan: &Plan) -> Result<(), Status> {
        let mut blueprint =
            Blueprint::new().nodes(plan.nodes, plan.zones).namespace("shop").namespace("bank");
        for definition in cluster::crds::all() {
            // Plain data, all of it.
            let definition = serde_json::to_value(&definition).unwrap_or_default();
            blueprint = blueprint.object(kinds::CUSTOM_RESOURCE_DEFINITION, "", definition);
        }
        for object in granted() {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let (kind, namespace) = (text(&object["kind"]), text(&object["metadata"]["namespace"]));
            if let Some(kind) =
                kinds::BUILT_IN.iter().find(|known| known.kind == kind && **known != kinds::NAMESPACE)
            {
                blueprint = blueprint.object(*kind, &namespace, object);
            }
        }
        for (service, node) in plan.places() {
            blueprint = blueprint.object(kinds::POD, settings::NAMESPACE, service_pod(&service, &node));
        }
        for workload in &plan.workloads {
            blueprint = put_workload(blueprint, workload);
        }
        corrupted(blueprint, plan).build(&self.registry)?;
        let brake_off = json!({"metadata": {"name": "cluster"}, "spec": {"paused": false}});
        self.registry.create(brake(), "", brake_off)?;
        for (name, spec) in policies::enforced().into_iter().chain(policies::inert()) {
            let policy = json!({"metadata": {"name": name}, "spec": spec});
            // One that the server itself refuses does nothing either.
            if let Err(status) = self.registry.create(healing_policy(), "", policy) {
                tracing::debug!(%status, name, "a policy was refused");
            }
        }
        Ok(())
    }
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

fn put_workload(mut blueprint: Blueprint, workload: &Workload) -> Blueprint {
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
    let object = json!({"metadata": {"name": name, "labels": labels}, "spec": spec});
    blueprint = blueprint.object(kind, namespace, object);
    blueprint = blueprint.object(kinds::SERVICE, namespace, blueprint::service(name, name));
    if let Some(budget) = budget {
        let budget = blueprint::budget(name, "maxUnavailable", (*budget).into());
        blueprint = blueprint.object(kinds::POD_DISRUPTION_BUDGET, namespace, budget);
    }
    blueprint
}

/// Pods whose references make no sense: owned by what is not there, and owned by nobody; both are
/// never ready.
fn corrupted(mut blueprint: Blueprint, plan: &Plan) -> Blueprint {
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
        blueprint = blueprint.object(kinds::POD, "shop", pod);
    }
    blueprint
}
