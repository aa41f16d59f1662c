//! Tables of what is seen, and what is told of it.

use std::time::Duration;

use model::issue::Resolution;
use serde_json::json;

use super::fixture::{Bench, attempt, held};
use super::{About, Health, Standing, Story};

const WEB: &str = "Deployment/shop/web";
const NOT_READY: &str = "PodRunningNotReady";
const SILENT: &str = "NodeUnreachable";

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn explained(story: &Story, lineage: &str) -> String {
    story.why(&About::Lineage(lineage.to_owned()), seconds(100))
}

#[test]
fn a_pod_that_hangs_is_found_replaced_and_counted() {
    let mut bench = Bench::new();
    bench.chapter(2, "hang", true);
    bench.issue(32, WEB, NOT_READY, None);
    bench.remediation(
        33,
        "r-1",
        WEB,
        NOT_READY,
        &json!({"phase": "Acting",
        "attempts": [attempt(1, "EvictPod", "Pod/web-1", "Open", "Open")]}),
    );
    assert_eq!(bench.lines().len(), 2, "what is only meant is no news: {:?}", bench.lines());
    bench.remediation(
        34,
        "r-1",
        WEB,
        NOT_READY,
        &json!({"phase": "Verifying",
        "attempts": [attempt(1, "EvictPod", "Pod/web-1", "Happened", "Happened")]}),
    );
    bench.over(60, WEB, NOT_READY, Resolution::Healthy);
    bench.remediation(
        70,
        "r-1",
        WEB,
        NOT_READY,
        &json!({"phase": "Succeeded", "ended": "2026-01-01T00:01:10Z",
        "attempts": [attempt(1, "EvictPod", "Pod/web-1", "Settled", "Helped")]}),
    );
    assert_eq!(
        bench.lines()[1..],
        [
            "found shop/web: PodRunningNotReady: is not as it should be",
            "did shop/web: evicts pod web-1",
            "over shop/web: PodRunningNotReady is over (healthy)",
            "healed shop/web: PodRunningNotReady is healed after EvictPod, and stayed so for 10 s",
        ]
    );
    let tally = bench.story.tally();
    assert_eq!((tally.found, tally.healed, tally.held, tally.paged), (1, 1, 0, 0));
    let (detect, recover) = (tally.to_detect.unwrap(), tally.to_recover.unwrap());
    assert_eq!((detect.median_s, recover.worst_s), (30, 58));
    assert!(explained(&bench.story, WEB).contains("healed by EvictPod 30s ago"));

    bench.issue(200, WEB, NOT_READY, None);
    bench.remediation(201, "r-2", WEB, NOT_READY, &json!({"phase": "Pending"}));
    let tally = bench.story.tally();
    assert_eq!((tally.found, tally.healed), (2, 1));
    assert_eq!(tally.to_recover, Some(recover), "what was healed stays healed when it happens again");
}

#[test]
fn a_trouble_that_is_relabelled_goes_on() {
    let mut bench = Bench::new();
    bench.issue(10, WEB, NOT_READY, None);
    bench.issue(11, WEB, NOT_READY, None);
    bench.over(11, WEB, NOT_READY, Resolution::Relabelled);
    assert!(bench.story.troubles().all()[0].is_open());
    assert_eq!(bench.lines().len(), 1, "{:?}", bench.lines());
    bench.over(20, WEB, NOT_READY, Resolution::Healthy);
    bench.over(21, WEB, NOT_READY, Resolution::Healthy);
    bench.issue(30, WEB, NOT_READY, None);
    assert_eq!(bench.story.troubles().all().len(), 2, "the next one is another one");
}

#[test]
fn what_stands_alike_is_one_group_with_its_symptoms_under_it() {
    let mut bench = Bench::new();
    for node in ["Node/b-01", "Node/b-02", "Node/b-03"] {
        bench.issue(40, node, SILENT, None);
    }
    bench.issue(50, WEB, NOT_READY, Some(("Node/b-02", SILENT)));
    bench.remediation(55, "r-1", "Node/b-01", SILENT, &json!({"phase": "Verifying"}));
    for (name, node) in [("r-2", "Node/b-02"), ("r-3", "Node/b-03")] {
        bench.remediation(56, name, node, SILENT, &held("Budget", "4 nodes of zone zone-b are disrupted"));
    }
    let groups = bench.story.groups(seconds(60));
    let brief: Vec<_> = groups.iter().map(|own| (own.whose(), own.standing, own.symptoms.len())).collect();
    assert_eq!(
        brief,
        [("b-02, b-03".to_owned(), Standing::Held, 1), ("b-01".to_owned(), Standing::Healing, 0),]
    );
    assert!(groups[0].words.contains("The rule Budget says not now: 4 nodes"), "{}", groups[0].words);
    assert_eq!(bench.story.tally().held, 2);
    let lines = bench.lines();
    assert!(lines[0].starts_with("found b-01, b-02 and 1 more: NodeUnreachable"), "{lines:?}");
    assert_eq!(lines[1], "folded shop/web: PodRunningNotReady, a symptom of NodeUnreachable on b-02");
    assert_eq!(lines[2], "held b-02, b-03: rule Budget says not now: 4 nodes of zone zone-b are disrupted");
    assert!(explained(&bench.story, WEB).contains("it is a symptom of Node/b-02"));
}

