//! What is wrong, all at once: what `check -o json` and the API give.

use std::sync::Arc;

use model::issue::Unseen;
use model::{Issue, Severity};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Everything that is wrong, as far as could be seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Report {
    /// Open issues, ordered by lineage and code.
    pub issues: Vec<Arc<Issue>>,
    /// Counts of them.
    pub summary: Summary,
    /// What could not be looked at.
    pub unseen: Vec<Unseen>,
}

/// Counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Issues of severity critical.
    pub critical: usize,
    /// Issues of severity warning.
    pub warning: usize,
    /// Issues of severity info.
    pub info: usize,
    /// How many of all these are explained by another.
    pub folded: usize,
    /// Troubles that have not lasted for long enough to be issues.
    pub pending: usize,
}

impl Report {
    /// Counts the issues.
    pub(crate) fn new(issues: Vec<Arc<Issue>>, pending: usize, unseen: Vec<Unseen>) -> Self {
        let of = |severity| issues.iter().filter(|issue| issue.severity == severity).count();
        let folded = issues.iter().filter(|issue| issue.cause.is_some()).count();
        let summary = Summary {
            critical: of(Severity::Critical),
            warning: of(Severity::Warning),
            info: of(Severity::Info),
            folded,
            pending,
        };
        Self { issues, summary, unseen }
    }

    /// The severity of the worst issue.
    pub fn worst(&self) -> Option<Severity> {
        self.issues.iter().map(|issue| issue.severity).max()
    }
}
