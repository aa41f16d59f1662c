//! What a run came to see: which faults lasted when the healer did or refused what, and how it
//! ended. Blind spots show as what is missing.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::oracles::Books;
use crate::seen::{Seen, Turn, What};

/// One combination.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Case {
    /// A fault that lasted; `calm` when none did.
    pub fault: String,
    /// The action; empty before there is one.
    pub action: String,
    /// The rule that objected; empty when none did.
    pub rule: String,
    /// The remediation's phase.
    pub outcome: String,
}

/// How often each combination was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// The combinations.
    pub cases: BTreeMap<Case, u64>,
    /// Faults that were played, and how often.
    pub faults: BTreeMap<String, u64>,
    /// Granted effects, by action.
    pub effects: BTreeMap<String, u64>,
    /// Services that crashed.
    pub crashes: u64,
    /// Messages that receivers took.
    pub messages: u64,
}

impl Coverage {
    pub(super) fn see(&mut self, seen: &Seen, books: &Books) {
        match &seen.what {
            What::Change(change) if change.address.kind.plural == "remediations" && !change.is_deletion => {
                let status = &change.after.value()["status"];
                let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
                let faults: BTreeSet<&str> = books.faults.keys().map(|(name, _)| *name).collect();
                let faults = if faults.is_empty() { BTreeSet::from(["calm"]) } else { faults };
                for fault in faults {
                    let case = Case {
                        fault: fault.to_owned(),
                        action: text(&status["action"]),
                        rule: text(&status["decision"]["rule"]),
                        outcome: text(&status["phase"]),
                    };
                    *self.cases.entry(case).or_default() += 1;
                }
            }
            What::Fault(fault) if fault.begins => *self.faults.entry(fault.name.to_owned()).or_default() += 1,
            What::Request(request) => {
                if let Some(effect) = crate::oracles::Effect::granted(request) {
                    let name = format!("{:?} {}", effect.verb, effect.plural);
                    *self.effects.entry(name).or_default() += 1;
                }
            }
            What::Life(life) if life.turn == Turn::Crashed => self.crashes += 1,
            What::Message(message) if message.answered == Some(200) => self.messages += 1,
            _ => {}
        }
    }

    /// Adds another run's.
    pub fn add(&mut self, other: &Self) {
        for (case, count) in &other.cases {
            *self.cases.entry(case.clone()).or_default() += count;
        }
        for (own, others) in [(&mut self.faults, &other.faults), (&mut self.effects, &other.effects)] {
            for (name, count) in others {
                *own.entry(name.clone()).or_default() += count;
            }
        }
        self.messages += other.messages;
        self.crashes += other.crashes;
    }

    /// Every rule that objected at least once, with the number of times.
    pub fn rules(&self) -> BTreeMap<&str, u64> {
        let mut rules = BTreeMap::new();
        for (case, count) in self.cases.iter().filter(|(case, _)| !case.rule.is_empty()) {
            *rules.entry(case.rule.as_str()).or_default() += count;
        }
        rules
    }
}
