//! Monitor and healer where they belong: from the project's own image, in pods under the restricted Pod
//! Security standard, with the pods' own accounts and the tokens that the kubelet renews. They become
//! ready, and heal what hangs.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::audit;
use e2e::eventually;
use e2e::installation::{self, NAMESPACE, Service, program};
use e2e::scenario::{Skipped, Stage};
use e2e::workload::{self, Workload};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret, Service as KubernetesService};
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use model::Lineage;
use model::codes::POD_RUNNING_NOT_READY;
use model::remediation::Phase;
use serde_json::{Value, json};

use crate::policies::evict_when_not_ready;

const PATIENCE: Duration = Duration::from_mins(2);
/// Set by whoever has put the image on the nodes: its name.
const IMAGE: &str = "SEAWORTHY_E2E_IMAGE";
/// Whoever enforces this refuses pods that ask for more than they need.
const ENFORCE: &str = "pod-security.kubernetes.io/enforce";
const SERVICES: [Service; 2] = [Service::Monitor, Service::Healer];
/// Where pods find their configuration and identity.
const CONFIG: &str = "/etc/seaworthy/config";
const IDENTITY: &str = "/etc/seaworthy/tls";
const API_PORT: u16 = 8440;
const HEALTH_PORT: u16 = 9440;

pub(crate) async fn run(stage: &Stage) -> Result<()> {
    let Some(image) = std::env::var(IMAGE).ok().filter(|image| !image.is_empty()) else {
        let reason = format!("{IMAGE} is not set: `cargo xtask image`, imported on the nodes, makes one");
        return Err(Skipped(reason).into());
    };
    installation::install(&stage.suite).await?;
    stage.cluster.clear_own_group().await?;
    stage.cluster.set_brake(false).await?;
    enforce(stage, Some("restricted")).await?;
    let played = play(stage, &image).await;
    let removed = remove(stage).await;
    enforce(stage, None).await?;
    played.and(removed)
}

async fn play(stage: &Stage, image: &str) -> Result<()> {
    let (cluster, namespace) = (&stage.cluster, stage.namespace.as_str());
    let certificates = tempfile::tempdir()?;
    program(&stage.bed, &["certs", "--out", &certificates.path().display().to_string()]).await?;
    for service in SERVICES {
        deploy(stage, service, image, certificates.path()).await?;
    }
    for service in SERVICES {
        let running = ready(stage, service).await;
        let running = match running {
            Ok(pods) => pods,
            Err(error) => return Err(error.context(words(stage, service).await)),
        };
        ensure!(running == 1, "one pod of {}, not {running}", service.name());
    }

    stage.policy(evict_when_not_ready(namespace)).await?;
    Workload::serving(namespace, "web").replicas(2).create(cluster).await?;
    let hangs = cluster.ready_pods(namespace, "web", 2).await?.remove(0);
    workload::deadlock(&stage.bed, &hangs).await?;
    let lineage = Lineage::namespaced("Deployment", namespace, "web");
    cluster.reaches(&lineage, POD_RUNNING_NOT_READY, Phase::Succeeded, PATIENCE).await?;
    let effects = stage.effects()?;
    ensure!(effects.len() == 1 && effects[0].succeeded(), "one effect, not these:{}", audit::told(&effects));
    for service in SERVICES {
        let denied = stage.audit.denied(&service.user(), stage.mark)?;
        ensure!(denied.is_empty(), "denied calls:{}", audit::told(&denied));
    }
    Ok(())
}

/// Waits until a service's pods are ready; how many there are.
async fn ready(stage: &Stage, service: Service) -> Result<usize> {
    Ok(stage.cluster.ready_pods(NAMESPACE, service.account(), 1).await?.len())
}

/// What a service said last, for a message.
async fn words(stage: &Stage, service: Service) -> String {
    let selector = format!("app={}", service.account());
    let arguments = ["logs", "--namespace", NAMESPACE, "--selector", &selector, "--tail", "10"];
    stage.bed.kubectl(&arguments).await.unwrap_or_else(|error| format!("{error:#}"))
}

/// Configuration, identity, address and Deployment of a service.
async fn deploy(stage: &Stage, service: Service, image: &str, certificates: &Path) -> Result<()> {
    let cluster = &stage.cluster;
    let name = service.account();
    let metadata = json!({"name": name, "labels": {"app": name}});
    let identity = |file: &str| {
        std::fs::read_to_string(certificates.join(service.name()).join(file)).context("read an identity")
    };
    let identity = json!({
        "metadata": metadata,
        "stringData": {
            "ca.crt": identity("ca.crt")?, "tls.crt": identity("tls.crt")?, "tls.key": identity("tls.key")?,
        },
    });
    cluster.create::<Secret>(NAMESPACE, identity).await?;
    let config = json!({"metadata": metadata, "data": {"config.yaml": config(service).to_string()}});
    cluster.create::<ConfigMap>(NAMESPACE, config).await?;
    let address = json!({
        "metadata": metadata,
        "spec": {"selector": {"app": name}, "ports": [{"name": "api", "port": API_PORT}]},
    });
    cluster.create::<KubernetesService>(NAMESPACE, address).await?;
    cluster.create::<Deployment>(NAMESPACE, deployment(service, image)).await?;
    Ok(())
}

