//! Which issues are taken up: those that have a policy and no remediation.
//!
//! Whatever was dealt with, or could not be taken up a moment ago, is asked about again and again:
//! what that costs the API server is bounded here.

use std::collections::BTreeMap;
use std::time::Duration;

use model::issue::Key;
use model::remediation::Remediation;
use model::{Issue, Lineage};

use super::{Engine, Tenure};
use crate::Now;
use crate::facts::{Found, Look};
use crate::intake;
use crate::policy::{Candidate, Choice, Entry};

/// Most issues taken up in one turn, so that a flood does not keep open attempts waiting.
const TAKEN_UP_MAX: usize = 20;
/// Most subjects whose labels are read in one turn, for the same reason.
const LABELS_MAX: usize = 20;
/// How long a subject's labels are taken to be what they were.
const LABELS_KEPT: Duration = Duration::from_mins(1);
/// How long an issue waits that could not be taken up; each time twice as long.
const PUT_OFF: Duration = Duration::from_secs(1);
/// The longest such wait.
const PUT_OFF_MAX: Duration = Duration::from_mins(5);

/// A subject's labels, none for one that is gone; `None` where they could not be read.
type Labels = Option<BTreeMap<String, String>>;

/// What is remembered about issues that are not taken up yet.
#[derive(Default)]
pub(super) struct Waiting {
    put_off: BTreeMap<Key, PutOff>,
    labels: BTreeMap<Lineage, (Duration, Labels)>,
}

struct PutOff {
    until: Duration,
    failures: u32,
    /// The number of the remediation that may have been made: the request was not answered, and may
    /// land even now. Whoever asks again asks for the same one, so that there is one.
    number: Option<u64>,
}

impl Waiting {
    /// Forgets what is old.
    fn tidy(&mut self, now: Now) {
        self.put_off.retain(|_, put_off| now.monotonic < put_off.until + PUT_OFF_MAX);
        self.labels.retain(|_, (read, _)| now.monotonic.saturating_sub(*read) < LABELS_KEPT);
    }

    fn is_put_off(&self, key: &Key, now: Now) -> bool {
        self.put_off.get(key).is_some_and(|put_off| now.monotonic < put_off.until)
    }

    fn put_off(&mut self, key: Key, now: Now) {
        let put_off =
            self.put_off.entry(key).or_insert(PutOff { until: now.monotonic, failures: 0, number: None });
        let wait = PUT_OFF.saturating_mul(1 << put_off.failures.min(16)).min(PUT_OFF_MAX);
        put_off.until = now.monotonic + wait;
        put_off.failures += 1;
    }

    /// Whatever makes it end at once and be new again does not fill the store within moments.
    fn taken_up(&mut self, key: Key, now: Now) {
        self.put_off.insert(key, PutOff { until: now.monotonic + PUT_OFF, failures: 0, number: None });
    }

    /// It was not taken up under this number, or, where that `may_have_landed`, whether it was is not
    /// known.
    fn failed(&mut self, key: &Key, number: u64, may_have_landed: bool, now: Now) {
        self.put_off(key.clone(), now);
        if let Some(put_off) = self.put_off.get_mut(key).filter(|_| may_have_landed) {
            put_off.number = Some(number);
        }
    }

    /// The number of the remediation of this issue that may have been made.
    fn asked(&self, key: &Key) -> Option<u64> {
        self.put_off.get(key)?.number
    }
}

impl Engine {
    /// Takes up the issues that have a policy and no remediation. Returns whether there may be more
    /// than one turn takes.
    pub(super) async fn take_up_new(&mut self, tenure: &mut Tenure) -> bool {
        if !self.shared.state().is_synced() {
            return false;
        }
        tenure.waiting.tidy(self.shared.now());
        self.shared.state().tidy_book(self.shared.now());
        let (wanted, has_more) = self.wanted(&mut tenure.waiting).await;
        if wanted.is_empty() {
            return has_more;
        }
        // The number of the last one comes from a quorum: a watch may lag.
        let (listed, damaged) = match self.bookkeeper.list::<Remediation>().await {
            Ok(listed) => (listed.items, listed.malformed),
            Err(error) => {
                tracing::warn!(%error, "cannot read the remediations");
                let now = self.shared.now();
                for (issue, ..) in wanted {
                    tenure.waiting.put_off(issue.key(), now);
                }
                return has_more;
            }
        };
        for (issue, cluster, policy) in wanted {
            let last = intake::last(&issue.key(), &listed);
            let told = self.shared.state().inbox.told(&issue);
            if !intake::is_new(&issue, told, &policy, last.map(|(_, one)| one)) {
                tenure.waiting.put_off(issue.key(), self.shared.now());
                continue;
            }
            let names = listed.iter().filter_map(|one| one.metadata.name.as_deref());
            let names = names.chain(damaged.iter().map(|one| one.name.as_str()));
            let asked = tenure.waiting.asked(&issue.key());
            let number = intake::next_number(&issue.key(), names, asked, self.shared.environment.now());
            let new = intake::take_up(&issue, &cluster, &policy, number, &self.shared.config());
            match self.bookkeeper.create(&new).await {
                Ok(made) => {
                    let name = made.metadata.name.clone().unwrap_or_default();
                    tracing::info!(remediation = name, lineage = %issue.lineage, check = issue.code, policy = policy.name, "taken up");
                    tenure.due.insert(name, self.shared.environment.monotonic());
                    tenure.waiting.taken_up(issue.key(), self.shared.now());
                    self.shared.state().remediations.apply(made);
                }
                // Somebody else has it, or it is there and was not answered: another turn sees.
                Err(error) => {
                    tracing::warn!(%error, lineage = %issue.lineage, "an issue was not taken up");
                    let now = self.shared.now();
                    tenure.waiting.failed(&issue.key(), number, error.may_have_landed(), now);
                }
            }
        }
        has_more
    }

