//! Policies: which are fit for use, and which one is for an issue.
//!
//! An issue that several policies match is healed under the most cautious of them, then the
//! oldest, then the first by name: a further policy never leads to more being done. All of them
//! say so in their status.

mod validate;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use model::Issue;
use model::issue::Key;
use model::policy::{Condition, HealingPolicy, HealingPolicySpec, HealingPolicyStatus};

pub use validate::{Refusal, validate};

/// Most policies read. Their number is a person's work; more is a generator gone wrong.
pub const POLICIES_MAX: usize = 1_000;

/// Where a policy was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// In a file, which is older than any resource.
    File(String),
    /// In a resource, made at this time.
    Resource(Timestamp),
}

/// A policy as it was found.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Where it was written.
    pub source: Source,
    /// What it says.
    pub spec: HealingPolicySpec,
    /// The generation of the resource; 0 for files.
    pub generation: i64,
    /// Why it is not used, if it is not.
    pub refusals: Vec<Refusal>,
}

/// All policies.
#[derive(Clone, Debug, Default)]
pub struct Book {
    entries: Vec<Entry>,
    /// Which policies were seen to match the same issue: the one used, those not, and an example.
    overlaps: BTreeMap<(String, String), String>,
}

/// Reads the policies of a file: YAML documents of kind HealingPolicy, as `kubectl` takes them.
pub fn parse(file: &str, text: &str) -> Result<Vec<HealingPolicy>, model::config::Error> {
    let mut policies = Vec::new();
    let mut document = String::new();
    // A line of its own, as YAML has it; what stands before keeps its line numbers.
    for line in text.lines().chain(std::iter::once("---")) {
        if line.trim_end() == "---" {
            let says_something =
                document.lines().any(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
            if says_something {
                policies.push(model::config::parse(file, &document)?);
            }
            document = "\n".repeat(document.lines().count() + 1);
        } else {
            document.push_str(line);
            document.push('\n');
        }
    }
    Ok(policies)
}

/// What a policy is for, with what the cluster says of the subject.
pub struct Candidate<'a> {
    /// The issue.
    pub issue: &'a Issue,
    /// Labels of its namespace; `None` where it has none or they are not known.
    pub namespace_labels: Option<&'a BTreeMap<String, String>>,
    /// Labels of its subject; `None` where they are not known.
    pub labels: Option<&'a BTreeMap<String, String>>,
}

impl Book {
    /// A book of policies from files and resources. Those that are not fit stay in it, unused,
    /// with the reasons.
    pub fn new(
        entries: impl IntoIterator<Item = (String, Source, i64, HealingPolicySpec)>,
        own_namespace: &str,
    ) -> Self {
        let mut entries: Vec<Entry> = entries
            .into_iter()
            .map(|(name, source, generation, spec)| {
                let refusals = validate(&spec, own_namespace);
                Entry { name, source, spec, generation, refusals }
            })
            .collect();
        entries.sort_by_key(precedence);
        refuse_namesakes(&mut entries);
        Self { entries, overlaps: BTreeMap::new() }
    }

