//! Carries out what the core says about one remediation: one command, then the question again.

use std::time::Duration;

use cluster::bookkeeping;
use cluster::effects::{Answer, Change as Patch};
use cluster::read;
use model::policy::HealingPolicy;
use model::remediation::{Remediation, RemediationStatus};

use super::{Engine, RETRY, Tenure};
use crate::actions::Effect;
use crate::facts::Facts;
use crate::governor::{BrakeState, Leadership, World};
use crate::intake;
use crate::ledger::{Ledger, whole};
use crate::machine::{self, Change, Command, Inputs, Plan, Send};
use crate::policy::{self, Entry, Fit, Source};
use crate::service::{failpoints, policies};

/// Most commands for one remediation before the others' turn: a whole attempt takes about ten.
const COMMANDS_MAX: usize = 40;

impl Engine {
    /// Carries out what the core says about one remediation, until it is to wait.
    pub(super) async fn work(&mut self, tenure: &mut Tenure, name: &str) {
        tenure.due.remove(name);
        let mut facts: Option<Facts> = None;
        let mut brake = BrakeState::Unreadable("it was not read yet".to_owned());
        let mut is_policy_read = true;
        // From an intent that is written until what came of it is.
        let mut is_begun = tenure.memories.get(name).is_some_and(machine::Memory::has_unsent);
        for _ in 0..COMMANDS_MAX {
            if tenure.drain.is_requested() && !is_begun {
                return;
            }
            let Some((command, seen)) = self.step(tenure, name, facts.as_ref(), &brake, is_policy_read)
            else {
                return;
            };
            match command {
                Command::Wait(at) => {
                    if let Some(at) = at {
                        tenure.due.insert(name.to_owned(), at);
                    }
                    return self.record_told(tenure, name).await;
                }
                Command::Look(look) => {
                    facts = Some(self.reader.read(&look).await);
                    // The last look before an effect; before that the watch's word is good enough.
                    is_policy_read = !is_begun || self.read_policy(name).await;
                    brake = self.brake().await;
                }
                Command::Write(change) => {
                    facts = None;
                    is_begun = change.intent.is_some();
                    if !self.write(tenure, seen, *change).await {
                        tenure.due.insert(name.to_owned(), self.shared.environment.monotonic() + RETRY);
                        return;
                    }
                }
                Command::Send(send) => {
                    self.send(tenure, name, *send).await;
                    facts = None;
                }
            }
        }
        tracing::warn!(remediation = name, "many commands in a row; the others' turn");
        tenure.due.insert(name.to_owned(), self.shared.environment.monotonic() + RETRY);
    }

    /// Asks the core. Returns with the command what it was decided from: that version, and no
    /// later one, is the precondition of a write.
    fn step(
        &self,
        tenure: &mut Tenure,
        name: &str,
        facts: Option<&Facts>,
        brake: &BrakeState,
        is_policy_read: bool,
    ) -> Option<(Command, Remediation)> {
        let now = self.shared.now();
        let claim = *self.claim.borrow();
        let config = self.shared.config();
        let mut state = self.shared.state();
        // A turn may take long: what stands against acting is looked at for each decision.
        state.take_stock(&config, now);
        let state = &*state;
        let remediation = state.remediations.objects.get(name)?;
        let key = remediation.spec.key();
        let standing = state.inbox.standing(&key, now);
        let memory = tenure.memories.entry(name.to_owned()).or_default();
        memory.note(remediation, standing, now);
        tenure.doubts.tidy(now.monotonic);
        let doubts = &tenure.doubts;
        let all = state.remediations.objects.values().map(|one| doubts.at_worst(one, name));
        let is_earlier = |one: &&Remediation| {
            let is_of_the_workload = whole(&one.spec.lineage) == whole(&key.lineage);
            one.spec.check == key.code && is_of_the_workload && one.metadata.name.as_deref() != Some(name)
        };
        let earlier: Vec<&Remediation> = all.clone().filter(is_earlier).collect();
        let (views, troubled) = (state.views(), state.inbox.nodes_in_trouble(now));
        // A claim of another tenure is none for this one.
        let remaining = if claim.epoch == tenure.epoch {
            claim.remaining(&self.shared.environment)
        } else {
            Duration::ZERO
        };
        let leadership = Leadership { epoch: tenure.epoch, remaining };
        let world = World {
            nodes: &state.nodes.objects,
            namespaces: &state.namespaces.objects,
            views: &views,
            brake,
            leadership,
            troubled: &troubled,
            correlation: &state.correlation,
            steps: &state.steps,
            own: &self.shared.own,
            config: &config,
        };
        let namespace_labels = state.namespace_labels(&key.lineage.namespace);
        let plan = match state.book.get(&remediation.spec.policy) {
            // Until all policies are known none is missing; FreshView says that nothing is done.
            None if !state.is_synced() => Plan::Current,
            None => Plan::Gone,
            Some(policy) => match policy::covers(&policy.spec, &key, namespace_labels.as_ref()) {
                Fit::No => Plan::Gone,
                _ if intake::plan_hash(policy) != remediation.spec.plan_hash => Plan::Replaced,
                Fit::Unknown(_) => Plan::Unknown("the labels of its namespace are not known"),
                Fit::Yes if !is_policy_read => Plan::Unknown("the policy cannot be read"),
                Fit::Yes => Plan::Current,
            },
        };
        let ledger = Ledger::of(all);
        let inputs =
            Inputs { now, standing, plan, facts, world: &world, ledger: &ledger, earlier: &earlier, memory };
        Some((machine::step(remediation, &inputs), remediation.clone()))
    }

