//! What is wrong, as commands show it: from a look of our own, from a running monitor, or from an alerter.

mod ask;
mod table;

use std::sync::Arc;

pub(crate) use ask::{Watcher, ask};
use jiff::Timestamp;
use model::issue::Unseen;
use model::{Issue, Severity};
use monitor::{Report, Summary};
use serde::{Deserialize, Serialize};
pub(crate) use table::{footer, table, table_of};

use crate::arguments::Scope;
use crate::exit::Exit;

/// Everything that is wrong, as far as could be seen: the form of `-o json`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Findings {
    pub(crate) issues: Vec<Finding>,
    pub(crate) summary: Summary,
    pub(crate) unseen: Vec<Unseen>,
    /// What time it was for whoever told it.
    #[serde(skip)]
    pub(crate) at: Option<Timestamp>,
}

/// An issue, and what is known of how people are told of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Finding {
    #[serde(flatten)]
    pub(crate) issue: Issue,
    /// What the alerter makes of it: `firing`, `held`, `acknowledged`, `silenced`, `inhibited`; nothing where none was
    /// asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<String>,
}

impl From<Report> for Findings {
    fn from(Report { issues, summary, unseen }: Report) -> Self {
        let issues = issues.into_iter().map(Arc::unwrap_or_clone);
        let issues = issues.map(|issue| Finding { issue, state: None }).collect();
        Self { issues, summary, unseen, at: None }
    }
}

impl Findings {
    /// What an alerter knows. It does not know what the monitor could not see, nor what has not lasted for long enough.
    fn of_alerter(issues: Vec<Finding>, at: Timestamp) -> Self {
        Self { issues, at: Some(at), ..Self::default() }.counted()
    }

    /// Only what is of interest.
    pub(crate) fn within(mut self, scope: &Scope) -> Self {
        self.issues.retain(|finding| scope.includes(&finding.issue.lineage.namespace));
        self.counted()
    }

    fn counted(mut self) -> Self {
        let of = |severity| self.issues.iter().filter(|finding| finding.issue.severity == severity).count();
        self.summary = Summary {
            critical: of(Severity::Critical),
            warning: of(Severity::Warning),
            info: of(Severity::Info),
            folded: self.issues.iter().filter(|finding| finding.issue.cause.is_some()).count(),
            pending: self.summary.pending,
        };
        self
    }

    /// By the worst that was found. Where nothing was found and not everything was seen, nobody can say that all is well.
    pub(crate) fn exit(&self) -> Exit {
        match Exit::of(self.issues.iter().map(|finding| finding.issue.severity).max()) {
            Exit::Fine if !self.unseen.is_empty() => Exit::Failed,
            exit => exit,
        }
    }
}

#[cfg(test)]
mod tests;
