//! Checkers that watch a run from outside and say when a promise is broken. They keep their own
//! books from what was seen and share no code with the services they watch.
//!
//! One promise, one file, one line in [`all`]. A checker may miss something; it must never accuse
//! wrongly, so each leaves room for what an honest service cannot know: a request on its way, a
//! change that nobody has heard of yet.

mod acknowledged;
mod attempts;
mod books;
mod brake;
mod budget;
mod corrupted;
mod dead_sender;
mod disruption_budget;
mod duplicates;
mod effect;
mod ending;
mod hand_over;
mod hearsay;
mod held_pages;
mod leader;
mod liveness;
mod mass_failure;
mod odd_policies;
mod one_actor;
mod one_effect;
mod own;
mod own_marks;
mod pages;
mod partition;
mod preconditions;
mod quiescence;
mod stale_view;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::seen::Seen;
use pages::Pages;

pub use books::Books;
pub use effect::{Effect, Verb};
pub use ending::{Ending, Whose};

/// What the services are configured with, as far as promises depend on it: told by whoever
/// configured them.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The most nodes that are taken at once, in percent of the cluster's and of a zone's; at
    /// least one.
    pub nodes_percent: (u32, u32),
    /// The most pods at once: of the cluster, of a zone, of a namespace.
    pub pods: (usize, usize, usize),
    /// The most pods of one workload at once, in percent; at least one.
    pub owner_percent: u32,
    /// The most pods and nodes within an hour.
    pub per_hour: (usize, usize),
    /// The share of unhealthy nodes from which on everything is held, in percent.
    pub mass_percent: u32,
    /// The most attempts per lineage, and the window they are counted in.
    pub attempts: (usize, Duration),
    /// For how long the healers' lease counts after it was renewed.
    pub lease: Duration,
    /// After so long a disruption without recovery is not the healer's to wait for.
    pub settle: Duration,
    /// The healer's own namespace and those that are protected.
    pub protected: Vec<String>,
    /// The longest that a page may be held, and what grouping and pre-hold add.
    pub hold: Duration,
    /// The longest that a message may take otherwise, with receivers that answer.
    pub delivery: Duration,
    /// The longest that the alerter waits after failures before it tries again.
    pub retry: Duration,
    /// How long after the last fault everything must be over.
    pub calm: Duration,
    /// For how long what was taken away and given up keeps others waiting.
    pub given_up: Duration,
}

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Violation {
    /// By the checker of this name.
    pub oracle: String,
    /// When, in milliseconds since the run began.
    pub at_millis: u64,
    /// What happened.
    pub what: String,
}

/// Most violations of one promise that are kept: what is broken is often broken again and again.
const KEPT_MAX: usize = 5;

/// What a checker has to say.
#[derive(Debug, Default)]
pub struct Findings {
    at: Duration,
    oracle: &'static str,
    found: Vec<Violation>,
}

impl Findings {
    /// A promise is broken.
    pub fn add(&mut self, what: impl Into<String>) {
        if self.found.iter().filter(|known| known.oracle == self.oracle).count() < KEPT_MAX {
            let at_millis = self.at.as_millis() as u64;
            self.found.push(Violation { oracle: self.oracle.to_owned(), at_millis, what: what.into() });
        }
    }
}

/// A checker of one promise.
pub trait Oracle: Send {
    /// Something was seen; the books know of it already.
    fn see(&mut self, seen: &Seen, books: &Books, found: &mut Findings);

    /// The run is over.
    fn end(&mut self, _: Duration, _: &Books, _: &mut Findings) {}
}

/// All promises that are checked, by name.
pub fn all(limits: &Limits) -> Vec<(&'static str, Box<dyn Oracle>)> {
    let limits = || limits.clone();
    vec![
        ("I1 budget", Box::new(budget::Budget::new(limits()))),
        ("I2 disruption budgets", Box::<disruption_budget::DisruptionBudget>::default()),
        ("I3 preconditions", Box::<preconditions::Preconditions>::default()),
        ("I4 stale view", Box::<stale_view::StaleView>::default()),
        ("I6 one effect", Box::<one_effect::OneEffect>::default()),
        ("I7 leader", Box::<leader::Leader>::default()),
        ("I8 quiescence", Box::new(quiescence::Quiescence::new(limits()))),
        ("I9 partition", Box::new(partition::Partition::new(limits()))),
        ("I10 odd policies", Box::<odd_policies::OddPolicies>::default()),
        ("I11 mass failure", Box::new(mass_failure::MassFailure::new(limits()))),
        ("I12 attempts", Box::new(attempts::Attempts::new(limits()))),
        ("I13 own", Box::new(own::Own::new(limits()))),
        ("I14 corrupted", Box::<corrupted::Corrupted>::default()),
        ("I15 one actor", Box::<one_actor::OneActor>::default()),
        ("I15 own marks", Box::<own_marks::OwnMarks>::default()),
        ("I16 brake", Box::<brake::Brake>::default()),
        ("held pages", Box::new(held_pages::HeldPages::new(limits()))),
        ("acknowledged", Box::<acknowledged::Acknowledged>::default()),
        ("dead sender", Box::<dead_sender::DeadSender>::default()),
        ("duplicates", Box::<duplicates::Duplicates>::default()),
        ("hand over", Box::new(hand_over::HandOver::new(limits()))),
        ("liveness", Box::new(liveness::Liveness::new(limits()))),
    ]
}

/// All checkers and their books.
pub struct Panel {
    books: Books,
    pages: Pages,
    oracles: Vec<(&'static str, Box<dyn Oracle>)>,
    findings: Findings,
}

impl Panel {
    /// A panel that has seen nothing yet.
    pub fn new(limits: &Limits) -> Self {
        Self {
            books: Books::default(),
            pages: Pages::default(),
            oracles: all(limits),
            findings: Findings::default(),
        }
    }

    /// Shows everybody what was seen.
    pub fn see(&mut self, seen: &Seen) {
        self.books.see(seen);
        self.pages.see(seen);
        self.findings.at = seen.at;
        for (name, oracle) in &mut self.oracles {
            self.findings.oracle = name;
            oracle.see(seen, &self.books, &mut self.findings);
        }
    }

    /// Notes that somebody was told something on a watch of a path.
    pub fn hear(&mut self, peer: &str, path: &str, at: Duration) {
        self.books.hear(peer, path, at);
    }

    /// What is known by now.
    pub fn books(&self) -> &Books {
        &self.books
    }

    /// How things stand.
    pub fn ending(&self, at: Duration) -> Ending {
        Ending::of(&self.books, &self.pages, at)
    }

    /// Tells everybody that the run is over, and what they found.
    pub fn end(&mut self, at: Duration) -> Vec<Violation> {
        self.findings.at = at;
        for (name, oracle) in &mut self.oracles {
            self.findings.oracle = name;
            oracle.end(at, &self.books, &mut self.findings);
        }
        std::mem::take(&mut self.findings.found)
    }
}

#[cfg(test)]
mod tests;
