//! Why something was, or was not, healed: from what is recorded to sentences, the answer first.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use jiff::Timestamp;
use kube::ResourceExt;

use crate::Issue;
use crate::age::age;
use crate::brake::BrakeSpec;
use crate::issue::Unseen;
use crate::policy::{HealingPolicy, Mode};
use crate::remediation::{Attempt, AttemptResult, Decision, Phase, Remediation, RemediationStatus, Verdict};
use crate::subject::Subject;

/// Older remediations of one subject are counted, not told: the newest answer the question.
const TOLD_MAX: usize = 5;

/// What is recorded of healing.
#[derive(Clone, Debug, Default)]
pub struct Healing {
    /// What the healer took up.
    pub remediations: Vec<Remediation>,
    /// What it may do.
    pub policies: Vec<HealingPolicy>,
    /// Nothing where it is absent, which counts as paused.
    pub brake: Option<BrakeSpec>,
}

/// All that is known, as it was read.
pub struct Known<'a> {
    /// What is asked about.
    pub subject: &'a Subject,
    /// What is wrong, or why that could not be seen.
    pub issues: Result<&'a [Issue], &'a str>,
    /// The checks that could not look.
    pub unseen: &'a [Unseen],
    /// Nothing where the cluster does not have the healer's resources.
    pub healing: Option<&'a Healing>,
    /// When it is asked.
    pub now: Timestamp,
}

