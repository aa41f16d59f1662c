//! The guarded writer against a real server: preconditions, budgets, taints.

use std::time::Duration;

use cluster::effects::{ATTEMPT, Answer, Change, Effects, Permit};
use cluster::lease::Claim;
use cluster::read;
use cluster::views::{self, Taint};
use k8s_openapi::api::core::v1::{Node, Pod};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use model::ObjectRef;
use serde_json::json;
use tokio::sync::watch;

use crate::support::{self, Space, environment, eventually};

const S: Duration = Duration::from_secs(1);

struct Leave(ObjectRef);

impl Permit for Leave {
    fn target(&self) -> &ObjectRef {
        &self.0
    }
    fn epoch(&self) -> u64 {
        1
    }
    fn attempt(&self) -> &'static str {
        "r-test-1/1"
    }
    fn deadline(&self) -> Duration {
        10 * S
    }
}

/// Effects under a claim that outlasts the test. The sender must be kept.
fn effects(client: &kube::Client) -> (Effects<Leave>, watch::Sender<Claim>) {
    let environment = environment();
    let hour = Duration::from_hours(1);
    let claim = Claim {
        held: true,
        epoch: 1,
        expires: environment.monotonic() + hour,
        until: environment.now() + hour,
    };
    let (sender, receiver) = watch::channel(claim);
    (Effects::new(client.clone(), environment, receiver, "seaworthy-test"), sender)
}

/// A pod that runs, as far as the server knows, on a node that is not there.
async fn running_pod(client: &kube::Client, space: &Space, name: &str) -> ObjectRef {
    let api: Api<Pod> = Api::namespaced(client.clone(), &space.name);
    let pod: Pod = serde_json::from_value(json!({
        "metadata": {"name": name, "labels": {"app": "web"}},
        "spec": {"nodeName": "nowhere", "terminationGracePeriodSeconds": 0,
                 "containers": [{"name": "c", "image": "seaworthy.test/none"}]},
    }))
    .unwrap();
    let made =
        eventually("a pod can be made", async || api.create(&PostParams::default(), &pod).await.ok()).await;
    let status = json!({"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}});
    api.patch_status(name, &PatchParams::default(), &Patch::Merge(status)).await.unwrap();
    ObjectRef::namespaced("Pod", &space.name, name, made.metadata.uid.unwrap())
}

#[tokio::test]
async fn an_eviction_has_its_precondition_and_a_budget_has_the_last_word() {
    let Some(client) = support::cluster("an_eviction_has_its_precondition").await else { return };
    let space = Space::new(&client, "evicting").await;
    let (effects, _claim) = effects(&client);
    let pod = running_pod(&client, &space, "web-1").await;

    let other = ObjectRef { uid: "of-another-life".into(), ..pod.clone() };
    assert!(matches!(effects.evict(Leave(other.clone()), None).await, Answer::Conflict(_)));
    assert!(matches!(effects.delete(Leave(other), None).await, Answer::Conflict(_)));

    let budgets: Api<PodDisruptionBudget> = Api::namespaced(client.clone(), &space.name);
    let budget = serde_json::from_value(json!({
        "metadata": {"name": "web"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}},
    }));
    budgets.create(&PostParams::default(), &budget.unwrap()).await.unwrap();
    eventually("the budget has counted the pod", async || {
        let budget: views::PodDisruptionBudget =
            read::get(&client, Some(&space.name), "web", 10 * S).await.ok()?;
        (budget.status.current_healthy == 1).then_some(())
    })
    .await;
    let answer = effects.evict(Leave(pod.clone()), None).await;
    let Answer::PdbRefused { message, .. } = answer else { panic!("{answer:?}") };
    assert!(message.contains("disruption budget"), "{message}");

    budgets.delete("web", &DeleteParams::default()).await.unwrap();
    let answer = effects.evict(Leave(pod.clone()), Some(Duration::ZERO)).await;
    assert!(matches!(answer, Answer::Done { .. }), "{answer:?}");
    // A second arrival of the same request finds nothing.
    let answer = effects.evict(Leave(pod), None).await;
    assert!(matches!(answer, Answer::Gone | Answer::Conflict(_)), "{answer:?}");
    space.remove().await;
}

#[tokio::test]
async fn a_taint_is_added_beside_others_and_only_to_what_was_read() {
    let Some(client) = support::cluster("a_taint_is_added_beside_others").await else { return };
    let api: Api<Node> = Api::all(client.clone());
    let node: Node = serde_json::from_value(json!({
        "metadata": {"generateName": "tainted-"},
        "spec": {"taints": [{"key": "somebody/else", "value": "x", "effect": "NoSchedule"}]},
    }))
    .unwrap();
    let name = api.create(&PostParams::default(), &node).await.unwrap().metadata.name.unwrap();
    let (effects, _claim) = effects(&client);
    let read = async || read::get::<views::Node>(&client, None, &name, 10 * S).await.unwrap();

    // The cluster's controllers write to a node too: read again after a conflict, as the healer does.
    let (answer, before) = eventually("a change without a conflict", async || {
        let before = read().await;
        let mut taints = before.spec.taints.clone();
        taints.push(Taint::new("seaworthy.dev/quarantine", "", "NoSchedule"));
        let change = Change::new().taints(taints).annotate("seaworthy.dev/quarantined-by", "r-test-1");
        let permit = Leave(before.metadata.reference("Node"));
        let answer = effects.change(permit, &before.metadata.resource_version, change).await;
        (!matches!(answer, Answer::Conflict(_))).then_some((answer, before))
    })
    .await;
    let after = read().await;
    assert!(
        matches!(&answer, Answer::Done { resource_version } if !resource_version.is_empty()),
        "{answer:?}"
    );
    let keys: Vec<&str> = after.spec.taints.iter().map(|taint| taint.key.as_str()).collect();
    assert!(keys.contains(&"somebody/else") && keys.contains(&"seaworthy.dev/quarantine"), "{keys:?}");
    assert_eq!(after.metadata.annotations.get(ATTEMPT), Some("r-test-1/1"));

    // From an old version, or to another life of the node, nothing is changed.
    let permit = Leave(before.metadata.reference("Node"));
    let late = effects.change(permit, &before.metadata.resource_version, Change::new().taints(vec![])).await;
    assert!(matches!(late, Answer::Conflict(_)), "{late:?}");
    let after = read().await;
    let other = Leave(ObjectRef { uid: "of-another-life".into(), ..after.metadata.reference("Node") });
    let late = effects.change(other, &after.metadata.resource_version, Change::new().taints(vec![])).await;
    assert!(matches!(late, Answer::Conflict(_)), "{late:?}");
    api.delete(&name, &DeleteParams::default()).await.unwrap();
}

#[tokio::test]
async fn what_rbac_does_not_grant_is_named() {
    if support::cluster("what_rbac_does_not_grant_is_named").await.is_none() {
        return;
    }
    let options = cluster::connect::Options {
        impersonate: Some("nobody-in-particular".into()),
        ..cluster::connect::Options::default()
    };
    let client = cluster::connect::connect(&options).await.unwrap().client;
    let (effects, _claim) = effects(&client);
    let pod = ObjectRef::namespaced("Pod", "default", "any", "any");
    let answer = effects.evict(Leave(pod), None).await;
    let Answer::Denied { verb: Some(verb), .. } = answer else { panic!("{answer:?}") };
    assert_eq!(verb.to_string(), "create pods/eviction");
}
