//! The engine as a whole: objects and times in, issues out.

mod causes;
mod leases;
mod lineages;
mod watches;

use std::collections::BTreeMap;

use model::Severity;
use model::issue::Resolution;

use super::*;
use crate::checks::testing::thresholds;
use crate::fixtures::*;

/// An engine with what it told so far.
struct Rig {
    engine: Engine,
    /// Open issues by lineage and code: cause, severity, names of members.
    open: BTreeMap<String, Seen>,
    /// What people read of them. What is over, or nearly, is told in the words of when it was not.
    summaries: BTreeMap<String, String>,
    ended: Vec<(String, Resolution)>,
    now: Now,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    cause: Option<String>,
    severity: Severity,
    /// The symptom that makes it as grave as that.
    grave_for: Option<String>,
    members: Vec<String>,
}

impl Rig {
    fn new(checks: &str) -> Self {
        let engine = Engine::new(thresholds(checks), "team".into());
        Self { engine, open: BTreeMap::new(), summaries: BTreeMap::new(), ended: Vec::new(), now: NOW }
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
                grave_for: issue.evidence.get("graveFor").cloned(),
                members: issue.members.iter().map(|member| member.object.name.clone()).collect(),
            };
            self.summaries.insert(key.clone(), issue.summary.clone());
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
fn a_loop_of_exits_in_order_is_one_issue() {
    let app = || container("app").restarts(9).last_ended(0, "Completed", 20);
    let of = |container| pod("web-a").owner("ReplicaSet", "web-2").with(container).ready("False", 300);
    let running = |rig: &Rig| of(app().running(-(rig.now.wall.duration_since(NOW.wall).as_secs())));
    let mut rig = Rig::listed("", &and(web(), &[of(app().running(5))]));
    assert!(rig.open.is_empty(), "it may be meant to exit");
    assert_eq!(rig.engine.pending().get("PodCrashLoopBackOff"), None);
    for _ in 0..3 {
        rig.apply(&of(app().waiting("CrashLoopBackOff")));
        rig.pass(300);
        rig.apply(&running(&rig));
        rig.pass(90);
        assert_eq!(rig.keys(), [CRASH]);
    }
    assert!(rig.ended.is_empty());
    rig.pass(30 + 30);
    assert_eq!(rig.ended, [(CRASH.to_owned(), Resolution::Healthy)]);
}

#[test]
fn a_pod_that_would_not_go_is_no_trouble_once_it_has_gone() {
    let stuck = pod("web-a").owner("ReplicaSet", "web-2").deleted(120);
    let waiting = pod("web-b").owner("ReplicaSet", "web-2").created(60).phase("Pending").ready("False", 60);
    let mut rig = Rig::listed("", &and(web(), &[stuck.clone(), waiting]));
    assert_eq!(rig.keys(), ["Deployment/shop/web PodStuckTerminating"]);
    rig.delete(&stuck);
    assert_eq!(rig.ended, [("Deployment/shop/web PodStuckTerminating".to_owned(), Resolution::Healthy)]);
}

#[test]
fn a_namespace_that_is_being_deleted_is_empty_on_purpose() {
    let dead = slice("web-1", "web").endpoint("web-a", false);
    let mut rig =
        Rig::listed("", &and(web(), &[service("web").selector("app", "web"), dead, namespace("shop")]));
    rig.pass(29);
    rig.apply(&namespace("shop").deleted(-29));
    rig.pass(60);
    assert!(rig.open.is_empty() && rig.engine.pending().is_empty());
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
fn a_kubelet_whose_clock_is_an_hour_ahead_hides_nothing() {
    let lost = pod("p").with(container("app").running(600).unready()).ready("False", -3600);
    let sick = node("n1").created(86_400).ready("False", -3600);
    let mut rig = Rig::listed("", &[lost, sick]);
    assert!(rig.open.is_empty());
    rig.pass(30);
    assert_eq!(rig.keys(), ["Node/n1 NodeNotReady", "Pod/shop/p PodRunningNotReady"]);
}

#[test]
fn a_clock_that_is_set_wakes_what_waits() {
    let starting = pod("p").with(container("app").running(3600).unready()).ready("False", 10);
    let mut rig = Rig::listed("", &[starting]);
    rig.now.wall += Duration::from_mins(1);
    rig.settle();
    assert_eq!(rig.keys(), ["Pod/shop/p PodRunningNotReady"]);
}
