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

/// How long a next look that is written down may lie back before it is written anew although
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

    pub(super) fn effect_id(&self, attempt: u32, part: usize) -> EffectId {
        EffectId { remediation: self.name.to_owned(), attempt, part }
    }

    /// Looks again after `pause`, unless something changes before.
    pub(super) fn wait(&self, pause: Duration) -> Command {
        Command::Wait(Some(self.inputs.now.monotonic + pause))
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
        if status.phase != self.status.phase || rule(&status) != rule(&self.status) {
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
        let decision = refusal.decision(self.wall());
        let is_over = self.status.phase.is_over();
        let is_known =
            self.status.decision.as_ref().is_some_and(|known| self.says_the_same(known, &decision));
        if is_known && (is_over || self.status.phase == phase) {
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

    /// Whether two decisions differ in figures and dates only.
    fn says_the_same(&self, known: &Decision, new: &Decision) -> bool {
        let words =
            |text: &str| text.chars().filter(|c| !c.is_ascii_digit() && *c != '.').collect::<String>();
        let is_stale = known.until.is_some_and(|until| self.inputs.now.since(until) > STALE);
        known.verdict == new.verdict
            && known.rule == new.rule
            && words(&known.reason) == words(&new.reason)
            && !is_stale
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