    /// All policies, by precedence.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The policy of this name that is in use.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name && entry.refusals.is_empty())
    }

    /// The policies that may be for an issue, as far as the issue alone says.
    pub fn may_be_for<'a>(&'a self, issue: &'a Issue) -> impl Iterator<Item = &'a Entry> {
        self.usable().filter(|entry| names(&entry.spec, issue))
    }

    /// Whether a policy can only be chosen when the labels of the issue's subject are known.
    pub fn needs_labels(&self, issue: &Issue) -> bool {
        self.usable().any(|entry| entry.spec.selects.selector.is_some() && names(&entry.spec, issue))
    }

    /// The policy for an issue. Notes where several match.
    pub fn choose(&mut self, candidate: &Candidate<'_>) -> Option<&Entry> {
        let matching: Vec<usize> = (0..self.entries.len())
            .filter(|&at| self.entries[at].refusals.is_empty() && matches(&self.entries[at].spec, candidate))
            .collect();
        let (&first, others) = matching.split_first()?;
        for &other in others {
            let pair = (self.entries[first].name.clone(), self.entries[other].name.clone());
            self.overlaps.entry(pair).or_insert_with(|| candidate.issue.key().to_string());
        }
        Some(&self.entries[first])
    }

    /// What was seen to overlap before stays known when the policies are read anew.
    #[must_use]
    pub fn succeeding(mut self, before: &Self) -> Self {
        let names: BTreeSet<&str> = self.usable().map(|entry| entry.name.as_str()).collect();
        let still = before.overlaps.iter().filter(|((used, unused), _)| {
            let unchanged = |name: &str| {
                names.contains(name)
                    && before.get(name).map(|entry| &entry.spec) == self.get(name).map(|entry| &entry.spec)
            };
            unchanged(used) && unchanged(unused)
        });
        self.overlaps = still.map(|(pair, example)| (pair.clone(), example.clone())).collect();
        self
    }

    /// What to say of a policy in its resource's status, given what it says already: a condition
    /// that does not change keeps its date.
    pub fn status(&self, policy: &HealingPolicy, now: Timestamp) -> Option<HealingPolicyStatus> {
        let name = policy.metadata.name.as_deref()?;
        let is_it = |entry: &&Entry| entry.name == name && matches!(entry.source, Source::Resource(_));
        let entry = self.entries.iter().find(is_it)?;
        let before = policy.status.as_ref().map_or(&[][..], |status| &status.conditions[..]);
        let conditions =
            [accepted(entry), self.unambiguous(entry)].map(|condition| dated(condition, before, now));
        Some(HealingPolicyStatus { observed_generation: entry.generation, conditions: conditions.to_vec() })
    }

    fn unambiguous(&self, entry: &Entry) -> Condition {
        let with: Vec<String> = self
            .overlaps
            .iter()
            .filter_map(|((used, unused), example)| {
                if *used == entry.name {
                    Some(format!("{unused} matches {example} too, and this policy is used"))
                } else if *unused == entry.name {
                    Some(format!(
                        "{used} matches {example} too, and is used instead: it is more cautious, or older"
                    ))
                } else {
                    None
                }
            })
            .collect();
        if with.is_empty() {
            return condition(
                "Unambiguous",
                true,
                "NoOverlap",
                "no other policy was seen to match the same issues",
            );
        }
        let message = format!("{}; narrow one of them", with.join("; "));
        condition("Unambiguous", false, "Overlap", &message)
    }

    fn usable(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.refusals.is_empty())
    }
}

/// The most cautious first, then the oldest, then by name.
fn precedence(entry: &Entry) -> (model::policy::Mode, Source, String) {
    let age = match &entry.source {
        Source::File(_) => Source::File(String::new()),
        Source::Resource(created) => Source::Resource(*created),
    };
    (entry.spec.mode, age, entry.name.clone())
}

/// Remediations name their policy: a name that two bear means neither.
fn refuse_namesakes(entries: &mut [Entry]) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for entry in entries.iter() {
        *seen.entry(entry.name.clone()).or_default() += 1;
    }
    for entry in entries.iter_mut().filter(|entry| seen[&entry.name] > 1) {
        entry.refusals.push(Refusal {
            field: "metadata.name".to_owned(),
            reason: format!("another policy is named {} too (files included): rename one", entry.name),
        });
    }
}

fn accepted(entry: &Entry) -> Condition {
    if entry.refusals.is_empty() {
        return condition("Accepted", true, "Valid", "in use");
    }
    let reasons: Vec<String> = entry.refusals.iter().map(ToString::to_string).collect();
    condition("Accepted", false, "EmptyMeansNothing", &format!("matches nothing: {}", reasons.join("; ")))
}

fn condition(kind: &str, holds: bool, reason: &str, message: &str) -> Condition {
    Condition {
        kind: kind.to_owned(),
        status: if holds { "True" } else { "False" }.to_owned(),
        reason: reason.to_owned(),
        message: message.to_owned(),
        last_transition_time: None,
    }
}

fn dated(condition: Condition, before: &[Condition], now: Timestamp) -> Condition {
    let same = before.iter().find(|old| old.kind == condition.kind && old.status == condition.status);
    let since = same.and_then(|old| old.last_transition_time).unwrap_or(now);
    Condition { last_transition_time: Some(since), ..condition }
}

