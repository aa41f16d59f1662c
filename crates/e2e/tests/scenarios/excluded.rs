//! What nobody may touch: a pod, its workload or its namespace that somebody put out of bounds by an
//! annotation, until it is taken back; a pod that nobody replaces; and what a policy does not say to
//! enforce. Each is said, with the rule, and nothing is written. (A node out of bounds is in
//! `every_node_check`, since it concerns everybody on it.)

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::audit::{self, Event};
use e2e::cluster::Cluster;
use e2e::installation::{Installation, Options, Service};
use e2e::scenario::Stage;
use e2e::simulated::Simulated;
use e2e::workload::{self, TOOLS, Workload};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::api::{Patch, PatchParams};
use model::Lineage;
use model::codes::{POD_OOM_KILLED, POD_RUNNING_NOT_READY};
use model::remediation::Phase;
use serde_json::{Value, json};

use crate::policies::evict_when_not_ready;

/// The annotation that puts an object, and all that is on or in it, out of bounds.
pub(crate) const EXCLUDE: &str = "seaworthy.dev/exclude";
/// A veto is looked for again every half a minute.
const PATIENCE: Duration = Duration::from_secs(100);

pub(crate) async fn run(stage: &Stage, _: &Installation) -> Result<()> {
    let out = format!("{}-out", stage.namespace);
    stage.cluster.make_namespace(&out).await?;
    let looked = Box::pin(look(stage, &out)).await;
    let looked = match looked {
        Ok(()) => stage.settle().await,
        failed => failed,
    };
    stage.cluster.drop_namespace(&out).await?;
    looked
}

pub(crate) async fn simulated(name: &'static str) -> Result<Simulated> {
    let simulated = Simulated::set(name, Options::default()).await?;
    let (cluster, namespace) = (&simulated.cluster, simulated.namespace.as_str());
    let out = &format!("{namespace}-out");
    simulated.make_namespace(out).await?;
    simulated.policy(within_both(namespace, out)).await?;
    cluster.policy("by-default", kills_by_default(namespace)).await?;

    exclude_namespace(cluster, out, true).await?;
    for (within, name) in [(namespace, "shop"), (namespace, "web"), (out, "web")] {
        Workload::serving(within, name).replicas(2).create(cluster).await?;
    }
    Workload::hungry(namespace, "hungry").create(cluster).await?;
    cluster.create::<Pod>(namespace, bare_pod()).await?;
    cluster.change::<Deployment>(namespace, "web", mark(true)).await?;
    let shop = cluster.ready_pods(namespace, "shop", 2).await?.remove(0);
    let (_, shop_pod) = workload::place(&shop)?;
    cluster.change::<Pod>(namespace, shop_pod, mark(true)).await?;
    let web = cluster.ready_pods(namespace, "web", 2).await?.remove(0);
    for hangs in [&shop, &web, &cluster.ready_pods(out, "web", 2).await?[0]] {
        simulated.deadlock(hangs)?;
    }
    let in_bounds_later = in_bounds_later(namespace, out);
    for lineage in &in_bounds_later {
        cluster.reaches(lineage, POD_RUNNING_NOT_READY, Phase::Deferred, PATIENCE).await?;
    }
    let bare = Lineage::namespaced("Pod", namespace, "alone");
    cluster.reaches(&bare, POD_RUNNING_NOT_READY, Phase::Denied, PATIENCE).await?;
    let hungry = Lineage::namespaced("Deployment", namespace, "hungry");
    cluster.reaches(&hungry, POD_OOM_KILLED, Phase::Observed, PATIENCE).await?;

    cluster.change::<Pod>(namespace, shop_pod, mark(false)).await?;
    cluster.change::<Deployment>(namespace, "web", mark(false)).await?;
    exclude_namespace(cluster, out, false).await?;
    for lineage in &in_bounds_later {
        cluster.reaches(lineage, POD_RUNNING_NOT_READY, Phase::Succeeded, PATIENCE).await?;
    }
    Ok(simulated)
}

fn within_both(namespace: &str, out: &str) -> Value {
    let mut policy = evict_when_not_ready(namespace);
    policy["match"]["namespaces"] = json!([namespace, out]);
    policy
}

fn in_bounds_later(namespace: &str, out: &str) -> [Lineage; 3] {
    let deployment = |within: &str, name: &str| Lineage::namespaced("Deployment", within, name);
    [deployment(namespace, "shop"), deployment(namespace, "web"), deployment(out, "web")]
}

