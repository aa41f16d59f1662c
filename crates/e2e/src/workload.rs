//! Workloads with real containers that break on command.

use anyhow::{Context, Result};
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use serde_json::{Value, json};

use crate::bed::Bed;
use crate::cluster::Cluster;
use crate::scenario::Stage;

/// The image that the testbed puts on every real node: busybox with its applets.
pub const TOOLS: &str = "seaworthy.test/tools:1";
/// An image that the testbed's registry does not have.
pub const NO_SUCH_IMAGE: &str = "seaworthy.test/no-such-image:1";

/// The file whose presence makes a container ready.
const READY: &str = "/tmp/ready";

/// Where a simulated kubelet reads what a container does; a real one does not look.
const BEHAVIOUR: &str = "sim.seaworthy.test/behaviour";

/// What a container does: its script, and the words for a simulated kubelet.
#[derive(Clone, Copy, Debug)]
struct Does {
    script: &'static str,
    simulated: &'static str,
}

/// Ready from the start, and until its file is removed.
const SERVES: Does = Does { script: SERVES_SCRIPT, simulated: "stops-in=100ms" };
/// Alive, and never ready.
const NEVER_SERVES: Does = Does { script: NEVER_SERVES_SCRIPT, simulated: "never-ready,stops-in=100ms" };
/// Takes more memory than it is allowed.
const HUNGRY: Does = Does { script: HUNGRY_SCRIPT, simulated: "oom-after=100ms" };
/// Ends at once, with a code to be found again in the evidence.
const CRASHES: Does = Does { script: CRASHES_SCRIPT, simulated: "crashes-after=100ms,exit=3" };

const SERVES_SCRIPT: &str = "touch /tmp/ready; trap 'exit 0' TERM; while true; do sleep 3600 & wait; done";
const NEVER_SERVES_SCRIPT: &str = "trap 'exit 0' TERM; while true; do sleep 3600 & wait; done";
/// One buffer of 128 MiB.
const HUNGRY_SCRIPT: &str = "dd if=/dev/zero of=/dev/null bs=128M count=1";
/// How many seconds a probe may take: on a machine that is busy, whoever is well is not unwell for it.
const PROBE_S: u32 = 10;
const CRASHES_SCRIPT: &str = "echo cannot find the treasure map >&2; exit 3";

/// A workload to be, whose pods bear the label `app` with its name.
#[derive(Clone, Debug)]
pub struct Workload {
    namespace: String,
    name: String,
    replicas: u32,
    image: String,
    does: Does,
    probed: bool,
    memory_limit: Option<String>,
    node_selector: Value,
}

impl Workload {
    /// Containers that are ready until [`deadlock`] strikes.
    pub fn serving(namespace: &str, name: &str) -> Self {
        Self::that(namespace, name, SERVES)
    }

    /// Containers that run and never become ready, however often they are replaced.
    pub fn never_ready(namespace: &str, name: &str) -> Self {
        Self::that(namespace, name, NEVER_SERVES)
    }

    /// Containers that are killed for exceeding their limit of 32 MiB.
    pub fn hungry(namespace: &str, name: &str) -> Self {
        let limit = Some("32Mi".to_owned());
        Self { memory_limit: limit, probed: false, ..Self::that(namespace, name, HUNGRY) }
    }

    /// Containers that exit with code 3, with a reason on stderr, and are never ready in between.
    pub fn crashing(namespace: &str, name: &str) -> Self {
        Self::that(namespace, name, CRASHES)
    }