/// Whether a policy matches as far as the issue alone says.
fn names(spec: &HealingPolicySpec, issue: &Issue) -> bool {
    let severities = spec.selects.severities.as_ref();
    names_key(spec, &issue.key()) && severities.is_none_or(|severities| severities.contains(&issue.severity))
}

fn names_key(spec: &HealingPolicySpec, key: &Key) -> bool {
    let selects = &spec.selects;
    selects.codes.contains(&key.code)
        && selects.namespaces.as_ref().is_none_or(|namespaces| {
            !key.lineage.namespace.is_empty()
                && namespaces.iter().any(|name| name == "*" || *name == key.lineage.namespace)
        })
}

/// Whether a policy still is for what was taken up under it: a person who takes a namespace or a
/// check out of it means what is under way, too. What may change by itself meanwhile, severity and
/// the subject's labels, is not asked again.
pub fn covers(
    spec: &HealingPolicySpec,
    key: &Key,
    namespace_labels: Option<&BTreeMap<String, String>>,
) -> bool {
    let selector = spec.selects.namespace_selector.as_ref();
    names_key(spec, key)
        && selector.is_none_or(|selector| namespace_labels.is_some_and(|labels| selector.matches(labels)))
}

/// Whether a policy matches. What is not known matches no selector.
fn matches(spec: &HealingPolicySpec, candidate: &Candidate<'_>) -> bool {
    let selects = &spec.selects;
    let is_namespaced = !candidate.issue.lineage.namespace.is_empty();
    let says_where = selects.namespaces.is_some() || selects.namespace_selector.is_some();
    names(spec, candidate.issue)
        && (says_where || !is_namespaced)
        && selects
            .namespace_selector
            .as_ref()
            .is_none_or(|selector| candidate.namespace_labels.is_some_and(|labels| selector.matches(labels)))
        && selects
            .selector
            .as_ref()
            .is_none_or(|selector| candidate.labels.is_some_and(|labels| selector.matches(labels)))
}

#[cfg(test)]
mod tests {
    use model::policy::{ActionName, Match, Mode, Selector, Step};
    use model::{DurationText, Lineage, ObjectRef, Severity, codes};
    use proptest::prelude::*;

    use super::*;

    pub(super) fn spec(mode: Mode) -> HealingPolicySpec {
        HealingPolicySpec {
            mode,
            selects: Match {
                codes: vec![codes::POD_RUNNING_NOT_READY.into()],
                namespaces: Some(vec!["shop".into()]),
                ..Match::default()
            },
            steps: vec![Step {
                action: ActionName::EvictPod,
                parameters: BTreeMap::new(),
                timeout: DurationText::from_secs(60),
                attempts: 1,
            }],
            healthy_for: None,
            approval_timeout: None,
            attempts_max: None,
            accept_loss_of_bare_pods: false,
        }
    }

    fn issue(namespace: &str) -> Issue {
        Issue {
            code: codes::POD_RUNNING_NOT_READY.into(),
            severity: Severity::Warning,
            lineage: Lineage::namespaced("Deployment", namespace, "web"),
            subject: ObjectRef::namespaced("Deployment", namespace, "web", "u"),
            members: vec![],
            members_omitted: 0,
            since: Timestamp::UNIX_EPOCH,
            summary: String::new(),
            evidence: BTreeMap::default(),
            cause: None,
            routing: model::issue::Routing::default(),
        }
    }

    fn at(second: i64) -> Source {
        Source::Resource(Timestamp::from_second(second).unwrap())
    }

    fn book(entries: &[(&str, Source, Mode)]) -> Book {
        Book::new(
            entries.iter().map(|(name, source, mode)| ((*name).to_owned(), source.clone(), 1, spec(*mode))),
            "seaworthy",
        )
    }

    fn chosen(book: &mut Book, issue: &Issue) -> Option<String> {
        book.choose(&Candidate { issue, namespace_labels: None, labels: None })
            .map(|entry| entry.name.clone())
    }

