//! Checks of pods and Services that no other scenario needs, side by side: each is found with facts a
//! person can act on, a symptom is folded under its cause, and each is over once a person has mended
//! what it is about.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::installation::Installation;
use e2e::scenario::Stage;
use e2e::workload::{self, Workload};
use e2e::{audit, eventually};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Pod, Service};
use kube::api::DeleteParams;
use model::codes::{
    POD_CRASH_LOOP_BACK_OFF, POD_STUCK_TERMINATING, POD_UNSCHEDULABLE, SERVICE_NO_READY_ENDPOINTS,
};
use model::issue::{Evidence, Issue};
use model::{Lineage, Severity};
use serde_json::json;

const PATIENCE: Duration = Duration::from_secs(90);
/// Of nobody; the API server wants a domain in it.
const FINALIZER: &str = "seaworthy.test/backup-first";
const NO_SUCH_NODE: &str = "no-such-node";

pub(crate) async fn run(stage: &Stage, installation: &Installation) -> Result<()> {
    let (cluster, namespace) = (&stage.cluster, stage.namespace.as_str());
    Workload::crashing(namespace, "hunt").create(cluster).await?;
    Workload::serving(namespace, "lost").on_node(NO_SUCH_NODE).create(cluster).await?;
    workload::service(cluster, namespace, "typo", "kpet").await?;
    Workload::serving(namespace, "kept").create(cluster).await?;
    let kept = cluster.ready_pods(namespace, "kept", 1).await?.remove(0);
    hold(stage, &kept, true).await?;
    let found = found(stage, installation, &kept).await;
    // Also when it failed: the namespace would never be gone.
    hold(stage, &kept, false).await?;
    found?;

    // What a person does about the others.
    workload::mend(cluster, namespace, "hunt").await?;
    let anywhere =
        json!({"spec": {"template": {"spec": {"nodeSelector": {"kubernetes.io/hostname": null}}}}});
    cluster.change::<Deployment>(namespace, "lost", anywhere).await?;
    let right = json!({"spec": {"selector": {"app": "kept"}}});
    cluster.change::<Service>(namespace, "typo", right).await?;
    for (lineage, check) in [
        (deployment(namespace, "kept"), POD_STUCK_TERMINATING),
        (service(namespace, "typo"), SERVICE_NO_READY_ENDPOINTS),
        (service(namespace, "hunt"), SERVICE_NO_READY_ENDPOINTS),
        (deployment(namespace, "lost"), POD_UNSCHEDULABLE),
        (deployment(namespace, "hunt"), POD_CRASH_LOOP_BACK_OFF),
    ] {
        installation.issue_over(&lineage, check, PATIENCE).await?;
    }
    let effects = stage.effects()?;
    ensure!(effects.is_empty(), "no policy speaks of it:{}", audit::told(&effects));
    Ok(())
}

fn deployment(namespace: &str, name: &str) -> Lineage {
    Lineage::namespaced("Deployment", namespace, name)
}

fn service(namespace: &str, name: &str) -> Lineage {
    Lineage::namespaced("Service", namespace, name)
}

