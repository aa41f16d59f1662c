//! Those who lead in the trials, or still believe to: the engine's loop, with the ways in which a
//! process, a write and a request can be stopped and lost.

use std::collections::BTreeMap;
use std::time::Duration;

use cluster::effects::{Answer, Permit};
use model::Issue;
use model::issue::{Key, Resolution};
use model::remediation::Remediation;

use super::Trial;
use super::books::{self, Flight};
use crate::Steps;
use crate::actions::Effect;
use crate::facts::{Facts, Found};
use crate::governor::{BrakeState, Leadership, Own, ViewState, World};
use crate::inbox::Standing;
use crate::ledger::Ledger;
use crate::machine::{self, Command, Inputs, Memory, concerns};

/// How long a claim lasts after it was renewed: Kubernetes' own figure.
const LEASE: Duration = Duration::from_secs(15);

/// One who leads, or still believes to.
pub(super) struct Leader {
    pub(super) epoch: u64,
    pub(super) claim_until: Duration,
    memories: BTreeMap<String, Memory>,
    due: BTreeMap<String, Duration>,
    /// What it was about to do when it was stopped.
    stopped: Option<(String, Remediation, Command)>,
}

impl Trial {
    /// Somebody else leads: after the claim of the one before has ended.
    pub(super) fn succeed(&mut self) {
        if let Some(last) = self.leaders.last() {
            let until = last.claim_until;
            self.pass(until.saturating_sub(self.now.monotonic));
        }
        let epoch = self.leaders.last().map_or(1, |last| last.epoch + 1);
        let claim_until = self.now.monotonic + LEASE;
        self.leaders.push(Leader {
            epoch,
            claim_until,
            memories: BTreeMap::new(),
            due: BTreeMap::new(),
            stopped: None,
        });
    }

    /// What the machine says about one remediation, for one who believes to lead.
    fn step(
        &mut self,
        leader: usize,
        name: &str,
        facts: Option<&Facts>,
        brake: &BrakeState,
    ) -> Option<Command> {
        let one = self.store.get(name)?;
        let standing = standing(&self.issues, &one.spec.key(), &self.told, self.is_monitor_silent);
        let own = &mut self.leaders[leader];
        let memory = own.memories.entry(name.to_owned()).or_default();
        memory.note(one, standing, self.now);
        let remaining = own.claim_until.saturating_sub(self.now.monotonic);
        let troubled = troubled(&self.told);
        let views =
            [ViewState { name: "nodes", is_synced: true, heard: Some(self.now.monotonic), problem: None }];
        let world = World {
            nodes: &self.cluster.views,
            namespaces: &self.namespaces,
            views: &views,
            brake,
            leadership: Leadership { epoch: own.epoch, remaining },
            troubled: &troubled,
            correlation: &self.correlation,
            steps: &Steps::default(),
            own: &Own::default(),
            config: &self.config,
        };
        let ledger = Ledger::of(self.store.values());
        let earlier: Vec<&Remediation> = self
            .store
            .values()
            .filter(|other| other.spec.key() == one.spec.key() && other.metadata.name != one.metadata.name)
            .collect();
        let inputs = Inputs {
            now: self.now,
            standing,
            plan: self.plan,
            facts,
            world: &world,
            ledger: &ledger,
            earlier: &earlier,
            memory,
        };
        Some(machine::step(one, &inputs))
    }

    /// Works on one remediation until it is to wait, as the engine does.
    fn work(&mut self, leader: usize, name: &str) {
        let (mut facts, mut brake) = (None, BrakeState::Unreadable("it was not read".to_owned()));
        self.leaders[leader].due.remove(name);
        for _ in 0..40 {
            let Some(seen) = self.store.get(name).cloned() else { return };
            let Some(command) = self.step(leader, name, facts.as_ref(), &brake) else { return };
            if let Command::Send(send) = &command {
                self.check_decision(send);
            }
            match command {
                Command::Wait(at) => {
                    assert!(at.is_some() || !seen.status.as_ref().is_some_and(concerns) || self.folds(&seen));
                    self.leaders[leader].due.extend(at.map(|at| (name.to_owned(), at)));
                    return;
                }
                Command::Look(look) => {
                    let mut found = self.cluster.read(&look, self.now);
                    if self.is_rough && self.dice.one_in(20) {
                        found.subject = found.subject.map(|_| Found::Unreadable("503".to_owned()));
                    }
                    (facts, brake) = (Some(found), self.brake.clone());
                }
                command if self.is_rough && self.dice.one_in(25) => {
                    self.leaders[leader].stopped = Some((name.to_owned(), seen, command));
                    return;
                }
                command => {
                    facts = None;
                    self.carry_out(leader, name, &seen, command);
                }
            }
        }
        panic!("{name} never comes to rest: {:#?}", self.store[name].status);
    }

    /// What has no issue any more is heard of by nobody; what is over waits to be told.
    fn folds(&self, one: &Remediation) -> bool {
        let status = one.status.as_ref().expect("it has one");
        let epoch = self.leaders.last().expect("somebody leads").epoch;
        status.epoch > epoch || self.leaders.iter().any(|leader| leader.epoch < status.epoch)
    }

