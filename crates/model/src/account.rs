//! Why something was, or was not, healed: from what is recorded to sentences, the answer first.

#[cfg(test)]
mod tests;
mod verdict;

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::Timestamp;
use kube::ResourceExt;

use crate::Issue;
use crate::brake::BrakeSpec;
use crate::issue::Unseen;
use crate::policy::{HealingPolicy, Mode};
use crate::remediation::{Attempt, AttemptResult, Phase, Remediation};
use crate::subject::Subject;
use verdict::{distance, ended, relative, rule};

pub use verdict::verdict;

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
        let decision = status.standing_decision();
        // A decision is told below, with its next look.
        if !status.message.is_empty() && (decision.is_none() || !status.tells_decision()) {
            let _ = writeln!(text, "  {}", status.message);
        }
        if let Some(decision) = decision {
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
