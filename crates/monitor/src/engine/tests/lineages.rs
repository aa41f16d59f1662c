//! Whose trouble it is.

use super::*;

#[test]
fn a_lineage_that_is_gone_ends_its_issues_at_once() {
    let mut rig = Rig::listed("", &and(web(), &[crashing("web-a")]));
    rig.delete(&crashing("web-a"));
    assert!(rig.ended.is_empty());
    rig.delete(&deployment("web"));
    assert_eq!(rig.ended, [(CRASH.to_owned(), Resolution::SubjectGone)]);
    let mut bare = Rig::listed("", &[crashing("web-a").owner("Node", "n1")]);
    assert_eq!(bare.keys(), ["Pod/shop/web-a PodCrashLoopBackOff"]);
    bare.delete(&crashing("web-a"));
    assert_eq!(bare.ended[0].1, Resolution::SubjectGone);
}

#[test]
fn pods_of_a_stateful_set_are_numbered_from_where_it_says() {
    let set = stateful_set("db").ordinals_from(5);
    let pods = ["db-4", "db-5", "db-7"].map(|name| crashing(name).owner("StatefulSet", "db"));
    let mut rig = Rig::listed("", &and(vec![set], &pods));
    for gone in &pods {
        rig.delete(gone);
    }
    let ended = ("StatefulSet/shop/db/db-4 PodCrashLoopBackOff".to_owned(), Resolution::SubjectGone);
    assert_eq!(rig.ended, [ended]);
    assert_eq!(rig.keys().len(), 2, "its own pods are to come back");
}

#[test]
fn lineages_are_what_outlives_a_pod() {
    let looping = |owner: &str, name: &str| crashing("p-0").owner(owner, name);
    for (object, more, expected) in [
        (looping("StatefulSet", "db"), stateful_set("db"), "StatefulSet/shop/db/p-0 PodCrashLoopBackOff"),
        (looping("DaemonSet", "cni"), daemon_set("cni"), "DaemonSet/shop/cni/n1 PodCrashLoopBackOff"),
        (
            looping("Job", "report-1"),
            job("report-1").owner("CronJob", "report"),
            "CronJob/shop/report PodCrashLoopBackOff",
        ),
        (looping("Job", "report-1"), job("report-1"), "Job/shop/report-1 PodCrashLoopBackOff"),
        (
            looping("ReplicaSet", "x"),
            replica_set("x", "y", 1).owner("Rollout", "y"),
            "Rollout/shop/y PodCrashLoopBackOff",
        ),
        (
            looping("SparkApplication", "s"),
            node("n1").ready("True", 9),
            "SparkApplication/shop/s PodCrashLoopBackOff",
        ),
    ] {
        assert_eq!(Rig::listed("", &[object, more]).keys(), [expected]);
    }
}

#[test]
fn a_daemon_sets_pod_without_a_node_is_of_the_node_it_was_made_for() {
    let waiting = |node: &str| {
        let name = format!("cni-{node}");
        pod(&name).owner("DaemonSet", "cni").made_for(node).unscheduled(
            "Unschedulable",
            "Insufficient cpu",
            90,
        )
    };
    let node = |name| node(name).ready("True", 900);
    let mut rig = Rig::listed("", &[daemon_set("cni"), node("n1"), node("n2"), waiting("n1"), waiting("n2")]);
    let of = |node: &str| format!("DaemonSet/shop/cni/{node} PodUnschedulable");
    assert_eq!(rig.keys(), [of("n1"), of("n2")]);
    rig.apply(&waiting("n1").phase("Running").on("n1").scheduled(0).ready("True", 0));
    assert_eq!(rig.keys().len(), 2);
    rig.pass(15);
    assert_eq!(rig.ended, [(of("n1"), Resolution::Healthy)]);
}

#[test]
fn a_lineage_that_becomes_known_later_takes_the_issue_over() {
    let mut rig = Rig::listed("", &[crashing("web-a")]);
    assert_eq!(rig.keys(), ["ReplicaSet/shop/web-2 PodCrashLoopBackOff"]);
    rig.apply(&replica_set("web-2", "web", 2));
    rig.pass(60);
    assert_eq!(rig.keys(), [CRASH]);
}

#[test]
fn a_pod_that_nothing_comes_in_the_place_of_is_not_well_again() {
    let other = |name: &str| pod(name).owner("ReplicaSet", "web-2");
    // Of three that were asked for, so many were there beside the one in trouble.
    for (beside, replicas, expected) in [(2, 3, false), (1, 3, false), (1, 1, true)] {
        let others: Vec<Fixture> = ["web-b", "web-c"].into_iter().take(beside).map(other).collect();
        let mut rig = Rig::listed("", &and(and(web(), &others), &[crashing("web-a")]));
        rig.delete(&crashing("web-a"));
        rig.apply(&deployment("web").replicas(replicas));
        rig.pass(600);
        let ended = rig.ended == [(CRASH.to_owned(), Resolution::Healthy)];
        assert_eq!(ended, expected, "{beside} {replicas}: {:?}", rig.keys());
        rig.apply(&other("web-d").created(-600).ready("True", -600));
        rig.pass(30);
        assert!(rig.keys().is_empty(), "as many as there were, though one may still be missing: {beside}");
    }
}

#[test]
fn a_daemon_sets_pod_that_is_missing_somewhere_is_not_well_again() {
    let crash = "DaemonSet/shop/cni/n1 PodCrashLoopBackOff";
    let on_node = crashing("cni-a").owner("DaemonSet", "cni");
    let other = |name: &str| pod(name).owner("DaemonSet", "cni").on("n2");
    let objects = [
        daemon_set("cni").places(2, 1),
        node("n1").ready("True", 900),
        on_node.clone(),
        other("cni-b"),
        other("cni-c"),
    ];
    let mut rig = Rig::listed("", &objects);
    // Nothing is missing yet: it is on its way out.
    rig.apply(&on_node.clone().deleted(0));
    rig.pass(45);
    assert_eq!(rig.keys(), [crash]);
    rig.delete(&on_node);
    rig.pass(600);
    assert_eq!(rig.keys(), [crash]);
    // Its successor has no node yet, and nobody has said anything of it.
    let successor = pod("cni-d").owner("DaemonSet", "cni").made_for("n1").phase("Pending").created(-645);
    rig.apply(&successor.clone().ready("False", -645));
    rig.pass(60);
    assert_eq!(rig.keys(), [crash]);
    rig.delete(&successor);
    // It is not wanted there any more.
    rig.apply(&daemon_set("cni").places(1, 1));
    rig.pass(60);
    assert_eq!(rig.ended, [(crash.to_owned(), Resolution::Healthy)]);
}

#[test]
fn what_comes_in_place_of_what_was_wrong_is_not_named_in_its_stead() {
    let hanging =
        pod("web-a").owner("ReplicaSet", "web-2").with(container("app").running(900)).ready("False", 900);
    let mut rig = Rig::listed("PodRunningNotReady: {for: 30s}", &and(web(), std::slice::from_ref(&hanging)));
    let key = "Deployment/shop/web PodRunningNotReady";
    let summary = rig.summaries[key].clone();
    assert!(summary.ends_with("(web-a)"), "{summary}");
    let successor =
        pod("web-b").owner("ReplicaSet", "web-2").with(container("app").running(1)).ready("False", 1);
    rig.delete(&hanging);
    rig.apply(&successor);
    assert_eq!(rig.open[key].members, ["web-b"], "it is only on its way");
    assert_eq!(rig.summaries[key], summary);
}
