//! The engine as a whole: objects and times in, issues out.

use std::collections::BTreeMap;

use model::Severity;
use model::issue::Resolution;
use proptest::prelude::*;

use super::*;
use crate::checks::testing::thresholds;
use crate::fixtures::*;

/// An engine with what it told so far.
struct Rig {
    engine: Engine,
    /// Open issues by lineage and code: cause, severity, names of members.
    open: BTreeMap<String, Seen>,
    ended: Vec<(String, Resolution)>,
    now: Now,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    cause: Option<String>,
    severity: Severity,
    members: Vec<String>,
}

impl Rig {
    fn new(checks: &str) -> Self {
        let engine = Engine::new(thresholds(checks), "team".into());
        Self { engine, open: BTreeMap::new(), ended: Vec::new(), now: NOW }
    }

    /// An engine that has listed these objects, and nothing of any other kind.
    fn listed(checks: &str, objects: &[Fixture]) -> Self {
        let mut rig = Self::new(checks);
        rig.list(objects);
        rig
    }

    fn list(&mut self, objects: &[Fixture]) {
        for kind in Kind::ALL {
            self.tell(Change::ListStarted(kind));
        }
        for object in objects {
            self.tell(Change::Applied(object.object()));
        }
        for kind in Kind::ALL {
            self.tell(Change::ListDone(kind));
        }
        self.settle();
    }

    fn tell(&mut self, change: Change) {
        self.engine.apply(Input::Change(change), self.now);
    }

    fn apply(&mut self, object: &Fixture) {
        self.tell(Change::Applied(object.object()));
        self.settle();
    }

    fn delete(&mut self, object: &Fixture) {
        self.tell(Change::Deleted(object.object()));
        self.settle();
    }

    /// Lets so many seconds pass, and everything that is due meanwhile happen at its time.
    fn pass(&mut self, seconds: u64) {
        let until = self.now.steady + Duration::from_secs(seconds);
        while let Some(due) = self.engine.next_deadline().filter(|due| *due <= until) {
            self.go_to(due.max(self.now.steady));
            self.settle();
        }
        self.go_to(until);
        self.settle();
    }

    fn go_to(&mut self, steady: Duration) {
        self.now = Now { wall: self.now.wall + steady.saturating_sub(self.now.steady), steady };
    }

    fn settle(&mut self) {
        for Update { issue, resolution } in self.engine.settle(self.now) {
            let key = issue.key().to_string();
            if let Some(resolution) = resolution {
                self.open.remove(&key);
                self.ended.push((key, resolution));
                continue;
            }
            let seen = Seen {
                cause: issue.cause.as_ref().map(|cause| format!("{} {}", cause.lineage, cause.code)),
                severity: issue.severity,
                members: issue.members.iter().map(|member| member.object.name.clone()).collect(),
            };
            self.open.insert(key, seen);
        }
    }

    fn keys(&self) -> Vec<&str> {
        self.open.keys().map(String::as_str).collect()
    }

    fn cause(&self, key: &str) -> Option<&str> {
        self.open.get(key).unwrap_or_else(|| panic!("{key} is not open: {:?}", self.open)).cause.as_deref()
    }
}

const CRASH: &str = "Deployment/shop/web PodCrashLoopBackOff";

fn crashing(name: &str) -> Fixture {
    let container = container("app").restarts(5).last_ended(1, "Error", 20).waiting("CrashLoopBackOff");
    pod(name).owner("ReplicaSet", "web-2").on("n1").with(container).ready("False", 300)
}

fn web() -> Vec<Fixture> {
    vec![
        deployment("web").labels("app", "web"),
        replica_set("web-1", "web", 1),
        replica_set("web-2", "web", 2),
    ]
}

fn and(mut objects: Vec<Fixture>, more: &[Fixture]) -> Vec<Fixture> {
    objects.extend_from_slice(more);
    objects
}

#[test]
fn crashing_replicas_are_one_issue_of_their_deployment() {
    let rig = Rig::listed(
        "",
        &and(web(), &[crashing("web-a"), crashing("web-b"), pod("web-c").owner("ReplicaSet", "web-2")]),
    );
    assert_eq!(rig.keys(), [CRASH]);
    assert_eq!(rig.open[CRASH].members, ["web-a", "web-b"]);
}

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
fn replacement_keeps_the_issue_until_the_replacement_is_well() {
    let mut rig = Rig::listed("", &and(web(), &[crashing("web-a")]));
    let fresh = |status, ago| {
        let container = container("app").running(-606).unready();
        pod("web-b").owner("ReplicaSet", "web-2").created(-5).with(container).ready(status, ago)
    };
    rig.pass(5);
    rig.delete(&crashing("web-a"));
    rig.pass(600);
    assert_eq!(rig.keys(), [CRASH], "nothing has come in its place");
    rig.apply(&fresh("False", -605));
    rig.pass(300);
    assert_eq!(rig.keys(), [CRASH], "what has come is not ready");
    rig.apply(&fresh("True", -905));
    rig.pass(29);
    assert_eq!(rig.keys(), [CRASH], "it has not been ready for long");
    rig.pass(1);
    assert_eq!(rig.ended, [(CRASH.to_owned(), Resolution::Healthy)]);
}

