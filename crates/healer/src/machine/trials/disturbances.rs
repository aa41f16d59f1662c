//! What others do in the trials: nodes, pods, people.

use std::time::Duration;

use model::policy::Mode;
use model::remediation::{Approval, ApprovalVerdict, Remediation};

use super::Trial;
use super::cluster::Health;
use crate::governor::BrakeState;
use crate::ledger::outstanding;
use crate::machine::Plan;

impl Trial {
    /// Something happens that is none of the healer's doing.
    pub(super) fn disturb(&mut self) {
        let name = format!("n{}", self.dice.below(self.cluster.nodes.len()));
        match self.dice.below(16) {
            0..=3 => {
                let health =
                    [Health::Ready, Health::Ready, Health::NotReady, Health::Silent][self.dice.below(4)];
                self.cluster.touch(&name, |node| node.health = health);
            }
            4 => self.cluster.touch(&name, |_| {}),
            5 => {
                let is_cordoned = self.dice.one_in(3);
                self.cluster.touch(&name, |node| node.is_cordoned = is_cordoned);
            }
            6 => {
                let is_ready = self.dice.one_in(2);
                let at = self.dice.below(self.cluster.pods.len());
                self.cluster.pods.values_mut().nth(at).expect("it is there").is_ready = is_ready;
            }
            7 => self.cluster.pods.values_mut().for_each(|pod| pod.is_ready = true),
            8 => self.cluster.has_room_in_budget = !self.cluster.has_room_in_budget,
            9 => {
                let paused = BrakeState::On { reason: "a release".to_owned(), until: None };
                let unreadable = BrakeState::Unreadable("404".to_owned());
                self.brake =
                    [BrakeState::Off, BrakeState::Off, paused, unreadable][self.dice.below(4)].clone();
            }
            10 => {
                self.plan = [Plan::Current, Plan::Unknown("it cannot be read"), Plan::Replaced, Plan::Gone]
                    [self.dice.below(4)];
            }
            11 => self.is_monitor_silent = self.dice.one_in(3),
            12 => self.succeed(),
            13 => self.approve(),
            14 => self.forget(),
            _ => self.cluster.touch(&name, |node| (node.is_tainted, node.mark) = (false, None)),
        }
    }

    pub(super) fn approve(&mut self) {
        let at = self.dice.below(self.store.len().max(1));
        let Some(mut one) = self.store.values().nth(at).cloned() else { return };
        let plan = if self.dice.one_in(4) { "another" } else { &one.spec.plan_hash };
        let verdict = if self.dice.one_in(6) { ApprovalVerdict::Rejected } else { ApprovalVerdict::Approved };
        let expires = self.dice.one_in(2).then(|| self.now.wall_in(Duration::from_mins(1)));
        one.spec.approval = Some(Approval { by: "ada".into(), plan_hash: plan.to_owned(), verdict, expires });
        self.keep(one);
    }

    /// A person deletes a remediation that is over, and its mark is still on a node.
    pub(super) fn forget(&mut self) {
        let is_over = |one: &&Remediation| {
            one.status.as_ref().is_some_and(|status| {
                status.phase.is_over()
                    && outstanding(&status.attempts).is_some()
                    && one.spec.mode == Mode::Enforce
            })
        };
        if let Some(one) = self.store.values().find(is_over).cloned() {
            self.store.remove(one.metadata.name.as_deref().unwrap_or_default());
            self.books.forgive(&one.spec.lineage.to_string());
        }
    }
}