#[test]
fn what_passes_within_moments_is_not_told_as_held() {
    for (rule, reason) in [
        ("FreshView", "the view is not whole"),
        ("AttemptCap", "attempt 2 waits 30s after the one before"),
        ("CorrelatedFailure", "waits to see whether other nodes fail with it"),
    ] {
        let mut bench = Bench::new();
        bench.remediation(10, "r-1", WEB, NOT_READY, &held(rule, reason));
        assert_eq!((bench.lines().len(), bench.story.tally().held), (0, 0), "{rule}");
    }
}

#[test]
fn what_is_tried_and_refused_again_is_told_once() {
    let mut bench = Bench::new();
    let refused = held("EvictionFirst", "the budget has no room");
    bench.remediation(10, "r-1", WEB, NOT_READY, &refused);
    bench.remediation(40, "r-1", WEB, NOT_READY, &json!({"phase": "Acting"}));
    bench.remediation(41, "r-1", WEB, NOT_READY, &refused);
    assert_eq!(bench.lines(), ["held shop/web: rule EvictionFirst says not now: the budget has no room"]);
}

#[test]
fn a_plan_that_waits_is_asked_about_until_somebody_said_something() {
    let mut bench = Bench::new();
    bench.issue(10, WEB, NOT_READY, None);
    bench.remediation(11, "r-1", WEB, NOT_READY, &json!({"phase": "AwaitingApproval"}));
    assert_eq!(bench.story.waiting(), ["r-1"]);
    assert_eq!(bench.story.groups(seconds(12))[0].waits.as_deref(), Some("r-1"));
    assert!(bench.lines()[1].starts_with("asked shop/web: policy some-policy asks first: may it EvictPod?"));
    bench.forbid(15, "r-1", WEB, NOT_READY);
    assert!(bench.story.waiting().is_empty(), "the healer has not seen it yet");
    assert_eq!(bench.lines()[2], "answered shop/web: operator forbids it");
    let rejected = json!({"phase": "Rejected", "message": "operator said no"});
    bench.remediation(20, "r-1", WEB, NOT_READY, &rejected);
    assert_eq!(bench.story.groups(seconds(21))[0].standing, Standing::GivenUp);
}

#[test]
fn every_end_is_told_in_its_words() {
    for (phase, message, told) in [
        ("Escalated", "EvictPod did not help", Some("gave up shop/web: stops trying: EvictPod did not help")),
        ("Rejected", "nobody answered", Some("gave up shop/web: not approved: nobody answered")),
        (
            "Observed",
            "would have",
            Some(
                "observed shop/web: policy some-policy only observes: EvictPod is written down, and not done",
            ),
        ),
        ("Cancelled", "the policy is gone", Some("over shop/web: given up: the policy is gone")),
        ("Cleared", "healthy again", None),
    ] {
        let mut bench = Bench::new();
        bench.remediation(10, "r-1", WEB, NOT_READY, &json!({"phase": phase, "message": message}));
        assert_eq!(bench.lines().first().map(String::as_str), told, "{phase}");
    }
}

#[test]
fn a_message_is_told_as_a_person_gets_it() {
    let mut bench = Bench::new();
    bench.message(10, "firing", SILENT, &["Node/b-01", "Node/b-02"], "Deferred by Budget: 4 are");
    bench.message(20, "resolved", SILENT, &["Node/b-01"], "");
    assert_eq!(
        bench.lines(),
        [
            "paged pager gets [FIRING] NodeUnreachable, 2 at once - Deferred by Budget: 4 are",
            "told pager gets [RESOLVED] NodeUnreachable b-01",
        ]
    );
    assert_eq!(bench.story.tally().paged, 1);
    let why = bench.story.why(&About::Letter(0), seconds(30));
    assert!(why.starts_with("To pager: [FIRING]") && why.contains("healing: Deferred by Budget"), "{why}");
}

#[test]
fn the_map_knows_how_nodes_are() {
    let mut bench = Bench::new();
    bench.node("a-02", "zone-a", "Unknown", true);
    bench.node("b-01", "zone-b", "False", false);
    let zones = bench.story.nodes().by_zone();
    let brief: Vec<_> = zones["zone-a"].iter().map(|own| (own.health, own.is_quarantined)).collect();
    assert_eq!(brief, [(Health::Ready, false), (Health::Silent, true)]);
    assert_eq!(zones["zone-b"][0].health, Health::NotReady);
}