impl Known<'_> {
    /// Whether there is nothing to tell.
    pub fn is_nothing(&self) -> bool {
        let issues = self.issues_of_subject();
        issues.is_empty() && self.remediations_of_subject(&issues).is_empty()
    }

    /// The whole account. The first sentences are the answer: one for each trouble.
    pub fn tell(&self) -> String {
        let issues = self.issues_of_subject();
        let remediations = self.remediations_of_subject(&issues);
        let mut text = format!("{}\n", self.subject);
        for answer in self.answers(&issues, &remediations) {
            let _ = writeln!(text, "{answer}");
        }
        if let Some(pause) = self.pause() {
            let _ = writeln!(text, "{pause}");
        }
        for issue in &issues {
            text.push_str(&self.issue(issue));
        }
        for remediation in remediations.iter().take(TOLD_MAX) {
            text.push_str(&self.remediation(remediation));
        }
        if remediations.len() > TOLD_MAX {
            let _ = writeln!(text, "\n… and {} older remediations", remediations.len() - TOLD_MAX);
        }
        text
    }

    fn issues_of_subject(&self) -> Vec<&Issue> {
        let is_member =
            |issue: &Issue| issue.members.iter().any(|member| self.subject.is_object(&member.object));
        let concerns =
            |issue: &Issue| self.subject.is_lineage(&issue.lineage) || self.subject.is_object(&issue.subject);
        let issues = self.issues.unwrap_or_default().iter();
        issues.filter(|issue| concerns(issue) || is_member(issue)).collect()
    }

    /// Newest first.
    fn remediations_of_subject(&self, issues: &[&Issue]) -> Vec<&Remediation> {
        let all = self.healing.into_iter().flat_map(|healing| &healing.remediations);
        let mut found: Vec<&Remediation> =
            all.filter(|remediation| self.concerns(remediation, issues)).collect();
        found.sort_by_key(|r| std::cmp::Reverse((r.creation_timestamp().map(|time| time.0), r.name_any())));
        found
    }

    /// Whether it is about the subject, acted on it, or is about a trouble that the subject has part in.
    fn concerns(&self, remediation: &Remediation, issues: &[&Issue]) -> bool {
        let spec = &remediation.spec;
        let attempts = remediation.status.iter().flat_map(|status| &status.attempts);
        self.subject.is_lineage(&spec.lineage)
            || self.subject.is_object(&spec.subject)
            || attempts.into_iter().any(|attempt| self.subject.is_object(&attempt.target))
            || (!is_over(remediation) && issues.iter().any(|issue| is_for(remediation, issue)))
    }

    fn answers(&self, issues: &[&Issue], remediations: &[&Remediation]) -> Vec<String> {
        let newest = remediations.iter().find_map(|r| Some((r, self.told(r)?)));
        let roots: Vec<&&Issue> = issues.iter().filter(|issue| issue.cause.is_none()).collect();
        if !roots.is_empty() {
            return roots.into_iter().map(|issue| self.about(issue, remediations)).collect();
        }
        let symptoms = issues.iter().filter_map(|issue| Some((issue, issue.cause.as_ref()?)));
        let symptoms: Vec<String> = symptoms
            .map(|(issue, cause)| {
                let (code, lineage) = (&issue.code, &cause.lineage);
                format!(
                    "{code}: nothing was done about it, because it is a symptom of {lineage} {}: look there.",
                    cause.code
                )
            })
            .collect();
        if !symptoms.is_empty() {
            return symptoms;
        }
        vec![match (newest, self.issues) {
            (Some((last, told)), Ok(_)) if is_in_vain(last) => {
                let when = last.status.as_ref().map(|status| ended(status, self.now)).unwrap_or_default();
                format!(
                    "Nothing is known to be wrong with it now.{} The last time,{when}: {told}",
                    self.blind()
                )
            }
            (Some((_, told)), _) => told,
            (None, Ok(_)) => {
                format!("Nothing is known to be wrong with it, and nothing was done to it.{}", self.blind())
            }
            (None, Err(why)) => {
                format!(
                    "Nothing was done to it. Whether something is wrong with it could not be seen: {why}."
                )
            }
        }]
    }

    /// What could not be seen, where nothing was: that is not the same as that all is well.
    fn blind(&self) -> String {
        let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for Unseen { check, reason } in self.unseen {
            reasons.entry(reason).or_default().push(check);
        }
        let told = reasons.iter().map(|(reason, checks)| format!("{} ({reason})", checks.join(", ")));
        let told: Vec<String> = told.collect();
        if told.is_empty() {
            return String::new();
        }
        format!(" But not everything could be looked at: {}.", told.join("; "))
    }

    /// What is being done about a trouble.
    fn about(&self, issue: &Issue, remediations: &[&Remediation]) -> String {
        let own = remediations.iter().filter(|remediation| is_for(remediation, issue));
        // An episode that is over before the trouble began is about another one.
        let mut current = own.filter(|remediation| {
            !is_over(remediation)
                || remediation
                    .status
                    .as_ref()
                    .and_then(|status| status.ended)
                    .is_some_and(|ended| ended >= issue.since)
        });
        current
            .find_map(|remediation| self.told(remediation))
            .unwrap_or_else(|| format!("{}: {}", issue.code, self.why_not_taken_up(issue)))
    }

    fn told(&self, remediation: &Remediation) -> Option<String> {
        let status = remediation.status.as_ref()?;
        Some(format!("{}: {}", remediation.spec.check, verdict(&remediation.name_any(), status, self.now)))
    }

    fn why_not_taken_up(&self, issue: &Issue) -> String {
        let Some(healing) = self.healing else {
            return "not taken up: there is no healer.".to_owned();
        };
        let for_code: Vec<String> = healing
            .policies
            .iter()
            .filter(|policy| policy.spec.selects.codes.contains(&issue.code))
            .map(|policy| format!("{} ({})", policy.name_any(), policy.spec.mode.as_str()))
            .collect();
        if for_code.is_empty() {
            return format!("not taken up: no HealingPolicy is for {}.", issue.code);
        }
        format!(
            "not taken up: of the policies for this check ({}) none selects it, or the healer has not got to it; \
             `kubectl describe healingpolicies` says what each selects and whether it was accepted.",
            for_code.join(", ")
        )
    }

    fn pause(&self) -> Option<String> {
        let Some(healing) = self.healing else {
            return Some(
                "Nothing is healed here: the cluster does not have the healer's resources (`seaworthy crds | kubectl \
                 apply -f -`)."
                    .to_owned(),
            );
        };
        match &healing.brake {
            None => Some(
                "The healer is paused: there is no Brake named \"cluster\" (`seaworthy resume` makes one)."
                    .to_owned(),
            ),
            Some(brake) if brake.holds(self.now) => {
                let reason = if brake.reason.is_empty() { "no reason was given" } else { &brake.reason };
                let until = brake
                    .until
                    .map(|until| format!(", ends {}", relative(until, self.now)))
                    .unwrap_or_default();
                Some(format!("The healer is paused: {reason}{until}."))
            }
            Some(_) => None,
        }
    }

    fn issue(&self, issue: &Issue) -> String {
        let mut text =
            format!("\nIssue {} ({}), for {}\n", issue.code, issue.severity, distance(issue.since, self.now));
        let _ = writeln!(text, "  {}", issue.summary);
        if let Some(cause) = &issue.cause {
            let _ = writeln!(text, "  a symptom of {} {}", cause.lineage, cause.code);
        }
        for (fact, value) in &issue.evidence {
            let _ = writeln!(text, "  {fact}: {value}");
        }
        text
    }

    fn remediation(&self, remediation: &Remediation) -> String {
        let spec = &remediation.spec;
        let Some(status) = &remediation.status else {
            return format!("\nRemediation {} for {}: no status yet\n", remediation.name_any(), spec.check);
        };
        let mode =
            if spec.mode == Mode::Enforce { String::new() } else { format!(", mode {}", spec.mode.as_str()) };
        let (name, phase) = (remediation.name_any(), status.phase.as_str());
        let mut text =
            format!("\nRemediation {name} for {}: {phase} (policy {}{mode})\n", spec.check, spec.policy);
        // A decision is told below, with its next look.
        let decided = status.phase != Phase::Rejected
            && status.decision.as_ref().is_some_and(|decision| status.message.contains(&decision.reason));
        if !status.message.is_empty() && !decided {
            let _ = writeln!(text, "  {}", status.message);
        }
        // What was asked is not asked any more.
        if let Some(decision) = status.decision.as_ref().filter(|_| status.phase != Phase::Rejected) {
            let _ = writeln!(text, "  {}", rule(decision, self.now));
        }
        for attempt in &status.attempts {
            let _ = writeln!(text, "  {}", self.attempt(attempt));
        }
        text
    }

    fn attempt(&self, attempt: &Attempt) -> String {
        let result = match attempt.result {
            AttemptResult::Open => "sent, answer not known yet",
            AttemptResult::Refused => "refused",
            AttemptResult::Happened => "happened",
            AttemptResult::HappenedMaybeNotOurs => "happened, maybe by somebody else",
            AttemptResult::NotHappened => "did not happen",
            AttemptResult::Helped if attempt.action.contains() => "kept pods away",
            AttemptResult::Helped => "helped",
            AttemptResult::DidNotHelp => "did not help",
        };
        let detail = if attempt.detail.is_empty() { String::new() } else { format!(": {}", attempt.detail) };
        let (number, action, target) = (attempt.number, attempt.action, &attempt.target);
        format!("{number}. {action} {target}, {}: {result}{detail}", relative(attempt.intended, self.now))
    }
}

