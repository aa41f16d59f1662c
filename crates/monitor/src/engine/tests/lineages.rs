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
