//! StatefulSets: order, and being held up by one pod.

use serde_json::json;

use super::Bed;
use super::bed::{is_ready, name, state, text, uid};
use crate::blueprint::Workload;
use crate::kinds;
use crate::registry::Deletion;

fn names(bed: &Bed) -> Vec<String> {
    bed.pods().iter().map(name).collect()
}

fn set_image(bed: &Bed, image: &'static str) {
    bed.change(kinds::STATEFUL_SET, "shop", "db", |own| {
        own["spec"]["template"]["spec"]["containers"][0]["image"] = image.into();
    });
}

fn with_image(bed: &Bed, image: &str) -> Vec<String> {
    let pods = bed.pods();
    pods.iter().filter(|pod| pod["spec"]["containers"][0]["image"] == image).map(name).collect()
}

#[tokio::test(start_paused = true)]
async fn pods_come_one_after_the_other() {
    let bed = Bed::with(&[Workload::stateful_set("shop", "db", 3).behaviour("slow-start=20s")]);
    bed.pass(10).await;
    assert_eq!(names(&bed), ["db-0"]);
    bed.pass(25).await;
    assert_eq!(names(&bed), ["db-0", "db-1"]);
    bed.pass(60).await;
    let own = bed.get(kinds::STATEFUL_SET, "shop", "db");
    assert_eq!((names(&bed).len(), own["status"]["readyReplicas"].as_i64()), (3, Some(3)));
    assert_eq!(own["status"]["currentRevision"], own["status"]["updateRevision"]);
    bed.change(kinds::STATEFUL_SET, "shop", "db", |own| own["spec"]["replicas"] = 1.into());
    bed.pass(30).await;
    assert_eq!(names(&bed), ["db-0"], "the last go first");
}

#[tokio::test(start_paused = true)]
async fn parallel_pods_come_together() {
    let set = Workload::stateful_set("shop", "db", 3).behaviour("never-ready");
    let bed = Bed::with(&[set.spec("podManagementPolicy", "Parallel".into())]);
    bed.pass(10).await;
    assert_eq!(names(&bed).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_pod_keeps_its_name_and_gets_a_new_uid() {
    let bed = Bed::with(&[Workload::stateful_set("shop", "db", 2)]);
    bed.pass(30).await;
    let before = bed.pods();
    bed.delete(kinds::POD, "shop", "db-0", &Deletion::default());
    bed.pass(30).await;
    let after = bed.pods();
    assert_eq!((name(&after[0]), is_ready(&after[0])), ("db-0".into(), true));
    assert_ne!(uid(&after[0]), uid(&before[0]));
    assert_eq!(uid(&after[1]), uid(&before[1]));
}

#[tokio::test(start_paused = true)]
async fn an_update_goes_from_the_last_to_the_first() {
    let bed = Bed::with(&[Workload::stateful_set("shop", "db", 3).behaviour("slow-start=20s")]);
    bed.pass(120).await;
    set_image(&bed, "registry.test/db:2");
    bed.pass(15).await;
    assert_eq!(with_image(&bed, "registry.test/db:2"), ["db-2"]);
    bed.pass(120).await;
    assert_eq!(with_image(&bed, "registry.test/db:2").len(), 3);
    let status = bed.get(kinds::STATEFUL_SET, "shop", "db")["status"].clone();
    assert_eq!(
        (status["updatedReplicas"].as_i64(), &status["currentRevision"]),
        (Some(3), &status["updateRevision"])
    );
}

#[tokio::test(start_paused = true)]
async fn a_partition_holds_the_first_back_also_when_they_are_made_anew() {
    let bed = Bed::with(&[Workload::stateful_set("shop", "db", 3)]);
    bed.pass(60).await;
    let strategy = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 2}});
    bed.change(kinds::STATEFUL_SET, "shop", "db", |own| own["spec"]["updateStrategy"] = strategy);
    set_image(&bed, "registry.test/db:2");
    bed.pass(60).await;
    bed.delete(kinds::POD, "shop", "db-0", &Deletion::default());
    bed.pass(30).await;
    assert_eq!(with_image(&bed, "registry.test/db:2"), ["db-2"]);
    assert_eq!(bed.ready(), 3);
}