/// Where a remediation stands, and why, in a sentence or two.
pub fn verdict(name: &str, status: &RemediationStatus, now: Timestamp) -> String {
    match status.phase {
        Phase::Pending => "taken up, nothing decided yet.".to_owned(),
        Phase::AwaitingApproval => {
            format!("waits for a person: `seaworthy remediations approve {name}`.")
        }
        Phase::Deferred => format!("not healed yet. {}", decision(status, now)),
        Phase::Acting => "being healed: an action is on its way.".to_owned(),
        Phase::Verifying => "an action was taken; whether it helped is being watched.".to_owned(),
        Phase::Succeeded => {
            let helped = status.attempts.iter().rev().find(|attempt| attempt.result == AttemptResult::Helped);
            let ended = ended(status, now);
            match helped.map(|attempt| attempt.action) {
                Some(action) if action.contains() => {
                    format!("over{ended}; {action} had kept pods away until then.")
                }
                Some(action) => format!("healed by {action}{ended}."),
                None => format!("healed{ended}."),
            }
        }
        Phase::Cleared => format!("it went away without our doing{}.", ended(status, now)),
        Phase::Observed => "not healed: its policy only observes.".to_owned(),
        Phase::Denied => format!("not healed. {}", decision(status, now)),
        Phase::Rejected => format!("not healed: {}.", status.message),
        Phase::Escalated => format!("not healed: a person has been told. {}", status.message),
        Phase::Cancelled => format!("given up: {}", status.message),
    }
}

fn decision(status: &RemediationStatus, now: Timestamp) -> String {
    status.decision.as_ref().map_or_else(|| status.message.clone(), |decision| rule(decision, now))
}

fn rule(Decision { verdict, rule, reason, until, .. }: &Decision, now: Timestamp) -> String {
    let says = match verdict {
        Verdict::Admit => return format!("The governor admitted it: {reason}."),
        Verdict::Defer => "says not now",
        Verdict::Deny => "says no",
    };
    let next = match until {
        Some(until) if *until > now => format!(" Looked at again {}.", relative(*until, now)),
        // It said the same when it was looked at again, which is not written down each time.
        Some(_) if *verdict == Verdict::Defer => " It is looked at again and again.".to_owned(),
        _ => String::new(),
    };
    format!("The rule {rule} {says}: {}.{next}", reason.trim_end_matches('.'))
}

fn ended(status: &RemediationStatus, now: Timestamp) -> String {
    status.ended.map(|ended| format!(" {}", relative(ended, now))).unwrap_or_default()
}

/// `5m12s ago` or `in 30s`.
fn relative(time: Timestamp, now: Timestamp) -> String {
    let distance = distance(time, now);
    if time > now { format!("in {distance}") } else { format!("{distance} ago") }
}

fn distance(time: Timestamp, now: Timestamp) -> String {
    age(Duration::try_from(now.duration_since(time).abs()).unwrap_or_default())
}

fn is_for(remediation: &Remediation, issue: &Issue) -> bool {
    remediation.spec.lineage == issue.lineage && remediation.spec.check == issue.code
}

/// Whether it is over and has not mended anything: what was wrong then says nothing of now.
fn is_in_vain(remediation: &Remediation) -> bool {
    let phase = remediation.status.as_ref().map(|status| status.phase);
    phase.is_some_and(|phase| phase.is_over() && !matches!(phase, Phase::Succeeded | Phase::Cleared))
}

fn is_over(remediation: &Remediation) -> bool {
    remediation.status.as_ref().is_some_and(|status| status.phase.is_over())
}

#[cfg(test)]
mod tests {
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
        let (cause, symptom) =
            (issue("PodOOMKilled", None), issue("PodCrashLoopBackOff", Some("PodOOMKilled")));
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
}
