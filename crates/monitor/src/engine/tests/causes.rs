//! Which issue is folded under which.

use super::*;

#[test]
fn pods_are_folded_under_their_rollout_if_they_are_of_its_new_revision() {
    let stuck = deployment("web").labels("app", "web").stalled("ProgressDeadlineExceeded", 60);
    let rollout = "Deployment/shop/web WorkloadRolloutStuck";
    let mut rig = Rig::listed("", &and(web(), &[crashing("web-a")]));
    assert_eq!(rig.cause(CRASH), None);
    rig.apply(&stuck);
    assert_eq!(rig.cause(CRASH), Some(rollout));
    // One of the old revision crashes too: then the new image is not to blame.
    rig.apply(&crashing("web-old").owner("ReplicaSet", "web-1"));
    assert_eq!(rig.cause(CRASH), None);
    rig.delete(&crashing("web-old"));
    assert_eq!(rig.cause(CRASH), Some(rollout));
}

const ROLLOUT: &str = "Deployment/shop/web WorkloadRolloutStuck";

/// A rollout that is stuck, with two pods of its new revision that crash.
fn stuck_rollout() -> Rig {
    let stuck = deployment("web").labels("app", "web").stalled("ProgressDeadlineExceeded", 60);
    let mut rig = Rig::listed("", &and(web(), &[crashing("web-a"), crashing("web-b")]));
    rig.apply(&stuck);
    assert_eq!(rig.cause(CRASH), Some(ROLLOUT));
    rig
}

fn roll_back(rig: &mut Rig) {
    rig.apply(&replica_set("web-1", "web", 3));
    rig.apply(&deployment("web").labels("app", "web"));
}

#[test]
fn what_a_rollout_brought_stays_its_trouble_after_a_rollback_to_the_very_end() {
    let mut rig = stuck_rollout();
    roll_back(&mut rig);
    assert_eq!(rig.cause(CRASH), Some(ROLLOUT));
    rig.delete(&crashing("web-a"));
    assert_eq!(rig.cause(CRASH), Some(ROLLOUT));
    rig.apply(&pod("web-good").owner("ReplicaSet", "web-1"));
    rig.apply(&pod("web-fine").owner("ReplicaSet", "web-1"));
    rig.delete(&crashing("web-b"));
    // The rollout's own issue is over before its symptom's is.
    for expected in [&[CRASH, ROLLOUT][..], &[CRASH]] {
        assert_eq!((rig.keys(), rig.cause(CRASH)), (expected.to_vec(), Some(ROLLOUT)));
        rig.pass(15);
    }
    assert_eq!(rig.keys(), [""; 0]);
}

#[test]
fn trouble_of_another_revision_is_not_that_of_the_rollout() {
    // Before a rollback: the old revision was there before, also when nothing of the new one fails
    // at the moment.
    let mut rig = stuck_rollout();
    rig.delete(&crashing("web-a"));
    rig.delete(&crashing("web-b"));
    assert_eq!(rig.cause(CRASH), Some(ROLLOUT));
    rig.apply(&crashing("web-old").owner("ReplicaSet", "web-1"));
    assert_eq!(rig.cause(CRASH), None);
    // After it: what was rolled back to fails as well.
    let mut rig = stuck_rollout();
    roll_back(&mut rig);
    rig.apply(&crashing("web-c").owner("ReplicaSet", "web-1"));
    assert_eq!(rig.cause(CRASH), None);
    // It goes on failing when the rollout is over.
    let mut rig = stuck_rollout();
    roll_back(&mut rig);
    for gone in ["web-a", "web-b"] {
        rig.delete(&crashing(gone));
    }
    rig.apply(&crashing("web-c").owner("ReplicaSet", "web-1"));
    rig.pass(15);
    assert_eq!((rig.keys(), rig.cause(CRASH)), (vec![CRASH], None));
}

