//! Rollouts.

use serde_json::{Value, json};

use super::Bed;
use super::bed::{name, text, uid};
use crate::blueprint::Workload;
use crate::kinds;
use crate::registry::Deletion;

fn web(replicas: u32) -> Workload {
    Workload::deployment("shop", "web", replicas)
}

fn set_image(bed: &Bed, image: &'static str) {
    bed.change(kinds::DEPLOYMENT, "shop", "web", |own| {
        own["spec"]["template"]["spec"]["containers"][0]["image"] = image.into();
    });
}

fn status(bed: &Bed, field: &str) -> i64 {
    bed.get(kinds::DEPLOYMENT, "shop", "web")["status"][field].as_i64().unwrap_or(0)
}

fn sizes(bed: &Bed) -> Vec<i64> {
    let sets = bed.all(kinds::REPLICA_SET, "shop");
    let mut sizes: Vec<i64> = sets.iter().map(|set| set["spec"]["replicas"].as_i64().unwrap()).collect();
    sizes.sort_unstable();
    sizes
}

#[tokio::test(start_paused = true)]
async fn a_new_deployment_becomes_available() {
    let bed = Bed::with(&[web(3)]);
    bed.pass(1).await;
    assert_eq!(bed.condition(kinds::DEPLOYMENT, "web", "Available").0, "False");
    let progressing = bed.condition(kinds::DEPLOYMENT, "web", "Progressing");
    assert_eq!(progressing.0, "True");
    bed.pass(10).await;
    assert_eq!(bed.ready(), 3);
    let complete = ("True".to_owned(), "NewReplicaSetAvailable".to_owned());
    assert_eq!(bed.condition(kinds::DEPLOYMENT, "web", "Progressing"), complete);
    let own = bed.get(kinds::DEPLOYMENT, "shop", "web");
    assert_eq!(own["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "1");
    assert_eq!(own["status"]["observedGeneration"], own["metadata"]["generation"]);
    let hash = &bed.all(kinds::REPLICA_SET, "shop")[0]["metadata"]["labels"]["pod-template-hash"];
    assert!(bed.pods().iter().all(|pod| pod["metadata"]["labels"]["pod-template-hash"] == *hash));
}

#[tokio::test(start_paused = true)]
async fn a_rollout_keeps_to_surge_and_availability() {
    let bed = Bed::with(&[web(4)]);
    bed.pass(20).await;
    set_image(&bed, "registry.test/web:2");
    for _ in 0..600 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        let active = bed.pods().iter().filter(|pod| pod["metadata"]["deletionTimestamp"].is_null()).count();
        assert!(active <= 5, "maxSurge 25% of 4 is one more");
        assert!(status(&bed, "availableReplicas") >= 3, "maxUnavailable 25% of 4 is one less");
    }
    assert!(bed.pods().iter().all(|pod| text(&pod["spec"]["containers"][0]["image"]).ends_with(":2")));
    assert_eq!((sizes(&bed), status(&bed, "updatedReplicas")), (vec![0, 4], 4));
}

#[tokio::test(start_paused = true)]
async fn a_rollout_that_fails_stops_and_exceeds_its_deadline() {
    let bed = Bed::with(&[web(4).spec("progressDeadlineSeconds", json!(60))]);
    bed.pass(20).await;
    set_image(&bed, "registry.test/no-such-image:1");
    bed.pass(30).await;
    // 25% of 4 each: one old pod less, one more new pod than the other way round.
    assert_eq!((sizes(&bed), status(&bed, "availableReplicas")), (vec![2, 3], 3));
    bed.pass(60).await;
    let stuck = ("False".to_owned(), "ProgressDeadlineExceeded".to_owned());
    assert_eq!(bed.condition(kinds::DEPLOYMENT, "web", "Progressing"), stuck);
    assert_eq!(bed.condition(kinds::DEPLOYMENT, "web", "Available").0, "True");
}

#[tokio::test(start_paused = true)]
async fn a_rollback_is_the_old_replica_set_with_a_new_number() {
    let bed = Bed::with(&[web(2)]);
    bed.pass(20).await;
    set_image(&bed, "registry.test/web:2");
    bed.pass(30).await;
    set_image(&bed, "registry.test/web:1");
    bed.pass(30).await;
    assert_eq!(sizes(&bed), [0, 2]);
    let own = bed.get(kinds::DEPLOYMENT, "shop", "web");
    assert_eq!(own["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "3");
    assert!(bed.pods().iter().all(|pod| text(&pod["spec"]["containers"][0]["image"]).ends_with(":1")));
}

#[tokio::test(start_paused = true)]
async fn a_restart_replaces_every_pod() {
    let bed = Bed::with(&[web(3)]);
    bed.pass(20).await;
    let before: Vec<String> = bed.pods().iter().map(uid).collect();
    bed.change(kinds::DEPLOYMENT, "shop", "web", |own| {
        let annotations = json!({"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"});
        own["spec"]["template"]["metadata"]["annotations"] = annotations;
    });
    bed.pass(60).await;
    let after: Vec<String> = bed.pods().iter().map(uid).collect();
    assert!(after.len() == 3 && after.iter().all(|uid| !before.contains(uid)));
}

#[tokio::test(start_paused = true)]
async fn a_paused_deployment_follows_size_alone() {
    let bed = Bed::with(&[web(2)]);
    bed.pass(20).await;
    bed.change(kinds::DEPLOYMENT, "shop", "web", |own| own["spec"]["paused"] = true.into());
    set_image(&bed, "registry.test/web:2");
    bed.change(kinds::DEPLOYMENT, "shop", "web", |own| own["spec"]["replicas"] = 3.into());
    bed.pass(30).await;
    assert_eq!(sizes(&bed), [3]);
    assert_eq!(bed.condition(kinds::DEPLOYMENT, "web", "Progressing").1, "DeploymentPaused");
    bed.change(kinds::DEPLOYMENT, "shop", "web", |own| own["spec"]["paused"] = false.into());
    bed.pass(60).await;
    assert_eq!((sizes(&bed), status(&bed, "updatedReplicas")), (vec![0, 3], 3));
}

#[tokio::test(start_paused = true)]
async fn recreate_ends_all_old_pods_first() {
    let recreate = web(2).spec("strategy", json!({"type": "Recreate"})).behaviour("stops-in=10s");
    let bed = Bed::with(&[recreate]);
    bed.pass(20).await;
    set_image(&bed, "registry.test/web:2");
    bed.pass(5).await;
    let is_new = |pod: &Value| text(&pod["spec"]["containers"][0]["image"]).ends_with(":2");
    assert!(!bed.pods().iter().any(is_new), "the old ones are still going");
    bed.pass(30).await;
    assert!(bed.pods().len() == 2 && bed.pods().iter().all(is_new));
}

#[tokio::test(start_paused = true)]
async fn pods_that_would_be_missed_least_go_first() {
    let bed = Bed::with(&[web(3)]);
    bed.pass(20).await;
    let deadlocked = bed.pods()[1].clone();
    bed.machinery.kubelets().disturb_pod(&uid(&deadlocked), "deadlocks-after=0s".parse().unwrap());
    bed.pass(10).await;
    bed.change(kinds::DEPLOYMENT, "shop", "web", |own| own["spec"]["replicas"] = 2.into());
    bed.pass(60).await;
    assert_eq!(bed.pods().len(), 2);
    assert!(!bed.is_there(kinds::POD, "shop", &name(&deadlocked)));
}

#[tokio::test(start_paused = true)]
async fn a_deleted_pod_is_replaced_and_a_deleted_deployment_is_cleared_away() {
    let bed = Bed::with(&[web(2)]);
    bed.pass(20).await;
    let first = name(&bed.pods()[0]);
    bed.delete(kinds::POD, "shop", &first, &Deletion::default());
    bed.pass(20).await;
    assert_eq!((bed.ready(), bed.is_there(kinds::POD, "shop", &first)), (2, false));
    bed.delete(kinds::DEPLOYMENT, "shop", "web", &Deletion::default());
    bed.pass(60).await;
    assert!(bed.pods().is_empty() && bed.all(kinds::REPLICA_SET, "shop").is_empty());
}

#[tokio::test(start_paused = true)]
async fn old_replica_sets_are_kept_up_to_a_number() {
    let bed = Bed::with(&[web(1).spec("revisionHistoryLimit", json!(2))]);
    for image in ["a", "b", "c", "d"] {
        bed.pass(30).await;
        bed.change(kinds::DEPLOYMENT, "shop", "web", |own| {
            own["spec"]["template"]["spec"]["containers"][0]["image"] = image.into();
        });
    }
    bed.pass(30).await;
    assert_eq!(sizes(&bed), [0, 0, 1]);
}
