//! Whether a policy is for an issue, by what the issue says and by the labels of its subject and
//! namespace. Labels that could not be read are neither there nor missing: where they decide, it is
//! not known.

use std::collections::BTreeMap;

use model::Issue;
use model::issue::Key;
use model::policy::{HealingPolicySpec, Selector};

use crate::governor::{defects, rules};

/// What a policy is for, with what the cluster says of the subject.
pub struct Candidate<'a> {
    /// The issue.
    pub issue: &'a Issue,
    /// Labels of its namespace; `None` where they are not known.
    pub namespace_labels: Option<&'a BTreeMap<String, String>>,
    /// Labels of its subject, none for one that is gone; `None` where they are not known.
    pub labels: Option<&'a BTreeMap<String, String>>,
}

/// Whether a policy is for something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// It depends on something that is not known, and on what.
    Unknown(String),
}

impl Fit {
    fn of(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }

    /// Both: one that surely is not decides, whatever is not known of the other.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Unknown(what), _) | (_, Self::Unknown(what)) => Self::Unknown(what),
            (Self::Yes, Self::Yes) => Self::Yes,
        }
    }
}

/// Whether a policy is for an issue as far as the issue alone says.
pub(super) fn names(spec: &HealingPolicySpec, issue: &Issue) -> bool {
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
) -> Fit {
    Fit::of(names_key(spec, key)).and(by_namespace(spec, &key.lineage.namespace, namespace_labels))
}

/// Whether a policy is for an issue.
pub(super) fn fits(spec: &HealingPolicySpec, candidate: &Candidate<'_>) -> Fit {
    let Candidate { issue, namespace_labels, labels } = candidate;
    let selects = &spec.selects;
    let says_where = selects.namespaces.is_some() || selects.namespace_selector.is_some();
    let is_in_place = says_where || issue.lineage.namespace.is_empty();
    let what = || format!("the labels of {}", issue.lineage);
    Fit::of(names(spec, issue) && is_in_place)
        .and(by_namespace(spec, &issue.lineage.namespace, *namespace_labels))
        .and(by_labels(selects.selector.as_ref(), *labels, what))
}

/// What has no namespace is in none that a selector could choose.
fn by_namespace(spec: &HealingPolicySpec, namespace: &str, labels: Option<&BTreeMap<String, String>>) -> Fit {
    match &spec.selects.namespace_selector {
        Some(_) if namespace.is_empty() => Fit::No,
        selector => by_labels(selector.as_ref(), labels, || format!("the labels of namespace {namespace}")),
    }
}

fn by_labels(
    selector: Option<&Selector>,
    labels: Option<&BTreeMap<String, String>>,
    what: impl FnOnce() -> String,
) -> Fit {
    match (selector, labels) {
        (None, _) => Fit::Yes,
        (Some(selector), _) if selector.is_empty() && defects::is_skipped(rules::EMPTY_MEANS_NOTHING) => {
            Fit::Yes
        }
        (Some(selector), Some(labels)) => Fit::of(selector.matches(labels)),
        (Some(_), None) => Fit::Unknown(what()),
    }
}

#[cfg(test)]
mod tests {
    use model::policy::Mode;

    use super::super::tests::{issue, spec};
    use super::*;

    fn by_label(key: &str, value: &str) -> Selector {
        let match_labels = [(key.to_owned(), value.to_owned())].into();
        Selector { match_labels, ..Selector::default() }
    }

    #[test]
    fn what_is_taken_out_of_a_policy_is_not_covered_any_more() {
        let key = issue("shop").key();
        let policy = spec(Mode::Enforce);
        assert_eq!(covers(&policy, &key, None), Fit::Yes);
        let change = |change: fn(&mut HealingPolicySpec)| {
            let mut changed = policy.clone();
            change(&mut changed);
            changed
        };
        let elsewhere = change(|p| p.selects.namespaces = Some(vec!["bank".into()]));
        assert_eq!(covers(&elsewhere, &key, None), Fit::No);
        let other = change(|p| p.selects.codes = vec!["PodOOMKilled".into()]);
        assert_eq!(covers(&other, &key, None), Fit::No);
        let labelled = change(|p| p.selects.namespace_selector = Some(by_label("heal", "yes")));
        let labels = BTreeMap::from([("heal".to_owned(), "yes".to_owned())]);
        assert_eq!(covers(&labelled, &key, Some(&labels)), Fit::Yes);
        assert_eq!(covers(&labelled, &key, Some(&BTreeMap::new())), Fit::No);
        assert_eq!(
            covers(&labelled, &key, None),
            Fit::Unknown("the labels of namespace shop".into()),
            "neither covered nor taken back"
        );
    }

    #[test]
    fn labels_that_are_not_known_decide_nothing_and_what_surely_differs_does() {
        let mut policy = spec(Mode::Observe);
        policy.selects.selector = Some(by_label("app", "web"));
        let of = |policy: &HealingPolicySpec, namespace, labels: Option<&[&str]>| {
            let issue = issue(namespace);
            let labels = labels.map(|apps| {
                apps.iter().map(|app| ("app".to_owned(), (*app).to_owned())).collect::<BTreeMap<_, _>>()
            });
            let candidate = Candidate { issue: &issue, namespace_labels: None, labels: labels.as_ref() };
            fits(policy, &candidate)
        };
        assert_eq!(of(&policy, "shop", Some(&["web"])), Fit::Yes);
        assert_eq!(of(&policy, "shop", Some(&["db"])), Fit::No);
        assert_eq!(of(&policy, "shop", Some(&[])), Fit::No, "it is gone, or has none");
        assert_eq!(of(&policy, "bank", None), Fit::No, "whatever its labels");
        let Fit::Unknown(what) = of(&policy, "shop", None) else { panic!("it is not known") };
        assert_eq!(what, "the labels of Deployment/shop/web");
        policy.selects.namespace_selector = Some(by_label("heal", "yes"));
        assert!(matches!(of(&policy, "shop", Some(&["web"])), Fit::Unknown(_)));
        assert_eq!(of(&policy, "shop", Some(&["db"])), Fit::No);
    }

    #[test]
    fn what_has_no_namespace_is_chosen_by_none() {
        let mut policy = spec(Mode::Enforce);
        policy.selects.namespaces = None;
        policy.selects.namespace_selector = Some(by_label("heal", "yes"));
        let mut node = issue("");
        node.lineage = "Node/n1".parse().unwrap();
        assert_eq!(fits(&policy, &Candidate { issue: &node, namespace_labels: None, labels: None }), Fit::No);
    }
}
