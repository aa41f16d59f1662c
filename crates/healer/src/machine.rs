//! What to do next about one remediation: a pure function from what is recorded, what is known and
//! what time it is, to one command. Carried out, it changes what is recorded or known, and the
//! question is asked again.
//!
//! `Pending → (AwaitingApproval | Deferred) → Acting → Verifying → Succeeded`, or another end. An
//! attempt's intent is written before its effect is sent; what was sent under it, and whether, is
//! remembered by this process only, so after a crash or a change of leaders nothing is sent under
//! an intent that is found open: it is observed until no request can land any more.

mod act;
mod begin;
mod case;
mod conclude;
mod decide;
mod memory;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod tests_support;
#[cfg(test)]
mod trials;
mod undo;

use std::time::Duration;

use model::remediation::{Remediation, RemediationStatus};

use crate::Now;
use crate::actions::Effect;
use crate::facts::{Facts, Look};
use crate::governor::{Admit, World, defects, rules};
use crate::inbox::Standing;
use crate::ledger::{EffectId, Ledger, is_given_up, outstanding};

pub use memory::Memory;
pub(crate) use undo::is_told as is_told_of_mark;

/// What a step is decided from.
pub struct Inputs<'a> {
    /// The time.
    pub now: Now,
    /// How the issue stands.
    pub standing: Standing<'a>,
    /// What became of the policy.
    pub plan: Plan,
    /// What was read since the last command, if that was to look.
    pub facts: Option<&'a Facts>,
    /// The world.
    pub world: &'a World<'a>,
    /// The books.
    pub ledger: &'a Ledger,
    /// The other remediations of the same check and workload.
    pub earlier: &'a [&'a Remediation],
    /// What this process knows about it.
    pub memory: &'a Memory,
}

/// What became of the policy since the issue was taken up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// It still says the same.
    Current,
    /// It says something else.
    Replaced,
    /// It is gone, not used any more, or not for this any more.
    Gone,
    /// Whether it still says the same and is for this cannot be told, and why: nothing is done and
    /// nothing given up before it can.
    Unknown(&'static str),
}

/// What to do.
#[derive(Debug)]
pub enum Command {
    /// Nothing before this monotonic moment, or before something changes if there is none.
    Wait(Option<Duration>),
    /// Read these objects from a quorum, and ask again with what was found.
    Look(Box<Look>),
    /// Write this status by compare-and-swap, and ask again.
    Write(Box<Change>),
    /// Send this effect, once, and ask again with the answer.
    Send(Box<Send>),
}

/// A status to write.
#[derive(Debug)]
pub struct Change {
    /// The whole status.
    pub status: RemediationStatus,
    /// The effect whose intent this is, if it is one.
    pub intent: Option<EffectId>,
}

/// An effect to send.
#[derive(Debug)]
pub struct Send {
    /// The governor's leave.
    pub admit: Admit,
    /// Which effect.
    pub id: EffectId,
    /// What it is.
    pub effect: Effect,
}

/// What to do next.
pub fn step(remediation: &Remediation, inputs: &Inputs<'_>) -> Command {
    let case = case::Case::new(remediation, inputs);
    let status = &case.status;
    if !concerns(status) {
        return Command::Wait(None);
    }
    let epoch = inputs.world.leadership.epoch;
    if status.epoch > epoch && !defects::is_skipped(rules::FENCING) {
        // Somebody leads who came after us.
        return Command::Wait(None);
    }
    if status.epoch < epoch {
        // From here on a predecessor's writes fail.
        return case.write(|status| status.epoch = epoch);
    }
    if status.open_attempt().is_none() {
        return decide::decide(&case);
    }
    act::go_on(&case).unwrap_or_else(|| conclude::after_acting(&case))
}

/// Whether anything is left to be done about it: it is not over, or a mark of it is still on a
/// node, or it was given up and has not recovered yet.
pub fn concerns(status: &RemediationStatus) -> bool {
    !status.phase.is_over()
        || status.open_attempt().is_some()
        || outstanding(&status.attempts).is_some()
        || is_given_up(status)
}
