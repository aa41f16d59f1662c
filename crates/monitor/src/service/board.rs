//! The issues as everybody in this process may read them.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use model::Issue;
use model::issue::Key;
use model::issue::Unseen;

use crate::engine::Blind;
use crate::report::Report;
use crate::tracker::Update;

/// The open issues. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Board {
    state: Arc<RwLock<State>>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) issues: BTreeMap<Key, Arc<Issue>>,
    pub(super) pending: BTreeMap<&'static str, usize>,
    pub(super) unseen: Vec<Unseen>,
}

impl Board {
    /// What an update would tell to somebody who knows the board as it is: that an issue is there,
    /// how grave it is and what explains it. Members and evidence change all the time.
    pub(super) fn is_news(&self, issue: &Issue) -> bool {
        let state = self.read();
        let known = state.issues.get(&issue.key());
        known.is_none_or(|known| known.severity != issue.severity || known.cause != issue.cause)
    }

    pub(super) fn update(&self, updates: &[Update]) {
        let mut state = self.write();
        for Update { issue, resolution } in updates {
            if resolution.is_some() {
                state.issues.remove(&issue.key());
            } else {
                state.issues.insert(issue.key(), Arc::clone(issue));
            }
        }
    }

    pub(super) fn set_pending(&self, pending: &BTreeMap<&'static str, usize>) {
        self.write().pending.clone_from(pending);
    }

    pub(super) fn set_blind(&self, blind: Vec<Blind>) {
        let unseen =
            blind.into_iter().map(|Blind { code, reason }| Unseen { check: code.to_owned(), reason });
        self.write().unseen = unseen.collect();
    }

    pub(super) fn report(&self) -> Report {
        let state = self.read();
        let issues = state.issues.values().map(Arc::clone).collect();
        Report::new(issues, state.pending.values().sum(), state.unseen.clone())
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use model::issue::{Evidence, Routing};
    use model::{Lineage, ObjectRef, Severity};

    use super::*;

    fn issue() -> Issue {
        Issue {
            code: "PodOOMKilled".into(),
            severity: Severity::Warning,
            lineage: Lineage::namespaced("Deployment", "shop", "web"),
            subject: ObjectRef::namespaced("Deployment", "shop", "web", "u"),
            members: Vec::new(),
            members_omitted: 0,
            since: Timestamp::UNIX_EPOCH,
            summary: "killed".into(),
            evidence: Evidence::new(),
            cause: None,
            routing: Routing::default(),
        }
    }

    #[test]
    fn only_another_issue_severity_or_cause_is_news() {
        let board = Board::default();
        let issue = issue();
        assert!(board.is_news(&issue));
        board.update(&[Update { issue: Arc::new(issue.clone()), resolution: None }]);
        assert!(!board.is_news(&issue));
        let evidence = Evidence::from([("message".into(), "again".into())]);
        assert!(!board.is_news(&Issue { evidence, ..issue.clone() }));
        assert!(board.is_news(&Issue { severity: Severity::Info, ..issue }));
    }
}