    /// The issues to take up, each with its cluster and policy, and whether there may be more.
    async fn wanted(&mut self, waiting: &mut Waiting) -> (Vec<(Issue, String, Entry)>, bool) {
        let mut wanted = Vec::new();
        let mut reads = 0;
        for (issue, cluster) in self.candidates(waiting) {
            let needs_labels = self.shared.state().book.needs_labels(&issue);
            let known = waiting.labels.get(&issue.lineage).map(|(_, labels)| labels.clone());
            let labels = match known {
                _ if !needs_labels => None,
                Some(labels) => labels,
                None if reads >= LABELS_MAX => continue,
                None => {
                    reads += 1;
                    let labels = self.labels(&issue).await;
                    let read = self.shared.environment.monotonic();
                    // What could not be read may be readable in a moment.
                    if labels.is_some() {
                        waiting.labels.insert(issue.lineage.clone(), (read, labels.clone()));
                    }
                    labels
                }
            };
            let mut state = self.shared.state();
            let namespace_labels = state.namespace_labels(&issue.lineage.namespace);
            let candidate = Candidate {
                issue: &issue,
                namespace_labels: namespace_labels.as_ref(),
                labels: labels.as_ref(),
            };
            let policy = match state.book.choose(&candidate) {
                Choice::Policy(policy) => policy.clone(),
                Choice::None => continue,
                Choice::Unknown { policy, what } => {
                    tracing::warn!(lineage = %issue.lineage, check = issue.code, policy = policy.name, "not taken up: {what} are not known, by which the policy selects");
                    waiting.put_off(issue.key(), self.shared.now());
                    continue;
                }
            };
            let last = intake::last(&issue.key(), state.remediations.objects.values());
            if intake::is_new(&issue, state.inbox.told(&issue), &policy, last.map(|(_, one)| one)) {
                wanted.push((issue, cluster, policy));
            }
            if wanted.len() >= TAKEN_UP_MAX {
                return (wanted, true);
            }
        }
        (wanted, reads >= LABELS_MAX)
    }

    /// The issues that may be to be taken up, as far as is known without asking anybody, the
    /// gravest first.
    fn candidates(&self, waiting: &Waiting) -> Vec<(Issue, String)> {
        let now = self.shared.now();
        let state = self.shared.state();
        let last = intake::last_of_each(state.remediations.objects.values());
        let may_be_new = |issue: &Issue| {
            let key = issue.key();
            let last = last.get(&key).copied();
            let mut policies = state.book.may_be_for(issue);
            let told = state.inbox.told(issue);
            !waiting.is_put_off(&key, now) && policies.any(|policy| intake::is_new(issue, told, policy, last))
        };
        let mut all: Vec<_> = state.inbox.firing(now).filter(|(issue, _)| may_be_new(issue)).collect();
        all.sort_by_key(|(issue, _)| (std::cmp::Reverse(issue.severity), issue.since));
        all.into_iter().map(|(issue, cluster)| (issue.clone(), cluster.to_owned())).collect()
    }

    async fn labels(&mut self, issue: &Issue) -> Labels {
        let look = Look { subject: Some(issue.lineage.clone()), ..Look::default() };
        let facts = self.reader.read(&look).await;
        match facts.subject? {
            Found::There(subject) => Some(subject.labels()),
            Found::Absent => Some(BTreeMap::new()),
            Found::Unreadable(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::tests_support::{issue, now};

    #[test]
    fn what_cannot_be_taken_up_waits_longer_each_time() {
        let mut waiting = Waiting::default();
        let key = issue().key();
        assert!(!waiting.is_put_off(&key, now(0)));
        let mut at = 0;
        for wait in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            waiting.put_off(key.clone(), now(at));
            assert!(waiting.is_put_off(&key, now(at + wait - 1)), "{wait}");
            assert!(!waiting.is_put_off(&key, now(at + wait)), "{wait}");
            at += wait;
            waiting.tidy(now(at));
        }
        waiting.tidy(now(at + 300));
        waiting.put_off(key.clone(), now(at + 300));
        assert!(!waiting.is_put_off(&key, now(at + 301)), "what was quiet for long begins anew");
        waiting.failed(&key, 6, false, now(at + 340));
        assert_eq!(waiting.asked(&key), None, "a no is an answer");
        waiting.failed(&key, 7, true, now(at + 350));
        waiting.failed(&key, 7, false, now(at + 360));
        assert_eq!(waiting.asked(&key), Some(7), "the same is asked for, however often");
        waiting.taken_up(key.clone(), now(at + 400));
        assert_eq!(waiting.asked(&key), None);
        assert!(waiting.is_put_off(&key, now(at + 400)));
        assert!(!waiting.is_put_off(&key, now(at + 401)), "one that ended at once may be new in a second");
    }
}