async fn look(stage: &Stage, out: &str) -> Result<()> {
    let (cluster, namespace) = (&stage.cluster, stage.namespace.as_str());
    stage.policy(within_both(namespace, out)).await?;
    stage.policy_named("by-default", kills_by_default(namespace)).await?;

    exclude_namespace(cluster, out, true).await?;
    for (within, name) in [(namespace, "shop"), (namespace, "web"), (out, "web")] {
        Workload::serving(within, name).replicas(2).create(cluster).await?;
    }
    Workload::hungry(namespace, "hungry").create(cluster).await?;
    cluster.create::<Pod>(namespace, bare_pod()).await?;
    cluster.change::<Deployment>(namespace, "web", mark(true)).await?;
    let shop = cluster.ready_pods(namespace, "shop", 2).await?.remove(0);
    let (_, shop_pod) = workload::place(&shop)?;
    cluster.change::<Pod>(namespace, shop_pod, mark(true)).await?;
    for hangs in [
        shop.clone(),
        cluster.ready_pods(namespace, "web", 2).await?.remove(0),
        cluster.ready_pods(out, "web", 2).await?.remove(0),
    ] {
        workload::deadlock(&stage.bed, &hangs).await?;
    }

    let in_bounds_later = in_bounds_later(namespace, out);
    for (lineage, names) in in_bounds_later.iter().zip([shop_pod, "web", out]) {
        cluster.held_by(lineage, POD_RUNNING_NOT_READY, Phase::Deferred, ("Veto", names), PATIENCE).await?;
    }
    let bare = Lineage::namespaced("Pod", namespace, "alone");
    let unreplaced = ("SomebodyReplacesIt", "no controller replaces it");
    cluster.held_by(&bare, POD_RUNNING_NOT_READY, Phase::Denied, unreplaced, PATIENCE).await?;
    let unsaid = ("ObserveByDefault", "Observe");
    let hungry = Lineage::namespaced("Deployment", namespace, "hungry");
    cluster.held_by(&hungry, POD_OOM_KILLED, Phase::Observed, unsaid, PATIENCE).await?;
    let effects = effects(stage, out)?;
    ensure!(effects.is_empty(), "nothing is written:{}", audit::told(&effects));

    cluster.change::<Pod>(namespace, shop_pod, mark(false)).await?;
    cluster.change::<Deployment>(namespace, "web", mark(false)).await?;
    exclude_namespace(cluster, out, false).await?;
    for lineage in &in_bounds_later {
        cluster.reaches(lineage, POD_RUNNING_NOT_READY, Phase::Succeeded, PATIENCE).await?;
    }
    let effects = self::effects(stage, out)?;
    let evictions = effects.iter().filter(|event| event.object().subresource == "eviction").count();
    ensure!(evictions == 3 && effects.len() == 3, "one eviction for each:{}", audit::told(&effects));
    Ok(())
}

/// The healer's effects in both namespaces, refused ones included.
fn effects(stage: &Stage, out: &str) -> Result<Vec<Event>> {
    let mut effects = stage.effects()?;
    effects.extend(stage.audit.effects_in(&Service::Healer.user(), out, stage.mark)?);
    Ok(effects)
}

fn mark(excluded: bool) -> Value {
    let says = if excluded { json!("a person works on it") } else { json!(null) };
    json!({"metadata": {"annotations": {EXCLUDE: says}}})
}

async fn exclude_namespace(cluster: &Cluster, name: &str, excluded: bool) -> Result<()> {
    let patch = Patch::Merge(mark(excluded));
    cluster.cluster_wide::<Namespace>().patch(name, &PatchParams::default(), &patch).await?;
    Ok(())
}

/// A policy that leaves out its mode.
fn kills_by_default(namespace: &str) -> Value {
    let mut policy = evict_when_not_ready(namespace);
    policy["match"]["codes"] = json!([POD_OOM_KILLED]);
    policy.as_object_mut().expect("a policy is an object").remove("mode");
    policy
}

/// A pod of its own that runs and is never ready.
fn bare_pod() -> Value {
    json!({
        "metadata": {"name": "alone", "annotations": {"sim.seaworthy.test/behaviour": "never-ready"}},
        "spec": {
            "automountServiceAccountToken": false,
            "nodeSelector": {"seaworthy.test/real": "true"},
            "containers": [{
                "name": "main",
                "image": TOOLS,
                "readinessProbe": {"exec": {"command": ["false"]}, "periodSeconds": 1, "failureThreshold": 1},
            }],
        },
    })
}
