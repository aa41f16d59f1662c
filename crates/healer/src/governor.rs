//! The governor: whether an effect may be sent. One pure function over the request, the world as
//! it is, the books and the time; every safety rule is one small file under `rules/`, in one
//! ordered table. The first rule that objects decides, and its name stands in the status.

mod admit;
pub mod defects;
pub mod pool;
pub mod rules;
mod world;

use std::time::Duration;

use jiff::Timestamp;
use model::remediation::{Decision, Part, RemediationSpec, RemediationStatus, Verdict};

use crate::Now;
use crate::actions::Action;
use crate::facts::Facts;
use crate::inbox::Standing;
use crate::ledger::{EffectId, Ledger};

pub use admit::Admit;
pub use world::{BrakeState, Correlation, Leadership, Own, ViewState, World, unhealthy};

/// What is asked for: one effect.
pub struct Request<'a> {
    /// Which effect.
    pub id: EffectId,
    /// The remediation it belongs to.
    pub spec: &'a RemediationSpec,
    /// What that has recorded so far.
    pub status: &'a RemediationStatus,
    /// What is to be done.
    pub action: &'static Action,
    /// Whether it takes back what an earlier attempt of the same remediation did.
    pub is_undo: bool,
    /// To what.
    pub part: &'a Part,
    /// How the issue stands.
    pub standing: Standing<'a>,
    /// What was read for this decision.
    pub facts: &'a Facts,
    /// What the answer is for.
    pub stage: Stage,
}

/// What an answer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// To begin an attempt by writing its intent.
    Begin,
    /// To go on in an attempt with its next object, by writing the intent for that.
    Continue,
    /// To send: the intent is written, by this process and in this epoch, and nothing was sent
    /// under it.
    Send,
}

impl Request<'_> {
    /// Whether it only takes back, which no budget or breaker stands against.
    pub fn is_recovery(&self) -> bool {
        self.action.disrupts == crate::actions::Disrupts::Nothing
    }
}

/// What one rule says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// Nothing against it.
    Pass,
    /// Not now.
    Defer {
        /// Why, with the figures it rests on.
        reason: String,
        /// When to look again.
        until: Duration,
    },
    /// Not in this episode.
    Deny {
        /// Why.
        reason: String,
    },
}

impl Ruling {
    fn defer(reason: impl Into<String>, until: Duration) -> Self {
        Self::Defer { reason: reason.into(), until }
    }

    fn deny(reason: impl Into<String>) -> Self {
        Self::Deny { reason: reason.into() }
    }
}

/// A safety rule.
pub struct Rule {
    /// Its name, as the design and every status give it.
    pub name: &'static str,
    /// What it says.
    pub judge: fn(&Request<'_>, &World<'_>, &Ledger, Now) -> Ruling,
}

/// A no, by which rule and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The rule's name.
    pub rule: &'static str,
    /// Why.
    pub reason: String,
    /// When to look again; `None` for a no that lasts for the episode.
    pub until: Option<Timestamp>,
}

impl Refusal {
    /// As it is recorded.
    pub fn decision(&self, at: Timestamp) -> Decision {
        Decision {
            verdict: if self.until.is_some() { Verdict::Defer } else { Verdict::Deny },
            rule: self.rule.to_owned(),
            reason: self.reason.clone(),
            until: self.until,
            at,
        }
    }
}

/// Whether an effect may be sent now. The permit is good for one request under this epoch.
pub fn admit(request: &Request<'_>, world: &World<'_>, ledger: &Ledger, now: Now) -> Result<Admit, Refusal> {
    weigh(request, world, ledger, now)?;
    Ok(Admit::new(request, world))
}

/// Whether the object of an effect that was found open may be marked, so that whoever wrote the
/// intent cannot carry it out any more. It changes nothing else, so that only what stands against
/// any write is asked.
pub fn admit_fence(
    request: &Request<'_>,
    world: &World<'_>,
    ledger: &Ledger,
    now: Now,
) -> Result<Admit, Refusal> {
    first_objection(&rules::FENCE, request, world, ledger, now)?;
    Ok(Admit::to_fence(request, world))
}

/// Whether nothing speaks against an effect, without leave to send it: to write an intent, or to
/// say what would be done.
pub fn weigh(request: &Request<'_>, world: &World<'_>, ledger: &Ledger, now: Now) -> Result<(), Refusal> {
    first_objection(&rules::TABLE, request, world, ledger, now)
}

/// What would stand against an effect if a policy said to enforce it: for those who observe.
pub fn foresee(request: &Request<'_>, world: &World<'_>, ledger: &Ledger, now: Now) -> Result<(), Refusal> {
    let rest: Vec<&Rule> =
        rules::TABLE.into_iter().filter(|rule| rule.name != rules::OBSERVE_BY_DEFAULT).collect();
    first_objection(&rest, request, world, ledger, now)
}

fn first_objection(
    rules: &[&Rule],
    request: &Request<'_>,
    world: &World<'_>,
    ledger: &Ledger,
    now: Now,
) -> Result<(), Refusal> {
    for rule in rules.iter().filter(|rule| !defects::is_skipped(rule.name)) {
        let (reason, until) = match (rule.judge)(request, world, ledger, now) {
            Ruling::Pass => continue,
            Ruling::Defer { reason, until } => (reason, Some(now.wall_in(until))),
            Ruling::Deny { reason } => (reason, None),
        };
        return Err(Refusal { rule: rule.name, reason, until });
    }
    Ok(())
}

#[cfg(test)]
mod properties;
#[cfg(test)]
pub(crate) mod tests_support;
