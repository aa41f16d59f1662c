//! One remediation with everything a step is decided from, and the few ways in which a decision
//! becomes a command.

use std::time::Duration;

use jiff::Timestamp;
use model::Issue;
use model::policy::{ActionName, Step};
use model::remediation::{Attempt, Decision, Part, Phase, Remediation, RemediationStatus};

use super::{Change, Command, Inputs};
use crate::actions::{self, Act, Action};
use crate::facts::{Facts, Look};
use crate::governor::{Refusal, Request, Stage};
use crate::inbox::Standing;
use crate::ledger::EffectId;
use crate::planner::is_undo;

/// How far a next look may be from the one that is written down before it is written anew although
/// nothing else changed: a bound on writes for what stays deferred.
const STALE: Duration = Duration::from_mins(5);

/// What a step is decided from.
pub(super) struct Case<'a> {
    pub(super) remediation: &'a Remediation,
    pub(super) name: &'a str,
    pub(super) status: RemediationStatus,
    pub(super) inputs: &'a Inputs<'a>,
}

impl<'a> Case<'a> {
    pub(super) fn new(remediation: &'a Remediation, inputs: &'a Inputs<'a>) -> Self {
        let name = remediation.metadata.name.as_deref().unwrap_or_default();
        Self { remediation, name, status: remediation.status.clone().unwrap_or_default(), inputs }
    }

    pub(super) fn wall(&self) -> Timestamp {
        self.inputs.now.wall
    }

    /// The issue, while it is there.
    pub(super) fn issue(&self) -> Option<&'a Issue> {
        match self.inputs.standing {
            Standing::Firing(issue) | Standing::Folded(issue) => Some(issue),
            Standing::Ended(..) | Standing::Silent | Standing::Unheard => None,
        }
    }

    /// The step that an attempt belongs to, as the ladder has it.
    pub(super) fn rung(&self, attempt: &Attempt) -> Option<&'a Step> {
        self.remediation.spec.steps.get(attempt.step as usize)
    }

    pub(super) fn is_undo(&self, attempt: &Attempt) -> bool {
        is_undo(&self.remediation.spec, attempt)
    }

    /// The number of the next attempt: never one that was used.
    pub(super) fn next_number(&self) -> u32 {
        self.status.attempts.last().map_or(0, |last| last.number) + 1
    }

    pub(super) fn effect_id(&self, attempt: u32, part: usize) -> EffectId {
        EffectId { remediation: self.name.to_owned(), attempt, part }
    }

    /// Looks again after `pause`, unless something changes before.
    pub(super) fn wait(&self, pause: Duration) -> Command {
        Command::Wait(Some(self.inputs.now.monotonic.saturating_add(pause)))
    }

    /// What was read for this step, or the command to read it.
    pub(super) fn facts(&self, look: impl FnOnce() -> Look) -> Result<&'a Facts, Command> {
        self.inputs.facts.ok_or_else(|| Command::Look(Box::new(look())))
    }

    /// Writes what changed. A phase or a rule that changes is a transition, which is told.
    pub(super) fn write(&self, change: impl FnOnce(&mut RemediationStatus)) -> Command {
        self.write_intent(None, change)
    }

    pub(super) fn write_intent(
        &self,
        intent: Option<EffectId>,
        change: impl FnOnce(&mut RemediationStatus),
    ) -> Command {
        let mut status = self.status.clone();
        change(&mut status);
        if status == self.status {
            // Nothing to write is nothing to do; and not at once again.
            return self.wait(Duration::from_secs(1));
        }
        let rule = |status: &RemediationStatus| {
            status.decision.as_ref().map(|decision| (decision.verdict, decision.rule.clone()))
        };
        // What is over was told as it ended: what holds up the taking back of a mark is no news.
        let is_other_rule = !status.phase.is_over() && rule(&status) != rule(&self.status);
        if status.phase != self.status.phase || is_other_rule {
            status.transitions += 1;
        }
        Command::Write(Box::new(Change { status, intent }))
    }

    /// Ends the remediation.
    pub(super) fn end(&self, phase: Phase, message: impl Into<String>) -> Command {
        let message = message.into();
        self.write(|status| {
            status.phase = phase;
            status.message = message;
            status.ended = Some(self.wall());
        })
    }

    /// Records that a rule says not now, if that is news, and waits. What is over stays over.
    pub(super) fn defer(&self, phase: Phase, refusal: &Refusal, action: ActionName) -> Command {
        let until = refusal.until.unwrap_or_else(|| self.wall());
        let pause = Duration::try_from(until.duration_since(self.wall())).unwrap_or_default();
        let mut decision = refusal.decision(self.wall());
        let is_over = self.status.phase.is_over();
        let is_same_phase = is_over || self.status.phase == phase;
        let known = self.status.decision.as_ref().filter(|_| is_same_phase);
        // Dated when the rule said so first: an approval is waited for from then on.
        if let Some(known) = known.filter(|known| known.rule == decision.rule) {
            decision.at = known.at;
        }
        if known.is_some_and(|known| says_the_same(known, &decision)) {
            return self.wait(pause.max(Duration::from_millis(100)));
        }
        self.write(|status| {
            if !is_over {
                status.phase = phase;
                status.message = format!("{}: {}", refusal.rule, refusal.reason);
                status.action = Some(action);
            }
            status.decision = Some(decision);
        })
    }

    /// The request for one part of an attempt.
    pub(super) fn request<'r>(
        &'r self,
        action: &'static Action,
        id: EffectId,
        part: &'r Part,
        facts: &'r Facts,
        stage: Stage,
        is_undo: bool,
    ) -> Request<'r> {
        Request {
            id,
            spec: &self.remediation.spec,
            status: &self.status,
            action,
            is_undo,
            part,
            standing: self.inputs.standing,
            facts,
            stage,
        }
    }

    /// What one effect of an attempt is made of.
    pub(super) fn with_act<T>(
        &self,
        attempt: &Attempt,
        part: &Part,
        facts: &Facts,
        ask: impl FnOnce(&'static Action, &Act<'_>) -> T,
    ) -> T {
        let none = std::collections::BTreeMap::new();
        let id = model::remediation::attempt_id(self.name, attempt.number);
        let parameters = self.rung(attempt).map_or(&none, |step| &step.parameters);
        let act = Act {
            parameters,
            target: &part.target,
            remediation: self.name,
            attempt: &id,
            facts,
            now: self.wall(),
        };
        ask(actions::get(attempt.action), &act)
    }
}

/// Whether two decisions differ in figures and dates only, and in these not by much.
fn says_the_same(known: &Decision, new: &Decision) -> bool {
    let words = |text: &str| text.chars().filter(|c| !c.is_ascii_digit() && *c != '.').collect::<String>();
    let is_near = match (known.until, new.until) {
        (Some(known), Some(new)) => new.duration_since(known).unsigned_abs() <= STALE,
        (known, new) => known == new,
    };
    known.verdict == new.verdict
        && known.rule == new.rule
        && words(&known.reason) == words(&new.reason)
        && is_near
}
