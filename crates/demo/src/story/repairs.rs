//! What the healer took up, and where it stands.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use model::account;
use model::remediation::{Phase, Remediation, RemediationStatus, Verdict};

/// Rules whose waits pass by themselves within moments: what they hold is no news.
const PASSING: [&str; 5] = ["Fencing", "FreshView", "OneIntent", "ConditionStillTrue", "AttemptCap"];
/// What a node's first moments of trouble are held with, until it is known whether it is alone.
const WAITS: &str = "waits to see";

/// One remediation.
#[derive(Clone, Debug)]
pub struct Repair {
    /// Its name.
    pub name: String,
    /// As the healer wrote it last.
    pub remediation: Remediation,
    /// When it was taken up.
    pub taken_up: Duration,
    /// When it was over.
    pub ended: Option<Duration>,
    /// The governor's refusals so far, each once: rule and reason.
    pub holds: Vec<(String, String)>,
}

/// A remediation before and after a change.
pub(super) struct Turn<'a> {
    pub(super) before: Option<Remediation>,
    pub(super) now: &'a Repair,
    /// Whether a rule holds it that has not held it before: each try anew is no news.
    pub(super) is_newly_held: bool,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct Repairs {
    all: BTreeMap<String, Repair>,
}

impl Repair {
    /// Its status.
    pub fn status(&self) -> Option<&RemediationStatus> {
        self.remediation.status.as_ref()
    }

    /// Its phase.
    pub fn phase(&self) -> Phase {
        self.status().map(|status| status.phase).unwrap_or_default()
    }

    /// The rule that decided last, where it is not over.
    pub(super) fn rule(&self) -> Option<&str> {
        let status = self.status().filter(|status| !status.phase.is_over())?;
        status.decision.as_ref().map(|decision| decision.rule.as_str())
    }

    /// Where it stands and why, in plain words.
    pub fn words(&self, now: Timestamp) -> String {
        self.status()
            .map_or_else(|| "taken up".to_owned(), |status| account::verdict(&self.name, status, now))
    }

    /// Whether it was held by a rule that does not pass within moments.
    pub fn was_held(&self) -> bool {
        !self.holds.is_empty()
    }
}

/// What a rule holds a remediation with at the moment, where that is news.
pub(super) fn hold(status: &RemediationStatus) -> Option<(&str, &str)> {
    let decision = status.decision.as_ref()?;
    let is_held =
        matches!(status.phase, Phase::Deferred | Phase::Denied) && decision.verdict != Verdict::Admit;
    let is_news = !PASSING.contains(&decision.rule.as_str()) && !decision.reason.starts_with(WAITS);
    (is_held && is_news).then_some((&decision.rule, &decision.reason))
}

impl Repairs {
    /// The healer wrote a remediation; nothing where it says the same as before.
    pub(super) fn see(&mut self, remediation: Remediation, at: Duration) -> Option<Turn<'_>> {
        let name = remediation.metadata.name.clone()?;
        let known = self.all.get(&name);
        let is_same = |own: &Repair| {
            let own = &own.remediation;
            own.status == remediation.status && own.spec.approval == remediation.spec.approval
        };
        if known.is_some_and(is_same) {
            return None;
        }
        let before = known.map(|own| own.remediation.clone());
        let own = self.all.entry(name.clone()).or_insert_with(|| Repair {
            name,
            remediation: remediation.clone(),
            taken_up: at,
            ended: None,
            holds: Vec::new(),
        });
        own.remediation = remediation;
        if own.ended.is_none() && own.phase().is_over() {
            own.ended = Some(at);
        }
        let held = own.status().and_then(hold).map(|(rule, reason)| (rule.to_owned(), reason.to_owned()));
        let is_newly_held =
            held.as_ref().is_some_and(|(rule, _)| own.holds.iter().all(|(known, _)| known != rule));
        if let Some((rule, reason)) = held {
            own.holds.retain(|(own, _)| *own != rule);
            own.holds.push((rule, reason));
        }
        Some(Turn { before, now: own, is_newly_held })
    }

    /// All of them, by name.
    pub fn all(&self) -> impl Iterator<Item = &Repair> {
        self.all.values()
    }

    /// All of them, in the order in which they were taken up.
    pub fn in_order(&self) -> Vec<&Repair> {
        let mut all: Vec<&Repair> = self.all.values().collect();
        all.sort_by_key(|repair| repair.taken_up);
        all
    }

    /// Those that wait for a person.
    pub fn waiting(&self) -> impl Iterator<Item = &Repair> {
        self.all().filter(|repair| {
            repair.phase() == Phase::AwaitingApproval && repair.remediation.spec.approval.is_none()
        })
    }

    /// The newest one for a trouble.
    pub fn of(&self, lineage: &str, check: &str) -> Option<&Repair> {
        let is_its = |repair: &&Repair| {
            let spec = &repair.remediation.spec;
            spec.check == check && spec.lineage.to_string() == lineage
        };
        self.all().filter(is_its).max_by_key(|repair| repair.taken_up)
    }
}