/// As short as it can be: the rest is for pods to find out.
fn config(service: Service) -> Value {
    let kind = if service == Service::Monitor { "MonitorConfig" } else { "HealerConfig" };
    let file = |name: &str| format!("{IDENTITY}/{name}");
    let mut config = json!({
        "apiVersion": "config.seaworthy.dev/v1alpha1",
        "kind": kind,
        "cluster": "testbed",
        "listen": {"api": format!("0.0.0.0:{API_PORT}"), "metrics": format!("0.0.0.0:{HEALTH_PORT}")},
        "tls": {"ca": file("ca.crt"), "cert": file("tls.crt"), "key": file("tls.key")},
    });
    if service == Service::Monitor {
        config["healers"] = json!([format!("https://{}:{API_PORT}", Service::Healer.account())]);
        config["checks"] = json!({"PodRunningNotReady": {"for": "0s", "healthyFor": "2s"}});
    } else {
        config["healthyFor"] = json!("2s");
        // Half of two is one.
        config["budgets"] = json!({"pods": {"owner": "50%"}});
    }
    config
}

/// What the restricted standard asks for, and no more.
fn deployment(service: Service, image: &str) -> Value {
    let name = service.account();
    let probe = |path: &str, failures: u32| {
        let get = json!({"path": path, "port": HEALTH_PORT});
        json!({"httpGet": get, "periodSeconds": 1, "timeoutSeconds": 5, "failureThreshold": failures})
    };
    let of_pod = |variable: &str, path: &str| json!({"name": variable, "valueFrom": {"fieldRef": {"fieldPath": path}}});
    json!({
        "metadata": {"name": name},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {
                    "serviceAccountName": name,
                    "nodeSelector": {"seaworthy.test/real": "true"},
                    "terminationGracePeriodSeconds": 15,
                    "securityContext": {
                        "runAsNonRoot": true,
                        "fsGroup": 65532,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "containers": [{
                        "name": service.name(),
                        "image": image,
                        "imagePullPolicy": "IfNotPresent",
                        "args": [service.name(), "--config", format!("{CONFIG}/config.yaml")],
                        "env": [
                            of_pod("POD_NAME", "metadata.name"),
                            of_pod("POD_NAMESPACE", "metadata.namespace"),
                            of_pod("NODE_NAME", "spec.nodeName"),
                        ],
                        "securityContext": {
                            "allowPrivilegeEscalation": false,
                            "readOnlyRootFilesystem": true,
                            "capabilities": {"drop": ["ALL"]},
                        },
                        "readinessProbe": probe("/readyz", 3),
                        "livenessProbe": probe("/livez", 12),
                        "volumeMounts": [
                            {"name": "config", "mountPath": CONFIG, "readOnly": true},
                            {"name": "identity", "mountPath": IDENTITY, "readOnly": true},
                        ],
                    }],
                    "volumes": [
                        {"name": "config", "configMap": {"name": name}},
                        {"name": "identity", "secret": {"secretName": name, "defaultMode": 0o440}},
                    ],
                },
            },
        },
    })
}

/// Sets the standard that pods in Seaworthy's namespace have to meet, or none of its own.
async fn enforce(stage: &Stage, standard: Option<&str>) -> Result<()> {
    let patch = Patch::Merge(json!({"metadata": {"labels": {ENFORCE: standard}}}));
    stage.cluster.cluster_wide::<Namespace>().patch(NAMESPACE, &PatchParams::default(), &patch).await?;
    Ok(())
}

/// Removes all that [`deploy`] made, and waits until the pods are gone: they would work on.
async fn remove(stage: &Stage) -> Result<()> {
    let cluster = &stage.cluster;
    for service in SERVICES {
        let (name, with_pods) = (service.account(), DeleteParams::foreground());
        gone(cluster.within::<Deployment>(NAMESPACE), name, &with_pods).await?;
        gone(cluster.within::<KubernetesService>(NAMESPACE), name, &with_pods).await?;
        gone(cluster.within::<ConfigMap>(NAMESPACE), name, &with_pods).await?;
        gone(cluster.within::<Secret>(NAMESPACE), name, &with_pods).await?;
    }
    Ok(())
}

async fn gone<K>(api: Api<K>, name: &str, delete: &DeleteParams) -> Result<()>
where
    K: kube::Resource + serde::de::DeserializeOwned + Clone + std::fmt::Debug,
{
    eventually(&format!("{name} is gone"), PATIENCE, || async {
        match api.delete(name, delete).await {
            Err(kube::Error::Api(answer)) if answer.code == 404 => Ok(()),
            other => anyhow::bail!("{other:?}"),
        }
    })
    .await
}