/// The forced rollback of the documentation: a template that is mended does not mend the pod that
/// waits for it.
#[tokio::test(start_paused = true)]
async fn a_broken_pod_holds_up_its_own_repair() {
    let bed = Bed::with(&[Workload::stateful_set("shop", "db", 3)]);
    bed.pass(60).await;
    set_image(&bed, "registry.test/no-such-image:1");
    bed.pass(60).await;
    set_image(&bed, "registry.test/db:3");
    bed.pass(300).await;
    let broken = bed.get(kinds::POD, "shop", "db-2");
    assert!(state(&broken).1.contains("ImagePull"), "{}", text(&broken["status"]["phase"]));
    bed.delete(kinds::POD, "shop", "db-2", &Deletion::default());
    bed.pass(120).await;
    assert_eq!(with_image(&bed, "registry.test/db:3").len(), 3);
}

#[tokio::test(start_paused = true)]
async fn on_delete_waits_for_somebody_to_delete() {
    let set = Workload::stateful_set("shop", "db", 2).spec("updateStrategy", json!({"type": "OnDelete"}));
    let bed = Bed::with(&[set]);
    bed.pass(30).await;
    set_image(&bed, "registry.test/db:2");
    bed.pass(60).await;
    assert!(with_image(&bed, "registry.test/db:2").is_empty());
    bed.delete(kinds::POD, "shop", "db-1", &Deletion::default());
    bed.pass(30).await;
    assert_eq!(with_image(&bed, "registry.test/db:2"), ["db-1"]);
}

/// The number and image of each revision, oldest first.
fn revisions(bed: &Bed) -> Vec<(i64, String)> {
    let mut revisions: Vec<(i64, String)> = bed
        .all(kinds::CONTROLLER_REVISION, "shop")
        .iter()
        .map(|own| {
            let image = &own["data"]["spec"]["template"]["spec"]["containers"][0]["image"];
            (own["revision"].as_i64().unwrap_or(0), text(image))
        })
        .collect();
    revisions.sort();
    revisions
}

#[tokio::test(start_paused = true)]
async fn a_template_that_comes_back_is_the_revision_it_was() {
    let bed = Bed::with(&[Workload::stateful_set("shop", "db", 1)]);
    bed.pass(30).await;
    let first = revisions(&bed)[0].1.clone();
    set_image(&bed, "registry.test/db:2");
    bed.pass(30).await;
    // As `kubectl rollout undo` does it: what the revision keeps, as a patch.
    let old =
        bed.all(kinds::CONTROLLER_REVISION, "shop").into_iter().find(|own| own["revision"] == 1).unwrap();
    assert_eq!(old["data"]["spec"]["template"]["$patch"], "replace");
    assert_eq!(
        old["metadata"]["labels"]["controller.kubernetes.io/hash"].as_str().map(str::is_empty),
        Some(false)
    );
    bed.change(kinds::STATEFUL_SET, "shop", "db", |own| {
        own["spec"]["template"] = old["data"]["spec"]["template"].clone();
        own["spec"]["template"].as_object_mut().unwrap().remove("$patch");
    });
    bed.pass(30).await;
    assert_eq!(revisions(&bed), [(2, "registry.test/db:2".into()), (3, first)]);
    let status = bed.get(kinds::STATEFUL_SET, "shop", "db")["status"].clone();
    assert_eq!(text(&status["currentRevision"]), name(&old));
    assert_eq!(bed.pods()[0]["metadata"]["labels"]["controller-revision-hash"], name(&old));
}

#[tokio::test(start_paused = true)]
async fn old_revisions_are_kept_up_to_a_number_beside_those_in_use() {
    let bed = Bed::with(&[Workload::stateful_set("shop", "db", 1).spec("revisionHistoryLimit", json!(2))]);
    for image in ["registry.test/a", "registry.test/b", "registry.test/c", "registry.test/d"] {
        bed.pass(60).await;
        set_image(&bed, image);
    }
    bed.pass(60).await;
    let [b, c, d] = ["b", "c", "d"].map(|name| format!("registry.test/{name}"));
    assert_eq!(revisions(&bed), [(3, b), (4, c), (5, d)]);
}
