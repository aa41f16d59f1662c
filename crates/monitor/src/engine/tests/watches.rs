//! What the watches tell, in whatever order, and what they cannot.

use proptest::prelude::*;

use super::*;

#[test]
fn nothing_is_told_before_all_kinds_are_listed() {
    let mut rig = Rig::new("");
    for kind in Kind::ALL {
        assert!(!rig.engine.has_begun());
        rig.tell(Change::ListStarted(kind));
        for object in and(web(), &[crashing("web-a")]).iter().filter(|object| object.object().kind() == kind)
        {
            rig.tell(Change::Applied(object.object()));
        }
        rig.settle();
        assert_eq!(rig.open, BTreeMap::new());
        rig.tell(Change::ListDone(kind));
        rig.settle();
    }
    assert_eq!(rig.keys(), [CRASH]);
}

#[test]
fn a_denied_kind_blinds_its_checks_and_no_others() {
    let mut rig = Rig::new("");
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Lease) {
        rig.tell(Change::ListStarted(kind));
    }
    for object in and(web(), &[crashing("web-a"), node("n1").ready("Unknown", 600)]) {
        rig.tell(Change::Applied(object.object()));
    }
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Lease) {
        rig.tell(Change::ListDone(kind));
    }
    let denied = Some("list leases.coordination.k8s.io".to_owned());
    rig.engine.apply(Input::Failed { kind: Kind::Lease, denied, error: "403".into() }, rig.now);
    rig.settle();
    assert_eq!(rig.keys(), [CRASH]);
    let blind = rig.engine.blind(rig.now);
    assert_eq!(blind.len(), 1);
    assert_eq!(
        (blind[0].code, &*blind[0].reason),
        ("NodeUnreachable", "not allowed to list leases.coordination.k8s.io")
    );
    // Somebody grants it.
    rig.tell(Change::ListStarted(Kind::Lease));
    rig.tell(Change::ListDone(Kind::Lease));
    rig.settle();
    assert!(rig.open.contains_key("Node/n1 NodeUnreachable"));
    assert!(rig.engine.blind(rig.now).is_empty());
}

#[test]
fn nothing_is_judged_by_a_watch_that_has_failed_for_long() {
    let starting = pod("p").with(container("app").running(3600).unready()).ready("False", 0);
    let mut rig = Rig::listed("PodRunningNotReady: {for: 60s}", &[starting]);
    rig.engine.apply(Input::Failed { kind: Kind::Pod, denied: None, error: "refused".into() }, rig.now);
    rig.pass(120);
    assert!(rig.open.is_empty());
    // It tells what was missed before it is judged by again.
    rig.tell(Change::Heard(Kind::Pod));
    rig.settle();
    assert!(rig.open.is_empty());
    rig.pass(5);
    assert_eq!(rig.keys(), ["Pod/shop/p PodRunningNotReady"]);
}

#[test]
fn nothing_is_over_while_nobody_can_see_it() {
    let mut rig = Rig::listed("", &and(web(), &[crashing("web-a")]));
    rig.apply(&pod("web-a").owner("ReplicaSet", "web-2").on("n1"));
    rig.engine.apply(Input::Failed { kind: Kind::Pod, denied: None, error: "refused".into() }, rig.now);
    rig.go_to(rig.now.steady + Duration::from_secs(30));
    rig.settle();
    rig.pass(600);
    assert_eq!(rig.keys(), [CRASH]);
    rig.tell(Change::Heard(Kind::Pod));
    rig.pass(10);
    assert_eq!(rig.ended, [(CRASH.to_owned(), Resolution::Healthy)]);
}

#[test]
fn a_process_that_stood_still_first_catches_up() {
    let unready = pod("p").with(container("app").running(3600).unready()).ready("False", 0);
    let mut rig = Rig::listed("PodRunningNotReady: {for: 60s}", &[unready]);
    // It is not woken at its time, but long after.
    rig.go_to(rig.now.steady + Duration::from_mins(10));
    rig.settle();
    assert!(rig.open.is_empty());
    rig.apply(&pod("p").ready("True", -60));
    rig.pass(60);
    assert!(rig.open.is_empty() && rig.engine.blind(rig.now).is_empty());
}