    fn that(namespace: &str, name: &str, does: Does) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            replicas: 1,
            image: TOOLS.to_owned(),
            does,
            probed: true,
            memory_limit: None,
            node_selector: json!({"seaworthy.test/real": "true"}),
        }
    }

    /// With so many pods.
    #[must_use]
    pub fn replicas(self, replicas: u32) -> Self {
        Self { replicas, ..self }
    }

    /// From another image.
    #[must_use]
    pub fn image(self, image: &str) -> Self {
        Self { image: image.to_owned(), ..self }
    }

    /// On this node only.
    #[must_use]
    pub fn on_node(self, node: &str) -> Self {
        Self { node_selector: json!({"kubernetes.io/hostname": node}), ..self }
    }

    /// As a Deployment.
    pub async fn create(&self, cluster: &Cluster) -> Result<Deployment> {
        let mut deployment = self.object();
        deployment["spec"]["replicas"] = json!(self.replicas);
        cluster.create(&self.namespace, deployment).await
    }

    /// As a StatefulSet whose pods do not wait for each other: otherwise a rollout waits for the pod
    /// that is broken, which it is to replace.
    pub async fn create_stateful_set(&self, cluster: &Cluster) -> Result<StatefulSet> {
        let mut set = self.object();
        set["spec"]["replicas"] = json!(self.replicas);
        set["spec"]["serviceName"] = json!(self.name);
        set["spec"]["podManagementPolicy"] = json!("Parallel");
        cluster.create(&self.namespace, set).await
    }

    /// As a DaemonSet: a pod on every node that it selects.
    pub async fn create_daemon_set(&self, cluster: &Cluster) -> Result<DaemonSet> {
        cluster.create(&self.namespace, self.object()).await
    }

    /// What every kind of workload has.
    fn object(&self) -> Value {
        let labels = json!({"app": self.name});
        json!({
            "metadata": {"name": self.name, "labels": labels},
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels, "annotations": {BEHAVIOUR: self.does.simulated}},
                    "spec": {
                        "terminationGracePeriodSeconds": 2,
                        "automountServiceAccountToken": false,
                        "nodeSelector": self.node_selector,
                        "containers": [self.container()],
                    },
                },
            },
        })
    }

    fn container(&self) -> Value {
        let mut container = json!({
            "name": "main",
            "image": self.image,
            "command": ["/bin/sh", "-c", self.does.script],
            "terminationMessagePolicy": "FallbackToLogsOnError",
        });
        if self.probed {
            container["readinessProbe"] = json!({"exec": {"command": ["cat", READY]}, "periodSeconds": 1, "failureThreshold": 1, "timeoutSeconds": PROBE_S});
        }
        if let Some(limit) = &self.memory_limit {
            container["resources"] = json!({"limits": {"memory": limit}});
        }
        container
    }
}

/// Waits until what is new is made, placed and run on every real node. After a restart of the API server
/// each of its clients may take up to a minute before it asks again, and hears nothing until then.
pub async fn run_on_every_node(stage: &Stage) -> Result<()> {
    let (cluster, namespace) = (&stage.cluster, format!("{}-every-node", stage.namespace));
    cluster.make_namespace(&namespace).await?;
    let nodes = stage.bed.real_nodes().await?;
    for node in &nodes {
        Workload::serving(&namespace, node).on_node(node).create(cluster).await?;
    }
    for node in &nodes {
        cluster.ready_pods(&namespace, node, 1).await?;
    }
    cluster.drop_namespace(&namespace).await
}

/// Makes a container hang: it runs on, and is not ready any more for good.
pub async fn deadlock(bed: &Bed, pod: &Pod) -> Result<()> {
    let (namespace, name) = place(pod)?;
    bed.kubectl(&["exec", "--namespace", namespace, name, "--", "rm", READY]).await.map(drop)
}

/// Lets a container that hangs recover by itself.
pub async fn recover(bed: &Bed, pod: &Pod) -> Result<()> {
    let (namespace, name) = place(pod)?;
    bed.kubectl(&["exec", "--namespace", namespace, name, "--", "touch", READY]).await.map(drop)
}

/// Gives a Deployment containers that run on instead of ending: what a person does about a crash.
pub async fn mend(cluster: &Cluster, namespace: &str, name: &str) -> Result<()> {
    let container = json!({"name": "main", "command": ["/bin/sh", "-c", SERVES.script]});
    let behaviour = json!({"annotations": {BEHAVIOUR: SERVES.simulated}});
    let change = json!({"spec": {"template": {"metadata": behaviour, "spec": {"containers": [container]}}}});
    cluster.change::<Deployment>(namespace, name, change).await.map(drop)
}

/// A Service in front of the pods that bear the label `app` with this value.
pub async fn service(cluster: &Cluster, namespace: &str, name: &str, app: &str) -> Result<()> {
    let service = json!({
        "metadata": {"name": name},
        "spec": {"selector": {"app": app}, "ports": [{"port": 80}]},
    });
    cluster.create::<Service>(namespace, service).await.map(drop)
}

/// A budget that leaves no room for any disruption of a workload.
pub async fn no_disruptions(cluster: &Cluster, namespace: &str, app: &str) -> Result<()> {
    let budget = json!({
        "metadata": {"name": app},
        // AlwaysAllow would let unready pods be evicted whatever the budget says.
        "spec": {
            "maxUnavailable": 0,
            "selector": {"matchLabels": {"app": app}},
            "unhealthyPodEvictionPolicy": "IfHealthyBudget",
        },
    });
    cluster.create::<PodDisruptionBudget>(namespace, budget).await.map(drop)
}

/// Namespace and name of a pod.
pub fn place(pod: &Pod) -> Result<(&str, &str)> {
    let metadata = &pod.metadata;
    metadata.namespace.as_deref().zip(metadata.name.as_deref()).context("a pod has a namespace and a name")
}

/// The node a pod is on.
pub fn node(pod: &Pod) -> Result<&str> {
    pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()).context("the pod is on no node")
}

/// The UID of a pod.
pub fn uid(pod: &Pod) -> &str {
    pod.metadata.uid.as_deref().unwrap_or_default()
}