/// Each trouble is found, with what a person needs to know.
async fn found(stage: &Stage, installation: &Installation, kept: &Pod) -> Result<()> {
    let (namespace, kept_name) = workload::place(kept)?;
    stage.cluster.within::<Pod>(namespace).delete(kept_name, &DeleteParams::default()).await?;
    let deployment = |name| deployment(namespace, name);
    let service = |name| service(namespace, name);
    installation
        .issue(&deployment("hunt"), POD_CRASH_LOOP_BACK_OFF, PATIENCE, |issue| {
            warns_of_one_pod(issue)?;
            let words = [("container", "main"), ("exitCode", "3"), ("lastWords", "cannot find the treasure")];
            tells(&issue.members[0].evidence, &words)?;
            tells(&issue.members[0].evidence, &[("image", workload::TOOLS), ("restarts", "")])
        })
        .await?;
    // Only now: found before its cause, it would rightly be told.
    workload::service(&stage.cluster, namespace, "hunt", "hunt").await?;
    let behind = installation
        .issue(&service("hunt"), SERVICE_NO_READY_ENDPOINTS, PATIENCE, |issue| {
            let cause = issue.cause.as_ref().context("it has no cause")?;
            ensure!(
                cause.code == POD_CRASH_LOOP_BACK_OFF && cause.lineage == deployment("hunt"),
                "{cause:?}"
            );
            Ok(())
        })
        .await?;
    ensure!(behind.severity == Severity::Critical, "nobody is served: {behind:?}");
    installation
        .issue(&deployment("lost"), POD_UNSCHEDULABLE, PATIENCE, |issue| {
            warns_of_one_pod(issue)?;
            tells(&issue.members[0].evidence, &[("scheduler", "didn't match Pod's node affinity/selector")])
        })
        .await?;
    installation
        .issue(&service("typo"), SERVICE_NO_READY_ENDPOINTS, PATIENCE, |issue| {
            ensure!(issue.severity == Severity::Critical, "nobody is served");
            ensure!(issue.cause.is_none(), "nothing explains it");
            let says = "no workload's template has the labels";
            ensure!(issue.summary.contains(says), "it says what is wrong");
            tells(&issue.evidence, &[("selector", "app=kpet")])
        })
        .await?;
    installation
        .issue(&deployment("kept"), POD_STUCK_TERMINATING, PATIENCE, |issue| {
            warns_of_one_pod(issue)?;
            ensure!(issue.members[0].object.uid == workload::uid(kept), "the pod that was deleted");
            tells(&issue.members[0].evidence, &[("finalizers", FINALIZER), ("deletedAt", "")])
        })
        .await?;
    told_of_causes_only(stage, installation).await
}

/// A finalizer that nobody serves keeps a pod after its deletion.
async fn hold(stage: &Stage, pod: &Pod, held: bool) -> Result<()> {
    let (namespace, name) = workload::place(pod)?;
    let finalizers = if held { json!([FINALIZER]) } else { json!(null) };
    let change = json!({"metadata": {"finalizers": finalizers}});
    stage.cluster.change::<Pod>(namespace, name, change).await.map(drop)
}

fn warns_of_one_pod(issue: &Issue) -> Result<()> {
    ensure!(issue.severity == Severity::Warning, "the severity is {}", issue.severity);
    ensure!(issue.cause.is_none(), "nothing explains it");
    ensure!(issue.members.len() == 1 && issue.members[0].object.kind == "Pod", "one pod");
    Ok(())
}

/// Whether each fact is there and contains these words.
pub(crate) fn tells(evidence: &Evidence, facts: &[(&str, &str)]) -> Result<()> {
    for (fact, words) in facts {
        let said = evidence.get(*fact).with_context(|| format!("{fact} is not told"))?;
        ensure!(said.contains(words), "{fact} says {words:?}: {said}");
    }
    Ok(())
}

/// Each trouble leaves in a message, and the symptom in none.
async fn told_of_causes_only(stage: &Stage, installation: &Installation) -> Result<()> {
    let causes = [
        ("hunt", POD_CRASH_LOOP_BACK_OFF),
        ("lost", POD_UNSCHEDULABLE),
        ("typo", SERVICE_NO_READY_ENDPOINTS),
        ("kept", POD_STUCK_TERMINATING),
    ];
    let causes: BTreeSet<(String, String)> =
        causes.into_iter().map(|(name, check)| (name.to_owned(), check.to_owned())).collect();
    eventually("a message of each, and of no symptom", PATIENCE, || async {
        let messages = installation.messages_about(&stage.namespace)?;
        let alerts = messages.iter().flat_map(|(_, message)| &message.alerts);
        let told: BTreeSet<(String, String)> =
            alerts.map(|alert| (alert.label("name").to_owned(), alert.label("check").to_owned())).collect();
        ensure!(told == causes, "told so far: {told:?}");
        Ok(())
    })
    .await
}