#[test]
fn what_was_mended_while_nobody_could_see_it_is_no_issue() {
    let unready = |name: &str| pod(name).with(container("app").running(3600).unready()).ready("False", 0);
    let is_over = |name: &str| pod(name).ready("True", -60);
    for relisted in [false, true] {
        let mut rig = Rig::listed("PodRunningNotReady: {for: 60s}", &[unready("p"), unready("q")]);
        rig.engine.apply(Input::Failed { kind: Kind::Pod, denied: None, error: "refused".into() }, rig.now);
        rig.pass(120);
        let first = if relisted { Change::ListStarted(Kind::Pod) } else { Change::Heard(Kind::Pod) };
        rig.tell(first);
        rig.settle();
        for name in ["p", "q"] {
            rig.tell(Change::Applied(is_over(name).object()));
            rig.settle();
            assert!(rig.open.is_empty(), "{name}, relisted: {relisted}");
        }
        if relisted {
            rig.tell(Change::ListDone(Kind::Pod));
            rig.settle();
        }
        rig.pass(600);
        assert!(rig.open.is_empty() && rig.engine.blind(rig.now).is_empty());
    }
}

#[test]
fn a_relist_removes_what_is_gone_and_keeps_what_cannot_be_read() {
    let mut rig =
        Rig::listed("", &and(web(), &[crashing("web-a"), crashing("web-b").owner("Job", "j"), job("j")]));
    assert_eq!(rig.keys(), [CRASH, "Job/shop/j PodCrashLoopBackOff"]);
    rig.tell(Change::ListStarted(Kind::Pod));
    rig.settle();
    assert_eq!(rig.open.len(), 2, "half a list says nothing");
    let (namespace, name) = ("shop".to_owned(), "web-a".to_owned());
    rig.tell(Change::Malformed { kind: Kind::Pod, namespace, name, deleted: false });
    rig.tell(Change::ListDone(Kind::Pod));
    rig.settle();
    rig.pass(600);
    assert_eq!(rig.keys(), [CRASH]);
}

/// A cluster's objects in several versions each: what a watch might tell, one after the other.
fn history() -> Vec<Vec<Fixture>> {
    let well = |name: &str| pod(name).owner("ReplicaSet", "web-2").on("n1");
    vec![
        vec![
            deployment("web").labels("app", "web"),
            deployment("web").labels("app", "web").stalled("ProgressDeadlineExceeded", 60),
        ],
        vec![replica_set("web-2", "web", 2)],
        vec![well("web-a"), crashing("web-a")],
        vec![crashing("web-b"), well("web-b"), crashing("web-b").on("n2")],
        vec![crashing("web-c"), well("web-c")],
        vec![node("n1").ready("True", 3600), node("n1").ready("Unknown", 100)],
        vec![node("n2").ready("Unknown", 3600), node("n2").ready("False", 400)],
        vec![service("web").selector("app", "web")],
        vec![slice("web-1", "web").endpoint("web-a", true), slice("web-1", "web").endpoint("web-a", false)],
        vec![well("db-0").owner("StatefulSet", "db"), crashing("db-0").owner("StatefulSet", "db")],
        vec![stateful_set("db")],
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever the order in which objects are told, however often, and with whatever versions in
    /// between left out: what is open in the end depends on how the objects are in the end.
    #[test]
    fn issues_follow_from_the_world_not_from_its_history(
        order in Just((0..history().len()).collect::<Vec<usize>>()).prop_shuffle(),
        skips in prop::collection::vec(any::<bool>(), 64),
        settles in prop::collection::vec(any::<bool>(), 64),
        repeat in any::<bool>(),
    ) {
        let checks = "ServiceNoReadyEndpoints: {for: 0s}";
        let history = history();
        let last: Vec<Fixture> = history.iter().filter_map(|versions| versions.last().cloned()).collect();
        let mut expected = Rig::listed(checks, &last);
        expected.pass(1200);

        let mut rig = Rig::listed(checks, &[]);
        let (mut skips, mut settles) = (skips.into_iter().cycle(), settles.into_iter().cycle());
        for at in order {
            let versions = &history[at];
            for (version, object) in versions.iter().enumerate() {
                let is_last = version + 1 == versions.len();
                if !is_last && skips.next() == Some(true) {
                    continue;
                }
                for _ in 0..=usize::from(repeat) {
                    rig.tell(Change::Applied(object.object()));
                }
                if settles.next() == Some(true) {
                    rig.settle();
                }
            }
        }
        rig.settle();
        rig.pass(1200);
        prop_assert_eq!(&rig.open, &expected.open);
        prop_assert_eq!(rig.engine.pending(), expected.engine.pending());

        // A relist of the same changes nothing, and neither does a fresh start.
        rig.list(&last);
        prop_assert_eq!(&rig.open, &expected.open);
    }
}
