//! The cluster of a run, as its plan says: what is there before the first service starts.

use std::sync::{Arc, LazyLock};

use environment::Environment;
use serde_json::{Value, json};

use super::plan::{Plan, Workload};
use super::{policies, settings};
use crate::actors;
use crate::api::Server;
use crate::blueprint::{self, Blueprint};
use crate::kinds::{self, Definition, Kind};
use crate::kubelet::behaviour::ANNOTATION;
use crate::machinery::{self, Machinery};
use crate::registry::{Registry, Status, Webhooks};

/// What the services may do: as it is installed.
const RIGHTS: &str = include_str!("../../../../manifests/rbac.yaml");

/// The objects that grant the services their rights: the same in all runs of a process.
static GRANTED: LazyLock<Vec<Value>> =
    LazyLock::new(|| serde_saphyr::from_multiple(RIGHTS).expect("the manifests in the tree are YAML"));

/// The definitions of our own kinds: plain data, all of it.
static DEFINITIONS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    cluster::crds::all().iter().map(|own| serde_json::to_value(own).unwrap_or_default()).collect()
});

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

/// `remediations`.
pub fn remediation() -> Kind {
    own("Remediation", "remediations", "remediation", true)
}

/// The cluster. Cheap to clone.
#[derive(Clone)]
pub struct Cluster {
    /// Its objects, as its owners change them: past all webhooks.
    pub registry: Registry,
    /// The webhooks that everybody else's writes are admitted by.
    pub webhooks: Webhooks,
    /// Its API server.
    pub server: Server,
    /// Its controllers, scheduler and kubelets.
    pub machinery: Machinery,
}

impl Cluster {
    /// A cluster without anything in it.
    pub fn new(environment: &Environment, settings: machinery::Settings) -> Self {
        let registry = Registry::new(environment);
        let server = Server::new(registry.clone(), environment);
        let machinery = Machinery::start(&registry, environment, settings);
        server.set_logs(Arc::new(machinery.clone()));
        server.set_usage(Arc::new(machinery.clone()));
        let webhooks = registry.webhooks().clone();
        Self { registry: registry.past_webhooks(), webhooks, server, machinery }
    }

    /// Puts everything there that a plan has.
    pub fn build(&self, plan: &Plan) -> Result<(), Status> {
        let ground = Blueprint::new().nodes(plan.nodes, plan.zones).crowd(plan.crowd);
        let mut blueprint = installed(ground).namespace("shop").namespace("bank");
        for (kind, object) in actors::rights() {
            blueprint = blueprint.object(kind, "", object);
        }
        for (service, node) in plan.places() {
            blueprint = blueprint.object(kinds::POD, settings::NAMESPACE, service_pod(&service, &node));
        }
        for workload in &plan.workloads {
            blueprint = put_workload(blueprint, workload);
        }
        blueprint = blueprint.object(kinds::DEPLOYMENT, "kube-system", dns_servers());
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

/// With what is installed once per cluster: kinds, accounts, rights.
pub(super) fn installed(mut blueprint: Blueprint) -> Blueprint {
    for definition in &*DEFINITIONS {
        blueprint = blueprint.object(kinds::CUSTOM_RESOURCE_DEFINITION, "", definition.clone());
    }
    for object in &*GRANTED {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (kind, namespace) = (text(&object["kind"]), text(&object["metadata"]["namespace"]));
        if let Some(kind) =
            kinds::BUILT_IN.iter().find(|known| known.kind == kind && **known != kinds::NAMESPACE)
        {
            blueprint = blueprint.object(*kind, &namespace, object.clone());
        }
    }
    blueprint
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

/// Workloads that are ready only while names are resolved.
const NEED_NAMES: [&str; 2] = ["cart", "search"];

/// Two servers, known by the label that CoreDNS has.
fn dns_servers() -> Value {
    let labels = json!({"k8s-app": "kube-dns"});
    json!({
        "metadata": {"name": "coredns", "labels": labels},
        "spec": {
            "replicas": 2, "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"priority": 2_000_000_000, "containers": [container()]},
            },
        },
    })
}

fn put_workload(mut blueprint: Blueprint, workload: &Workload) -> Blueprint {
    let Workload { kind, namespace, name, replicas, budget } = workload;
    let labels = json!({"app": name});
    let behaviour = if NEED_NAMES.contains(&name.as_str()) { "needs-dns" } else { "healthy" };
    let mut template = json!({
        "metadata": {"labels": labels, "annotations": {ANNOTATION: behaviour}},
        "spec": {"containers": [container()]},
    });
    if kind == "StatefulSet" {
        let claim = json!({"name": "data", "persistentVolumeClaim": {"claimName": name}});
        template["spec"]["volumes"] = json!([claim]);
    }
    let mut spec = json!({"selector": {"matchLabels": labels}, "template": template});
    if kind != "DaemonSet" {
        spec["replicas"] = (*replicas).into();
    }
    if kind == "StatefulSet" {
        spec["serviceName"] = name.as_str().into();
    }
    if kind == "StatefulSet" {
        let claim = json!({"metadata": {"name": name}, "spec": {"accessModes": ["ReadWriteOnce"]}});
        blueprint = blueprint.object(kinds::PERSISTENT_VOLUME_CLAIM, namespace, claim);
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
