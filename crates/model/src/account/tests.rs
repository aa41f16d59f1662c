//! What is told of what is known.

use serde_json::{Value, json};

use super::{Healing, Known};
use crate::Issue;
use crate::brake::BrakeSpec;
use crate::issue::Unseen;
use crate::remediation::Remediation;

const NOW: &str = "2026-01-01T12:00:00Z";

fn remediation(name: &str, status: &Value) -> Remediation {
    serde_json::from_value(json!({
        "apiVersion": "seaworthy.dev/v1alpha1",
        "kind": "Remediation",
        "metadata": { "name": name, "creationTimestamp": "2026-01-01T11:50:00Z" },
        "spec": {
            "cluster": "c", "lineage": "Deployment/shop/web", "check": "PodRunningNotReady",
            "subject": { "kind": "Deployment", "namespace": "shop", "name": "web" },
            "since": "2026-01-01T11:49:00Z", "severity": "warning", "policy": "evict", "mode": "Enforce",
            "steps": [], "planHash": "h", "healthyForS": 5,
        },
        "status": status,
    }))
    .expect("a remediation")
}

fn tell(subject: &str, remediations: &[Remediation], brake: Option<&BrakeSpec>) -> String {
    let subject = subject.parse().expect("a subject");
    let now = NOW.parse().expect("a time");
    let healing =
        Healing { remediations: remediations.to_vec(), brake: brake.cloned(), ..Healing::default() };
    Known { subject: &subject, issues: Ok(&[]), unseen: &[], healing: Some(&healing), now }.tell()
}

fn released() -> BrakeSpec {
    BrakeSpec { paused: false, reason: String::new(), until: None }
}

#[test]
fn a_refusal_names_the_rule_the_reason_and_the_next_look() {
    let deferred = remediation(
        "r-1",
        &json!({ "phase": "Deferred", "decision": {
            "verdict": "Defer", "rule": "EvictionFirst", "reason": "the budget web has no room",
            "until": "2026-01-01T12:00:30Z", "at": NOW,
        } }),
    );
    let told = tell("deploy/web", &[deferred], Some(&released()));
    let answer = told.lines().nth(1).expect("an answer");
    assert_eq!(
        answer,
        "PodRunningNotReady: not healed yet. The rule EvictionFirst says not now: the budget web has no room. \
         Looked at again in 30s."
    );
}

#[test]
fn a_success_names_what_helped_also_when_asked_about_the_pod() {
    let healed = remediation(
        "r-2",
        &json!({ "phase": "Succeeded", "ended": "2026-01-01T11:59:00Z", "attempts": [{
            "step": 0, "number": 1, "action": "EvictPod", "epoch": 1,
            "target": { "kind": "Pod", "namespace": "shop", "name": "web-1", "uid": "u" },
            "intended": "2026-01-01T11:58:00Z", "landsUntil": "2026-01-01T11:58:10Z", "result": "Helped",
        }] }),
    );
    for subject in ["deploy/web", "pod/shop/web-1"] {
        let told = tell(subject, std::slice::from_ref(&healed), Some(&released()));
        assert!(told.contains("PodRunningNotReady: healed by EvictPod 60s ago."), "{told}");
        assert!(told.contains("1. EvictPod Pod/shop/web-1, 2m ago: helped"), "{told}");
    }
    assert!(tell("pod/web-2", &[healed], Some(&released())).contains("Nothing is known to be wrong"));
}

#[test]
fn what_a_quarantine_bridged_was_not_healed_by_it() {
    let bridged = remediation(
        "r-4",
        &json!({ "phase": "Succeeded", "ended": "2026-01-01T11:59:00Z", "attempts": [{
            "step": 0, "number": 1, "action": "QuarantineNode", "epoch": 1,
            "target": { "kind": "Node", "name": "n1", "uid": "u" },
            "intended": "2026-01-01T11:58:00Z", "landsUntil": "2026-01-01T11:58:10Z", "result": "Helped",
        }] }),
    );
    let told = tell("deploy/web", &[bridged], Some(&released()));
    assert!(told.contains("over 60s ago; QuarantineNode had kept pods away until then."), "{told}");
    assert!(told.contains("1. QuarantineNode Node/n1, 2m ago: kept pods away"), "{told}");
}

#[test]
fn what_a_person_forbade_is_not_asked_again() {
    let rejected = remediation(
        "r-5",
        &json!({ "phase": "Rejected", "message": "rejected by ada", "ended": "2026-01-01T11:59:00Z", "decision": {
            "verdict": "Defer", "rule": "ObserveByDefault", "reason": "a person is to allow plan x",
            "at": "2026-01-01T11:00:00Z", "until": "2026-01-01T11:30:00Z",
        } }),
    );
    let told = tell("deploy/web", &[rejected], Some(&released()));
    let expected = "Nothing is known to be wrong with it now. The last time, 60s ago: PodRunningNotReady: not healed: \
         rejected by ada.";
    assert!(told.contains(expected), "{told}");
    assert!(!told.contains("is to allow"), "{told}");
}