#[test]
fn trouble_that_comes_back_within_healthy_for_is_the_same_issue() {
    let mut rig = Rig::listed("", &and(web(), &[crashing("web-a")]));
    let well = pod("web-a").owner("ReplicaSet", "web-2").on("n1");
    for _ in 0..3 {
        rig.apply(&well);
        rig.pass(20);
        rig.apply(&crashing("web-a"));
    }
    assert!(rig.ended.is_empty());
    rig.apply(&well);
    rig.pass(30);
    assert_eq!(rig.ended, [(CRASH.to_owned(), Resolution::Healthy)]);
}

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
fn a_check_that_is_switched_off_ends_its_issues() {
    let mut rig = Rig::listed("", &and(web(), &[crashing("web-a")]));
    let updates = rig.engine.reconfigure(thresholds("PodCrashLoopBackOff: {enabled: false}"));
    assert_eq!(
        updates.iter().map(|update| update.resolution).collect::<Vec<_>>(),
        [Some(Resolution::CheckDisabled)]
    );
    assert!(rig.engine.settle(rig.now).is_empty());
    let again = rig.engine.reconfigure(thresholds(""));
    assert!(again.is_empty());
    rig.settle();
    assert_eq!(rig.keys(), [CRASH]);
}

#[test]
fn a_threshold_is_crossed_by_time_alone() {
    let starting = pod("p").with(container("app").running(3600).unready()).ready("False", 10);
    let mut rig = Rig::listed("", &[starting]);
    assert!(rig.open.is_empty());
    assert_eq!(rig.engine.pending()["PodRunningNotReady"], 1);
    rig.pass(19);
    assert!(rig.open.is_empty());
    rig.pass(1);
    assert_eq!(rig.keys(), ["Pod/shop/p PodRunningNotReady"]);
    assert!(rig.engine.pending().is_empty());
}

#[test]
fn a_clock_that_is_set_wakes_what_waits() {
    let starting = pod("p").with(container("app").running(3600).unready()).ready("False", 10);
    let mut rig = Rig::listed("", &[starting]);
    rig.now.wall += Duration::from_mins(1);
    rig.settle();
    assert_eq!(rig.keys(), ["Pod/shop/p PodRunningNotReady"]);
}

#[test]
fn a_lease_that_is_renewed_wakes_nobody_and_one_that_is_not_does() {
    let nodes: Vec<Fixture> = ["n1", "n2"].iter().map(|name| node(name).ready("True", 3600)).collect();
    let mut rig = Rig::listed("", &and(nodes, &[lease("n1", 0), lease("n2", 0)]));
    let evaluated = |rig: &Rig| rig.engine.evaluated().map(|(_, count)| count).sum::<u64>();
    for round in 1..=4 {
        let before = evaluated(&rig);
        rig.tell(Change::Applied(lease("n1", -10 * round).object()));
        rig.settle();
        assert_eq!(evaluated(&rig), before);
        rig.pass(10);
    }
    assert_eq!(rig.keys(), ["Node/n2 NodeUnreachable"]);
    rig.apply(&lease("n2", -40));
    rig.pass(30);
    assert_eq!(rig.ended, [("Node/n2 NodeUnreachable".to_owned(), Resolution::Healthy)]);
}

#[test]
fn no_node_is_unreachable_because_we_hear_nothing() {
    let nodes =
        [node("n1").ready("True", 3600), lease("n1", 0), node("n2").ready("True", 3600), lease("n2", 0)];
    let mut rig = Rig::listed("", &nodes);
    rig.pass(3600);
    assert!(rig.open.is_empty());
    // The API server is back, and the nodes renew one after the other.
    rig.apply(&lease("n1", -3600));
    rig.pass(9);
    assert!(rig.open.is_empty());
    rig.apply(&lease("n2", -3609));
    rig.pass(10);
    assert!(rig.open.is_empty());
}

/// Two nodes whose kubelets freeze at once. `sign` is what the watch of leases tells meanwhile.
fn frozen(sign: fn(Kind) -> Change, seconds: u64) -> Rig {
    let nodes =
        [node("n1").ready("True", 3600), lease("n1", 0), node("n2").ready("True", 3600), lease("n2", 0)];
    let mut rig = Rig::listed("", &nodes);
    let until = rig.now.steady + Duration::from_secs(seconds);
    while rig.now.steady < until {
        rig.pass(until.saturating_sub(rig.now.steady).as_secs().min(12));
        rig.tell(sign(Kind::Lease));
        rig.settle();
    }
    rig
}

#[test]
fn all_nodes_are_unreachable_in_time_when_all_of_them_freeze() {
    assert!(frozen(Change::Progressed, 39).open.is_empty());
    let both = ["Node/n1 NodeUnreachable", "Node/n2 NodeUnreachable"];
    assert_eq!(frozen(Change::Progressed, 40).keys(), both);
    // Whether the watch tells something just then or not.
    let mut rig = frozen(Change::Progressed, 36);
    rig.pass(4);
    assert_eq!(rig.keys(), both);
}

#[test]
fn no_node_is_unreachable_because_nobody_can_write() {
    assert!(frozen(Change::Heard, 3600).open.is_empty());
    // Nor because the same leases are listed anew.
    let mut rig = frozen(Change::Heard, 600);
    let nodes =
        [node("n1").ready("True", 3600), lease("n1", 0), node("n2").ready("True", 3600), lease("n2", 0)];
    for _ in 0..10 {
        rig.list(&nodes);
        rig.pass(30);
    }
    assert!(rig.open.is_empty());
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
    rig.tell(Change::Heard(Kind::Pod));
    rig.settle();
    assert_eq!(rig.keys(), ["Pod/shop/p PodRunningNotReady"]);
}

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
fn a_lineage_that_becomes_known_later_takes_the_issue_over() {
    let mut rig = Rig::listed("", &[crashing("web-a")]);
    assert_eq!(rig.keys(), ["ReplicaSet/shop/web-2 PodCrashLoopBackOff"]);
    rig.apply(&replica_set("web-2", "web", 2));
    rig.pass(60);
    assert_eq!(rig.keys(), [CRASH]);
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
