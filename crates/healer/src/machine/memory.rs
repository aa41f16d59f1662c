//! What one process knows about a remediation besides what is recorded. Losing it makes things
//! slower, never less safe.

use std::time::Duration;

use cluster::effects::Answer;
use model::issue::Resolution;
use model::remediation::{PartState, Remediation};

use crate::Now;
use crate::inbox::Standing;
use crate::ledger::EffectId;

/// What this process remembers.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    unsent: Option<EffectId>,
    answer: Option<(EffectId, Answer)>,
    open: Option<(EffectId, Duration)>,
    /// The effect that was sent by this process last.
    sent: Option<EffectId>,
    /// The effect whose object was marked against its first sender, or was to be: when, and
    /// whether that is settled.
    fence: Option<(EffectId, Duration, bool)>,
    unheard: Option<Duration>,
}

impl Memory {
    /// Takes note of how things stand, before each step.
    pub fn note(&mut self, remediation: &Remediation, standing: Standing<'_>, now: Now) {
        let open = open_effect(remediation);
        if self.open.as_ref().map(|(id, _)| id) != open.as_ref() {
            self.open = open.map(|id| (id, now.monotonic));
        }
        let is_open = |id: &EffectId| self.open.as_ref().is_some_and(|(open, _)| open == id);
        if self.unsent.as_ref().is_some_and(|id| !is_open(id)) {
            self.unsent = None;
        }
        if self.answer.as_ref().is_some_and(|(id, _)| !is_open(id)) {
            self.answer = None;
        }
        if self.sent.as_ref().is_some_and(|id| !is_open(id)) {
            self.sent = None;
        }
        if self.fence.as_ref().is_some_and(|(id, ..)| !is_open(id)) {
            self.fence = None;
        }
        match standing {
            Standing::Firing(_) | Standing::Folded(_) | Standing::Ended(Resolution::Healthy, _) => {
                self.unheard = None;
            }
            // An end that does not say healthy is no word on its health either.
            Standing::Silent | Standing::Unheard | Standing::Ended(..) => {
                self.unheard.get_or_insert(now.monotonic);
            }
        }
    }

    /// The intent of an effect was written by this process just now, and surely.
    pub fn intended(&mut self, id: EffectId) {
        self.unsent = Some(id);
    }

    /// The effect is being sent: never again, whatever comes of it.
    pub fn sending(&mut self, id: &EffectId, now: Now) {
        self.unsent = None;
        self.sent = Some(id.clone());
        self.open = Some((id.clone(), now.monotonic));
    }

    /// The effect's object was to be marked against its first sender; `is_settled` when nothing
    /// of that one can change it any more.
    pub fn fenced(&mut self, id: EffectId, is_settled: bool, now: Now) {
        self.fence = Some((id, now.monotonic, is_settled));
    }

    /// When that was tried last, and whether it is settled.
    pub fn fence(&self, id: &EffectId) -> Option<(Duration, bool)> {
        self.fence.as_ref().filter(|(fenced, ..)| fenced == id).map(|(_, at, is_settled)| (*at, *is_settled))
    }

    /// Whether the effect was sent by this process: then nobody else has it in hand.
    pub fn was_sent(&self, id: &EffectId) -> bool {
        self.sent.as_ref() == Some(id)
    }

    /// What was answered.
    pub fn answered(&mut self, id: EffectId, answer: Answer, now: Now) {
        self.open = Some((id.clone(), now.monotonic));
        self.answer = Some((id, answer));
    }

    /// Whether the effect may be sent by this process: it wrote the intent, and sent nothing.
    pub fn may_send(&self, id: &EffectId) -> bool {
        self.unsent.as_ref() == Some(id)
    }

    /// Whether an intent was written by this process whose effect is not sent yet.
    pub fn has_unsent(&self) -> bool {
        self.unsent.is_some()
    }

    /// The answer to the effect, if it was sent and answered.
    pub fn answer(&self, id: &EffectId) -> Option<&Answer> {
        self.answer.as_ref().filter(|(answered, _)| answered == id).map(|(_, answer)| answer)
    }

    /// Since when the effect has been open in the eyes of this process, or was last sent by it.
    pub fn open_since(&self, id: &EffectId) -> Option<Duration> {
        self.open.as_ref().filter(|(open, _)| open == id).map(|(_, since)| *since)
    }

    /// Since when nobody has said anything about the issue.
    pub fn unheard_since(&self) -> Option<Duration> {
        self.unheard
    }
}

/// The effect whose intent is written and whose fate is not known.
fn open_effect(remediation: &Remediation) -> Option<EffectId> {
    let attempt = remediation.status.as_ref()?.open_attempt()?;
    let part = attempt.parts.iter().position(|part| part.state == PartState::Open)?;
    Some(EffectId { remediation: remediation.metadata.name.clone()?, attempt: attempt.number, part })
}