    /// Reads the policy of a remediation for the decision that follows: that it was changed or taken
    /// back may not have been heard. Returns whether what is known of it now is so.
    async fn read_policy(&self, name: &str) -> bool {
        let policy = {
            let state = self.shared.state();
            let Some(one) = state.remediations.objects.get(name) else { return false };
            let known = state.book.get(&one.spec.policy);
            // One from a file is what was read when the file was.
            let Some(Entry { source: Source::Resource(_), name, .. }) = known else { return true };
            name.clone()
        };
        let is_news = match self.bookkeeper.get::<HealingPolicy>(&policy).await {
            Ok(now) => self.shared.state().policies.apply(now),
            Err(read::Error::Absent { .. }) => {
                let policies = &mut self.shared.state().policies;
                let uid = policies.objects.get(&policy).and_then(|known| known.metadata.uid.clone());
                policies.remove(&policy, &uid.unwrap_or_default());
                true
            }
            Err(error) => {
                tracing::warn!(policy, %error, "cannot be read");
                return false;
            }
        };
        if is_news {
            let mut state = self.shared.state();
            (state.dirty.policies, state.dirty.everything) = (true, true);
        }
        // Also where it is none: a watch may have told of it since the book was made.
        policies::refresh(&self.shared);
        true
    }

    /// The Brake, read for the decision that follows.
    async fn brake(&self) -> BrakeState {
        match self.bookkeeper.brake().await {
            Ok(brake) if brake.spec.holds(self.shared.environment.now()) => {
                BrakeState::On { reason: brake.spec.reason, until: brake.spec.until }
            }
            Ok(_) => BrakeState::Off,
            Err(error) => BrakeState::Unreadable(error.to_string()),
        }
    }

    /// Writes a status by compare-and-swap. Returns whether to go on with it now.
    async fn write(&mut self, tenure: &mut Tenure, before: Remediation, change: Change) -> bool {
        let name = before.metadata.name.as_deref().unwrap_or_default();
        let Change { mut status, intent } = change;
        status.told = status.told.max(tenure.told.get(name).copied().unwrap_or(0));
        let next = Remediation { status: Some(status), ..before.clone() };
        match self.bookkeeper.replace_status(&next).await {
            Ok(written) => {
                self.note_written(&before, &written);
                self.shared.state().remediations.apply(written);
                if let Some(id) = intent {
                    tenure.memories.entry(name.to_owned()).or_default().intended(id);
                    failpoints::reach(failpoints::AFTER_INTENT);
                }
                true
            }
            Err(error) => {
                tracing::info!(remediation = name, %error, "a status was not written; reading it again");
                if intent.is_some() && error.may_have_landed() {
                    let timeouts = &self.shared.config().timeouts;
                    let lands_within = timeouts.request.0 + timeouts.landing_margin.0;
                    let until = self.shared.environment.monotonic() + lands_within;
                    tenure.doubts.note(name, next.clone(), until);
                }
                self.read_again(name, &error).await
            }
        }
    }