/// A node that cannot be reached, with a pod that crashes.
fn lost_node() -> Rig {
    let rig = Rig::listed("", &and(web(), &[node("n1").ready("Unknown", 50), crashing("web-a")]));
    assert_eq!(rig.cause(CRASH), Some(UNREACHABLE));
    rig
}

const UNREACHABLE: &str = "Node/n1 NodeUnreachable";

#[test]
fn what_recovers_after_its_node_stays_folded_and_what_comes_back_does_not() {
    let mut rig = lost_node();
    rig.apply(&node("n1").ready("True", 0));
    rig.pass(10);
    rig.apply(&pod("web-a").owner("ReplicaSet", "web-2").on("n1"));
    rig.pass(20);
    assert_eq!((rig.keys(), rig.cause(CRASH)), (vec![CRASH], Some(UNREACHABLE)));
    rig.apply(&crashing("web-a"));
    assert_eq!(rig.cause(CRASH), None);
    rig.apply(&pod("web-a").owner("ReplicaSet", "web-2").on("n1"));
    assert_eq!(rig.cause(CRASH), None);
    rig.pass(30);
    assert_eq!(rig.keys(), [""; 0]);
}

#[test]
fn what_does_not_recover_after_its_cause_is_told_in_the_end() {
    let mut rig = lost_node();
    rig.delete(&crashing("web-a"));
    rig.pass(60);
    rig.apply(&node("n1").ready("True", -60));
    rig.pass(59);
    assert_eq!((rig.keys(), rig.cause(CRASH)), (vec![CRASH], Some(UNREACHABLE)));
    rig.pass(5);
    assert_eq!(rig.cause(CRASH), None, "nothing has come in its place");
    // While the cause lasts, nobody needs to be told more.
    let mut rig = lost_node();
    rig.delete(&crashing("web-a"));
    rig.pass(3600);
    assert_eq!(rig.cause(CRASH), Some(UNREACHABLE));
}

#[test]
fn everything_on_a_failing_node_is_folded_under_it_down_to_the_root() {
    let objects = and(
        web(),
        &[
            node("n1").zone("a").ready("True", 3600),
            crashing("web-a"),
            service("web").selector("app", "web"),
            slice("web-1", "web").endpoint("web-a", false),
            deployment("web").labels("app", "web").stalled("ProgressDeadlineExceeded", 60),
        ],
    );
    let mut rig = Rig::listed("ServiceNoReadyEndpoints: {for: 0s}", &objects);
    let (rollout, service) =
        ("Deployment/shop/web WorkloadRolloutStuck", "Service/shop/web ServiceNoReadyEndpoints");
    assert_eq!(
        (rig.cause(rollout), rig.cause(CRASH), rig.cause(service)),
        (None, Some(rollout), Some(rollout))
    );
    rig.apply(&node("n1").zone("a").ready("Unknown", 50));
    let unreachable = Some("Node/n1 NodeUnreachable");
    for key in [rollout, CRASH, service] {
        assert_eq!(rig.cause(key), unreachable, "{key}");
    }
    rig.apply(&node("n1").zone("a").ready("True", 0));
    rig.pass(30);
    assert_eq!(
        (rig.cause(rollout), rig.cause(CRASH), rig.cause(service)),
        (None, Some(rollout), Some(rollout))
    );
}

#[test]
fn a_pod_elsewhere_keeps_the_issue_from_being_folded_under_the_node() {
    let elsewhere = crashing("web-b").on("n2");
    let objects = and(web(), &[node("n1").ready("Unknown", 50), crashing("web-a"), elsewhere.clone()]);
    let mut rig = Rig::listed("", &objects);
    assert_eq!(rig.cause(CRASH), None);
    rig.apply(&node("n2").ready("Unknown", 50));
    assert_eq!(rig.cause(CRASH), Some("Node/n1 NodeUnreachable"));
    rig.delete(&elsewhere);
    assert_eq!(rig.cause(CRASH), Some("Node/n1 NodeUnreachable"));
}