    #[test]
    fn of_several_the_most_cautious_then_the_oldest_is_used_and_all_say_so() {
        for (entries, expected) in [
            ([("a", at(1), Mode::Enforce), ("b", at(2), Mode::Observe)], "b"),
            ([("a", at(2), Mode::Enforce), ("b", at(1), Mode::Enforce)], "b"),
            ([("a", at(1), Mode::Enforce), ("b", at(1), Mode::Enforce)], "a"),
            ([("a", at(1), Mode::Enforce), ("b", Source::File("p.yaml".into()), Mode::Enforce)], "b"),
        ] {
            let mut book = book(&entries);
            assert_eq!(chosen(&mut book, &issue("shop")).as_deref(), Some(expected));
            for entry in book.entries() {
                let said = book.unambiguous(entry);
                assert_eq!(
                    (said.status.as_str(), said.reason.as_str()),
                    ("False", "Overlap"),
                    "{}",
                    entry.name
                );
                assert!(said.message.contains("Deployment/shop/web"), "{}", said.message);
            }
        }
    }

    #[test]
    fn namesakes_are_both_refused() {
        let mut book =
            book(&[("a", at(1), Mode::Enforce), ("a", Source::File("p.yaml".into()), Mode::Observe)]);
        assert_eq!(chosen(&mut book, &issue("shop")), None);
        assert!(book.entries().iter().all(|entry| accepted(entry).status == "False"));
    }

    #[test]
    fn another_namespace_and_unknown_labels_do_not_match() {
        let mut book = book(&[("a", at(1), Mode::Enforce)]);
        assert_eq!(chosen(&mut book, &issue("bank")), None);
        let mut selecting = spec(Mode::Enforce);
        selecting.selects.selector =
            Some(Selector { match_labels: [("app".into(), "web".into())].into(), ..Selector::default() });
        let mut book = Book::new([("a".to_owned(), at(1), 1, selecting)], "seaworthy");
        let issue = issue("shop");
        assert!(book.needs_labels(&issue));
        assert_eq!(chosen(&mut book, &issue), None);
        let labels = BTreeMap::from([("app".to_owned(), "web".to_owned())]);
        let candidate = Candidate { issue: &issue, namespace_labels: None, labels: Some(&labels) };
        assert!(book.choose(&candidate).is_some());
    }

    #[test]
    fn what_is_taken_out_of_a_policy_is_not_covered_any_more() {
        let key = issue("shop").key();
        let policy = spec(Mode::Enforce);
        assert!(covers(&policy, &key, None));
        let change = |change: fn(&mut HealingPolicySpec)| {
            let mut changed = policy.clone();
            change(&mut changed);
            changed
        };
        assert!(!covers(&change(|p| p.selects.namespaces = Some(vec!["bank".into()])), &key, None));
        assert!(!covers(&change(|p| p.selects.codes = vec!["PodOOMKilled".into()]), &key, None));
        let by_label = change(|p| {
            let match_labels = [("heal".to_owned(), "yes".to_owned())].into();
            p.selects.namespace_selector = Some(Selector { match_labels, ..Selector::default() });
        });
        let labels = BTreeMap::from([("heal".to_owned(), "yes".to_owned())]);
        assert!(covers(&by_label, &key, Some(&labels)));
        assert!(!covers(&by_label, &key, Some(&BTreeMap::new())));
        assert!(!covers(&by_label, &key, None));
    }

    #[test]
    fn a_condition_that_does_not_change_keeps_its_date() {
        let book = book(&[("a", at(1), Mode::Enforce)]);
        let mut policy = HealingPolicy::new("a", spec(Mode::Enforce));
        let first = book.status(&policy, at_time(5)).unwrap();
        policy.status = Some(first.clone());
        assert_eq!(book.status(&policy, at_time(9)).unwrap(), first);
    }

    fn at_time(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    proptest! {
        /// Nothing is matched that the issue's own namespace is not named for.
        #[test]
        fn a_policy_without_a_place_matches_nothing_namespaced(namespace in "[a-z]{1,8}", mode in 0..3_usize) {
            let mut odd = spec([Mode::Observe, Mode::Approve, Mode::Enforce][mode]);
            odd.selects.namespaces = None;
            let mut book = Book::new([("a".to_owned(), at(1), 1, odd)], "seaworthy");
            prop_assert_eq!(chosen(&mut book, &issue(&namespace)), None);
        }
    }
}