    fn check_decision(&self, send: &machine::Send) {
        if !matches!(send.effect, Effect::Fence { .. }) {
            let is_paused = self.brake != BrakeState::Off;
            books::check_decision(&flight(send), &self.cluster, &self.flying, is_paused);
        }
    }

    fn carry_out(&mut self, leader: usize, name: &str, seen: &Remediation, command: Command) {
        match command {
            Command::Write(change) => {
                let is_current = self
                    .store
                    .get(name)
                    .is_some_and(|now| now.metadata.resource_version == seen.metadata.resource_version);
                if !is_current || self.is_rough && self.dice.one_in(30) {
                    return;
                }
                let next = Remediation { status: Some(change.status), ..seen.clone() };
                self.books.wrote(seen, &next, self.config.attempts.per_lineage, self.now);
                self.keep(next);
                // The answer may be lost: then it is not known that the intent is ours.
                if let Some(id) = change.intent.filter(|_| !self.is_rough || !self.dice.one_in(30)) {
                    self.leaders[leader].memories.entry(name.to_owned()).or_default().intended(id);
                }
            }
            Command::Send(send) => self.send(leader, name, *send),
            Command::Wait(_) | Command::Look(_) => {}
        }
    }

    fn send(&mut self, leader: usize, name: &str, send: machine::Send) {
        let mut flight = flight(&send);
        let is_fence = matches!(send.effect, Effect::Fence { .. });
        let deadline = self.config.timeouts.request.0;
        let own = &self.leaders[leader];
        let is_claimed = own.epoch == send.admit.epoch() && own.claim_until > self.now.monotonic + deadline;
        let answer = if is_claimed {
            self.fly(&mut flight, deadline)
        } else {
            Answer::NotSent("the claim has ended".to_owned())
        };
        let (now, own) = (self.now, &mut self.leaders[leader]);
        let memory = own.memories.entry(name.to_owned()).or_default();
        if is_fence {
            memory.fenced(send.id, matches!(answer, Answer::Done { .. } | Answer::Gone), now);
        } else {
            memory.sending(&send.id, now);
            memory.answered(send.id, answer, now);
        }
    }

    /// It lands at once and is answered, or at some time before its deadline, or never.
    fn fly(&mut self, flight: &mut Flight, deadline: Duration) -> Answer {
        if !self.is_rough || !self.dice.one_in(4) {
            return self.land(flight);
        }
        let after = self.dice.below(usize::try_from(deadline.as_millis()).expect("seconds"));
        flight.lands = self.now.monotonic + Duration::from_millis(after as u64);
        flight.is_lost = self.dice.one_in(2);
        self.flying.push(flight.clone());
        Answer::Unknown("timed out".to_owned())
    }

    /// One turn of whoever leads, and sometimes of one who was stopped.
    pub(super) fn turn(&mut self) {
        let last = self.leaders.len() - 1;
        self.take_up();
        for leader in 0..=last {
            if let Some((name, seen, command)) = self.leaders[leader].stopped.take() {
                if self.is_rough && self.dice.one_in(2) {
                    self.leaders[leader].stopped = Some((name, seen, command));
                    continue;
                }
                self.resume(leader, &name, &seen, command);
            }
        }
        if self.leaders[last].stopped.is_some() {
            return;
        }
        self.leaders[last].claim_until = self.now.monotonic + LEASE;
        for name in self.store.keys().cloned().collect::<Vec<_>>() {
            let one = &self.store[&name];
            let is_due = self.leaders[last].due.get(&name).is_none_or(|due| *due <= self.now.monotonic);
            let concerns = one.status.as_ref().is_none_or(concerns);
            if concerns && (is_due || self.dice.one_in(3)) && self.leaders[last].stopped.is_none() {
                self.work(last, &name);
            }
        }
    }

    /// One who was stopped goes on with what it was about to do, and with what follows from it.
    fn resume(&mut self, leader: usize, name: &str, seen: &Remediation, command: Command) {
        self.carry_out(leader, name, seen, command);
        if leader + 1 < self.leaders.len() {
            self.work(leader, name);
        }
    }
}

fn flight(send: &machine::Send) -> Flight {
    Flight {
        target: send.admit.target().clone(),
        attempt: send.admit.attempt().to_owned(),
        effect: send.effect.clone(),
        lands: Duration::ZERO,
        is_lost: false,
    }
}

fn standing<'a>(
    issues: &'a [(Issue, bool)],
    key: &Key,
    told: &BTreeMap<Key, (bool, Duration)>,
    is_silent: bool,
) -> Standing<'a> {
    let issue = issues.iter().find(|(issue, _)| issue.key() == *key);
    match (told.get(key), issue) {
        _ if is_silent => Standing::Silent,
        (Some((true, _)), Some((issue, _))) => Standing::Firing(issue),
        (Some((false, since)), _) => Standing::Ended(Resolution::Healthy, *since),
        _ => Standing::Unheard,
    }
}

/// The nodes that the monitor says cannot be used.
pub(super) fn troubled(told: &BTreeMap<Key, (bool, Duration)>) -> BTreeMap<String, Duration> {
    let firing = told.iter().filter(|(key, (fires, _))| *fires && key.lineage.kind == "Node");
    firing.map(|(key, (_, since))| (key.lineage.name.clone(), *since)).collect()
}