#[test]
fn a_loop_of_memory_kills_is_folded_under_the_kills() {
    let container = container("app")
        .limit("64Mi")
        .restarts(4)
        .last_ended(137, "OOMKilled", 20)
        .waiting("CrashLoopBackOff");
    let rig = Rig::listed("", &and(web(), &[pod("web-a").owner("ReplicaSet", "web-2").with(container)]));
    assert_eq!(rig.cause(CRASH), Some("Deployment/shop/web PodOOMKilled"));
}

#[test]
fn a_service_is_explained_by_what_is_behind_it() {
    let looping = crashing("db-0").owner("StatefulSet", "db");
    let objects = [
        service("db").selector("app", "db"),
        stateful_set("db").labels("app", "db"),
        looping,
        slice("db-1", "db").endpoint("db-0", false),
    ];
    let rig = Rig::listed("ServiceNoReadyEndpoints: {for: 0s}", &objects);
    let cause = rig.cause("Service/shop/db ServiceNoReadyEndpoints");
    assert_eq!(cause, Some("StatefulSet/shop/db/db-0 PodCrashLoopBackOff"));
}

#[test]
fn a_cause_is_as_grave_as_the_gravest_of_its_symptoms() {
    let behind = |is_ready| slice("web-1", "web").endpoint("web-a", is_ready);
    let objects = and(
        web(),
        &[service("web").selector("app", "web"), crashing("web-a"), crashing("web-b"), behind(true)],
    );
    let mut rig = Rig::listed("ServiceNoReadyEndpoints: {for: 30s, healthyFor: 5s}", &objects);
    assert_eq!(rig.open[CRASH].severity, Severity::Warning);

    rig.apply(&behind(false));
    rig.pass(29);
    assert_eq!(rig.open[CRASH].severity, Severity::Warning, "the Service has not been without for long");
    rig.pass(1);
    let service = "Service/shop/web ServiceNoReadyEndpoints";
    assert_eq!(rig.cause(service), Some(CRASH), "nobody is paged for it");
    assert_eq!(rig.open[CRASH].severity, Severity::Critical);
    assert_eq!(rig.open[CRASH].grave_for.as_deref(), Some("ServiceNoReadyEndpoints of Service/shop/web"));
    let summary = &rig.summaries[CRASH];
    assert!(summary.ends_with("; it causes ServiceNoReadyEndpoints of Service/shop/web"), "{summary}");

    // Nothing is wrong with the pods any more, and the Service has not been back for long.
    rig.delete(&crashing("web-a"));
    rig.delete(&crashing("web-b"));
    rig.apply(&behind(true));
    assert_eq!(rig.open[CRASH].severity, Severity::Critical);
    rig.pass(5);
    assert_eq!(rig.keys(), [CRASH], "the Service is back");
    assert_eq!((rig.open[CRASH].severity, &rig.open[CRASH].grave_for), (Severity::Warning, &None));
    let summary = &rig.summaries[CRASH];
    assert!(!summary.contains("it causes"), "{summary}");
}

#[test]
fn what_is_explained_by_another_hands_its_graveness_on() {
    let objects = and(
        web(),
        &[
            service("web").selector("app", "web"),
            crashing("web-a"),
            slice("web-1", "web").endpoint("web-a", false),
        ],
    );
    let mut rig = Rig::listed("ServiceNoReadyEndpoints: {for: 0s}", &objects);
    assert_eq!(rig.open[CRASH].severity, Severity::Critical);
    let stuck = deployment("web").labels("app", "web").stalled("ProgressDeadlineExceeded", 60);
    rig.apply(&stuck);
    assert_eq!(rig.cause(CRASH), Some("Deployment/shop/web WorkloadRolloutStuck"));
    assert_eq!(rig.open[CRASH].severity, Severity::Warning, "what is folded is as grave as it is by itself");
    assert_eq!(rig.open["Deployment/shop/web WorkloadRolloutStuck"].severity, Severity::Critical);
}
