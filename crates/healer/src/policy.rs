//! Policies: which are fit for use, and which one is for an issue.
//!
//! An issue that several policies match is healed under the most cautious of them, then the
//! oldest, then the first by name: a further policy never leads to more being done. All of them
//! say so in their status.

mod fit;
mod status;
mod validate;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use model::Issue;
use model::policy::{HealingPolicy, HealingPolicySpec};

use fit::{fits, names};

pub use fit::{Candidate, Fit, covers};
pub use validate::{Refusal, validate};

/// Most policies used. Their number is a person's work; more is a generator gone wrong, and which of
/// them are meant cannot be told: then none is used, lest the cautious ones be those left out.
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Of which policies it could not be told whether they are for an issue: an example, and what
    /// is not known of it.
    undecided: BTreeMap<String, (String, String)>,
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

/// What is found for an issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice<'a> {
    /// This policy.
    Policy(&'a Entry),
    /// None is for it.
    None,
    /// It cannot be told yet: this policy would come first, but whether it is for the issue rests on
    /// something that is not known. Until it is, nothing is done, lest it be done under a less
    /// cautious one.
    Unknown {
        /// That policy.
        policy: &'a Entry,
        /// What is not known.
        what: String,
    },
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
        refuse_a_flood(&mut entries);
        Self { entries, overlaps: BTreeMap::new(), undecided: BTreeMap::new() }
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

    /// The policy for an issue: of those that are for it the first by precedence, as soon as it is
    /// known of every one before it that it is not. Notes where several match, and what is not known.
    pub fn choose(&mut self, candidate: &Candidate<'_>) -> Choice<'_> {
        let example = candidate.issue.key().to_string();
        let mut first: Option<usize> = None;
        for at in 0..self.entries.len() {
            let entry = &self.entries[at];
            if !entry.refusals.is_empty() {
                continue;
            }
            match (fits(&entry.spec, candidate), first) {
                (Fit::No, _) => self.is_decided(at, &example),
                (Fit::Yes, None) => {
                    self.is_decided(at, &example);
                    first = Some(at);
                }
                (Fit::Yes, Some(first)) => {
                    let pair = (self.entries[first].name.clone(), entry.name.clone());
                    self.overlaps.entry(pair).or_insert_with(|| example.clone());
                }
                (Fit::Unknown(what), None) => {
                    let name = entry.name.clone();
                    self.undecided.entry(name).or_insert_with(|| (example, what.clone()));
                    return Choice::Unknown { policy: &self.entries[at], what };
                }
                // It would not be used whatever its answer.
                (Fit::Unknown(_), Some(_)) => {}
            }
        }
        first.map_or(Choice::None, |first| Choice::Policy(&self.entries[first]))
    }

    /// Forgets what could not be told of issues that are not there any more.
    pub fn tidy(&mut self, is_there: impl Fn(&str) -> bool) {
        self.undecided.retain(|_, (issue, _)| is_there(issue));
    }

    /// What was not known of the example is known now.
    fn is_decided(&mut self, at: usize, example: &str) {
        let name = &self.entries[at].name;
        if self.undecided.get(name).is_some_and(|(issue, _)| issue == example) {
            self.undecided.remove(name);
        }
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

fn refuse_a_flood(entries: &mut [Entry]) {
    let count = entries.len();
    for entry in entries.iter_mut().filter(|_| count > POLICIES_MAX) {
        entry.refusals.push(Refusal {
            field: "metadata".to_owned(),
            reason: format!("there are {count} policies, more than {POLICIES_MAX}: delete those not meant"),
        });
    }
}

#[cfg(test)]
mod tests {
    use model::policy::{ActionName, Match, Mode, Selector, Step};
    use model::{DurationText, Lineage, ObjectRef, Severity, codes};
    use proptest::prelude::*;

    use super::status::accepted;
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

    pub(in crate::policy) fn issue(namespace: &str) -> Issue {
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
        match book.choose(&Candidate { issue, namespace_labels: None, labels: None }) {
            Choice::Policy(entry) => Some(entry.name.clone()),
            Choice::None | Choice::Unknown { .. } => None,
        }
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
    fn of_more_policies_than_can_be_meant_none_is_used() {
        let flood = |count: usize| {
            let entries = (0..count).map(|n| (format!("p-{n}"), at(1), 1, spec(Mode::Enforce)));
            Book::new(entries, "seaworthy")
        };
        assert!(chosen(&mut flood(POLICIES_MAX), &issue("shop")).is_some());
        assert_eq!(chosen(&mut flood(POLICIES_MAX + 1), &issue("shop")), None);
    }

    #[test]
    fn namesakes_are_both_refused() {
        let mut book =
            book(&[("a", at(1), Mode::Enforce), ("a", Source::File("p.yaml".into()), Mode::Observe)]);
        assert_eq!(chosen(&mut book, &issue("shop")), None);
        assert!(book.entries().iter().all(|entry| accepted(entry).status == "False"));
    }

    #[test]
    fn another_namespace_does_not_match_and_unknown_labels_choose_nothing() {
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
        assert!(matches!(book.choose(&candidate), Choice::Policy(_)));
    }

    #[test]
    fn a_more_cautious_policy_is_not_passed_over_because_labels_cannot_be_read() {
        let mut cautious = spec(Mode::Observe);
        cautious.selects.selector =
            Some(Selector { match_labels: [("app".into(), "web".into())].into(), ..Selector::default() });
        let entries =
            [("careful".to_owned(), at(2), 1, cautious), ("bold".to_owned(), at(1), 1, spec(Mode::Enforce))];
        let mut book = Book::new(entries, "seaworthy");
        let issue = issue("shop");
        let labels = |app: &str| BTreeMap::from([("app".to_owned(), app.to_owned())]);
        for (labels, expected) in
            [(None, None), (Some(labels("db")), Some("bold")), (Some(labels("web")), Some("careful"))]
        {
            let candidate = Candidate { issue: &issue, namespace_labels: None, labels: labels.as_ref() };
            let chosen = match book.choose(&candidate) {
                Choice::Policy(entry) => Some(entry.name.clone()),
                Choice::None => panic!("two are for it"),
                Choice::Unknown { policy, .. } => {
                    assert_eq!(policy.name, "careful");
                    None
                }
            };
            assert_eq!(chosen.as_deref(), expected, "{labels:?}");
            let said = book.decidable(book.get("careful").unwrap());
            assert_eq!(said.status == "False", labels.is_none(), "{}", said.message);
            if labels.is_none() {
                book.tidy(|issue| issue == "x");
                assert_eq!(book.decidable(book.get("careful").unwrap()).status, "True", "it is over");
                assert!(
                    said.message.contains("the labels of Deployment/shop/web are not known"),
                    "{}",
                    said.message
                );
            }
        }
    }

    /// What comes later in the order does not keep the first from being used.
    #[test]
    fn only_what_comes_first_is_waited_for() {
        let mut bold = spec(Mode::Enforce);
        bold.selects.selector =
            Some(Selector { match_labels: [("app".into(), "web".into())].into(), ..Selector::default() });
        let entries =
            [("careful".to_owned(), at(2), 1, spec(Mode::Observe)), ("bold".to_owned(), at(1), 1, bold)];
        let mut book = Book::new(entries, "seaworthy");
        assert_eq!(chosen(&mut book, &issue("shop")).as_deref(), Some("careful"));
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
