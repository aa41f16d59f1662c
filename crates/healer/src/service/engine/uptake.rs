//! Which issues are taken up: those that have a policy and no remediation.

use std::collections::BTreeMap;

use model::remediation::Remediation;

use super::{Engine, Tenure};
use crate::facts::Look;
use crate::intake;

/// Most issues taken up in one turn, so that a flood does not keep open attempts waiting.
const TAKEN_UP_MAX: usize = 20;

impl Engine {
    /// Takes up the issues that have a policy and no remediation.
    pub(super) async fn take_up_new(&mut self, tenure: &mut Tenure) {
        if !self.shared.state().is_synced() {
            return;
        }
        let wanted = self.wanted().await;
        if wanted.is_empty() {
            return;
        }
        // The number of the last one comes from a quorum: a watch may lag.
        let (listed, damaged) = match self.bookkeeper.list::<Remediation>().await {
            Ok(listed) => (listed.items, listed.malformed),
            Err(error) => return tracing::warn!(%error, "cannot read the remediations"),
        };
        for (issue, cluster, policy) in wanted {
            let last = intake::last(&issue.key(), &listed);
            if !intake::is_new(&issue, &policy, last.map(|(_, one)| one)) {
                continue;
            }
            let names = listed.iter().filter_map(|one| one.metadata.name.as_deref());
            let names = names.chain(damaged.iter().map(|one| one.name.as_str()));
            let number = intake::next_number(&issue.key(), names, self.shared.environment.now());
            let new = intake::take_up(&issue, &cluster, &policy, number, &self.shared.config);
            match self.bookkeeper.create(&new).await {
                Ok(made) => {
                    let name = made.metadata.name.clone().unwrap_or_default();
                    tracing::info!(remediation = name, lineage = %issue.lineage, check = issue.code, policy = policy.name, "taken up");
                    tenure.due.insert(name, self.shared.environment.monotonic());
                    self.shared.state().remediations.apply(made);
                }
                // Somebody else has it, or it is there and was not answered: the next turn sees.
                Err(error) => tracing::warn!(%error, lineage = %issue.lineage, "an issue was not taken up"),
            }
        }
    }

    /// The issues to take up, each with its cluster and policy.
    async fn wanted(&mut self) -> Vec<(model::Issue, String, crate::policy::Entry)> {
        let now = self.shared.now();
        let candidates: Vec<(model::Issue, String, bool)> = {
            let state = self.shared.state();
            let open = |key: &model::issue::Key| {
                state.remediations.objects.values().any(|one| {
                    one.spec.key() == *key && one.status.as_ref().is_none_or(|status| !status.phase.is_over())
                })
            };
            let mut all: Vec<_> = state.inbox.firing(now).filter(|(issue, _)| !open(&issue.key())).collect();
            all.sort_by_key(|(issue, _)| (std::cmp::Reverse(issue.severity), issue.since));
            let needs = |issue: &model::Issue| state.book.needs_labels(issue);
            all.into_iter()
                .map(|(issue, cluster)| (issue.clone(), cluster.to_owned(), needs(issue)))
                .collect()
        };
        let mut wanted = Vec::new();
        for (issue, cluster, needs_labels) in candidates {
            let labels = if needs_labels { self.labels(&issue).await } else { None };
            let mut state = self.shared.state();
            let namespace_labels = state.namespace_labels(&issue.lineage.namespace);
            let candidate = crate::policy::Candidate {
                issue: &issue,
                namespace_labels: namespace_labels.as_ref(),
                labels: labels.as_ref(),
            };
            let Some(policy) = state.book.choose(&candidate).cloned() else { continue };
            let last = intake::last(&issue.key(), state.remediations.objects.values());
            if intake::is_new(&issue, &policy, last.map(|(_, one)| one)) {
                wanted.push((issue, cluster, policy));
            }
            if wanted.len() >= TAKEN_UP_MAX {
                break;
            }
        }
        wanted
    }

    async fn labels(&mut self, issue: &model::Issue) -> Option<BTreeMap<String, String>> {
        let look = Look { subject: Some(issue.lineage.clone()), ..Look::default() };
        let facts = self.reader.read(&look).await;
        facts.subject.as_ref().and_then(|found| found.there()).map(crate::facts::Subject::labels)
    }
}
