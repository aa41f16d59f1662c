//! What came of a run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::coverage::Coverage;
use super::plan::Plan;
use crate::oracles::{Ending, Violation};

/// The report of one run.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was played.
    pub plan: Plan,
    /// The hash of its trace.
    pub hash: String,
    /// How many lines the trace has.
    pub lines: u64,
    /// The lines that were kept.
    pub trace: Vec<String>,
    /// Promises that were broken.
    pub violations: Vec<Violation>,
    /// How things stood at the end.
    pub ending: Ending,
    /// How many requests each service sent, wherever to.
    pub requests: BTreeMap<String, u64>,
    /// What was seen.
    pub coverage: Coverage,
}

/// A failing run as it is written down: enough to play it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The plan, made as small as it could be.
    pub plan: Plan,
    /// The defect that was switched on; none in earnest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defect: Option<String>,
    /// The hash of its trace.
    pub hash: String,
    /// What was found.
    pub violations: Vec<Violation>,
}

impl Report {
    /// Whether every promise was kept.
    pub fn is_good(&self) -> bool {
        self.violations.is_empty()
    }

    /// The checkers that found something, each once.
    pub fn broken(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.violations.iter().map(|found| found.oracle.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Whether a promise was broken by the checker of this name.
    pub fn breaks(&self, oracle: &str) -> bool {
        self.violations.iter().any(|violation| violation.oracle == oracle)
    }
}