    /// After a write that failed or was not answered: what does a quorum say?
    async fn read_again(&self, name: &str, error: &bookkeeping::Error) -> bool {
        match self.bookkeeper.get::<Remediation>(name).await {
            Ok(now) => {
                self.shared.state().remediations.correct(now);
                matches!(error, bookkeeping::Error::Conflict(_))
            }
            Err(read::Error::Absent { .. }) => {
                self.shared.state().remediations.objects.remove(name);
                false
            }
            Err(error) => {
                tracing::warn!(remediation = name, %error, "cannot be read");
                false
            }
        }
    }

    /// Sends an effect, once, and remembers what was answered.
    async fn send(&self, tenure: &mut Tenure, name: &str, send: Send) {
        let Send { admit, id, effect } = send;
        let memory = tenure.memories.entry(name.to_owned()).or_default();
        let is_fence = matches!(effect, Effect::Fence { .. });
        if !is_fence {
            memory.sending(&id, self.shared.now());
        }
        tracing::info!(remediation = name, attempt = id.attempt, part = id.part, ?effect, "sending");
        let answer = match effect {
            Effect::Evict { grace } => self.effects.evict(admit, grace).await,
            Effect::Change { resource_version, annotations, taints, restart } => {
                let mut patch = Patch::new();
                for (key, value) in annotations {
                    patch = match value {
                        Some(value) => patch.annotate(&key, &value),
                        None => patch.remove_annotation(&key),
                    };
                }
                if let Some(taints) = taints {
                    patch = patch.taints(taints);
                }
                if let Some(at) = restart {
                    patch = patch.restart(at);
                }
                self.effects.change(admit, &resource_version, patch).await
            }
            Effect::Fence { resource_version } => {
                self.effects.change(admit, &resource_version, Patch::new()).await
            }
        };
        failpoints::reach(failpoints::AFTER_EFFECT);
        if !matches!(answer, Answer::Done { .. }) {
            tracing::info!(remediation = name, attempt = id.attempt, ?answer, "the effect was not accepted");
        }
        if is_fence {
            memory.fenced(id, is_fenced(&answer), self.shared.now());
        } else {
            memory.answered(id, answer, self.shared.now());
        }
    }

    /// Notes that the alerter has accepted what was to be told, if nothing else was to be written.
    async fn record_told(&self, tenure: &Tenure, name: &str) {
        let Some(told) = tenure.told.get(name).copied() else { return };
        let next = {
            let state = self.shared.state();
            let Some(before) = state.remediations.objects.get(name) else { return };
            let Some(status) = before.status.as_ref().filter(|status| status.told < told) else { return };
            let status = RemediationStatus { told, ..status.clone() };
            Remediation { status: Some(status), ..before.clone() }
        };
        match self.bookkeeper.replace_status(&next).await {
            Ok(written) => drop(self.shared.state().remediations.apply(written)),
            // Telling it once more is harmless: the alerter knows it by its id.
            Err(error) => tracing::debug!(remediation = name, %error, "what was told was not recorded"),
        }
    }

    fn note_written(&self, before: &Remediation, written: &Remediation) {
        let none = RemediationStatus::default();
        let old = before.status.as_ref().unwrap_or(&none);
        let new = written.status.as_ref().unwrap_or(&none);
        self.shared.metrics.wrote(written, old, new);
        if old.transitions != new.transitions {
            let name = written.metadata.name.as_deref().unwrap_or_default();
            let rule = new.decision.as_ref().map_or("", |decision| decision.rule.as_str());
            tracing::info!(
                remediation = name,
                lineage = %written.spec.lineage,
                check = written.spec.check,
                phase = new.phase.as_str(),
                rule,
                "{}",
                new.message
            );
            self.events.transition(written, new);
        }
    }
}

/// Whether nothing that was read before can change the object any more: its version has moved, it
/// is gone, or nobody with our identity may change it.
fn is_fenced(answer: &Answer) -> bool {
    match answer {
        Answer::Done { .. } | Answer::Gone | Answer::Denied { .. } | Answer::Invalid(_) => true,
        // Somebody has changed it since it was read, which may be that very effect: look again.
        Answer::Conflict(_)
        | Answer::PdbRefused { .. }
        | Answer::RateLimited { .. }
        | Answer::NotSent(_)
        | Answer::Unknown(_) => false,
    }
}