#[test]
fn what_another_trouble_explains_waits_for_no_rule() {
    let decision = json!({ "verdict": "Defer", "rule": "Veto", "reason": "paused: a deploy", "at": NOW });
    let of = |message: &str| {
        let status = json!({ "phase": "Pending", "message": message, "decision": decision });
        tell("deploy/web", &[remediation("r-1", &status)], Some(&released()))
    };
    let explained = of("explained by WorkloadRolloutStuck of Deployment/shop/web, which is treated instead");
    assert!(explained.contains("taken up: explained by WorkloadRolloutStuck"), "{explained}");
    assert!(!explained.contains("Veto"), "{explained}");
    assert!(of("Veto: paused: a deploy").contains("The rule Veto says not now"));
}

fn issue(code: &str, cause: Option<&str>) -> Issue {
    let deployment = json!({ "kind": "Deployment", "namespace": "shop", "name": "web" });
    serde_json::from_value(json!({
        "code": code, "severity": "warning", "lineage": "Deployment/shop/web", "subject": deployment,
        "members": [{ "kind": "Pod", "namespace": "shop", "name": "web-1", "uid": "u" }],
        "since": "2026-01-01T11:55:00Z", "summary": "it is bad",
        "cause": cause.map(|code| json!({
            "kind": "Deployment", "namespace": "shop", "name": "web", "code": code,
            "lineage": "Deployment/shop/web",
        })),
    }))
    .expect("an issue")
}

fn answers(subject: &str, issues: &[Issue], remediations: &[Remediation]) -> Vec<String> {
    let subject = subject.parse().expect("a subject");
    let now = NOW.parse().expect("a time");
    let healing =
        Healing { remediations: remediations.to_vec(), brake: Some(released()), ..Healing::default() };
    let told =
        Known { subject: &subject, issues: Ok(issues), unseen: &[], healing: Some(&healing), now }.tell();
    told.lines().skip(1).take_while(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn causes_are_answered_and_symptoms_only_where_their_cause_is_elsewhere() {
    let (cause, symptom) = (issue("PodOOMKilled", None), issue("PodCrashLoopBackOff", Some("PodOOMKilled")));
    let both = answers("deploy/web", &[symptom.clone(), cause], &[]);
    assert_eq!(both, ["PodOOMKilled: not taken up: no HealingPolicy is for PodOOMKilled."]);
    assert!(
        answers("deploy/web", &[symptom], &[])[0].contains("symptom of Deployment/shop/web PodOOMKilled")
    );
}

#[test]
fn a_pod_with_part_in_a_trouble_is_told_what_is_done_about_it() {
    let waiting = remediation("r-3", &json!({ "phase": "AwaitingApproval" }));
    let issues = [issue("PodRunningNotReady", None)];
    let told = answers("pod/shop/web-1", &issues, std::slice::from_ref(&waiting));
    assert_eq!(told, ["PodRunningNotReady: waits for a person: `seaworthy remediations approve r-3`."]);
    assert!(answers("pod/shop/web-2", &[], &[waiting])[0].starts_with("Nothing is known"));
}

#[test]
fn a_remediation_that_was_over_before_does_not_answer_for_a_new_trouble() {
    let former = remediation("r-4", &json!({ "phase": "Succeeded", "ended": "2026-01-01T11:51:00Z" }));
    let told = answers("deploy/web", &[issue("PodRunningNotReady", None)], &[former]);
    assert!(told[0].contains("not taken up"), "{told:?}");
}

#[test]
fn a_pause_is_said_and_so_is_an_absent_brake() {
    let paused = BrakeSpec { paused: true, reason: "a freeze".into(), until: None };
    assert!(tell("no/n1", &[], Some(&paused)).contains("paused: a freeze"));
    assert!(tell("no/n1", &[], None).contains("no Brake named"));
}

#[test]
fn what_could_not_be_looked_at_is_not_well() {
    let (subject, now) = ("no/n1".parse().expect("a subject"), NOW.parse().expect("a time"));
    let unseen = ["NodeNotReady", "NodeUnreachable"]
        .map(|check| Unseen { check: check.into(), reason: "not allowed to list nodes".into() });
    let told = Known { subject: &subject, issues: Ok(&[]), unseen: &unseen, healing: None, now }.tell();
    let expected = "looked at: NodeNotReady, NodeUnreachable (not allowed to list nodes).";
    assert!(told.contains(expected), "{told}");
}

#[test]
fn without_a_healer_or_sight_that_is_what_is_said() {
    let (subject, now) = ("deploy/web".parse().expect("a subject"), NOW.parse().expect("a time"));
    let told = Known {
        subject: &subject,
        issues: Err("not allowed to watch pods"),
        unseen: &[],
        healing: None,
        now,
    }
    .tell();
    assert!(told.contains("could not be seen: not allowed to watch pods."), "{told}");
    assert!(told.contains("seaworthy crds"), "{told}");
}
