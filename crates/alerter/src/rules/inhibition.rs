//! Inhibition: alerts that go without saying while another one fires.

use std::collections::BTreeMap;

use model::labels::LabelSet;

use super::matchers::{Matcher, all_match};
use crate::alerts::Fingerprint;

/// While an alert that satisfies the source fires, those that satisfy the target are muted if
/// both have the same values for all labels in `equal`. A label missing on both sides is equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name, if it has one.
    pub name: String,
    /// Who mutes.
    pub source: Vec<Matcher>,
    /// Who is muted.
    pub target: Vec<Matcher>,
    /// What must be the same.
    pub equal: Vec<String>,
}

/// The alerts that mute others, for each rule.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    by_rule: Vec<ByEqual>,
}

/// By the values of a rule's equal labels: who mutes, and whether it satisfies the target too.
type ByEqual = BTreeMap<Vec<String>, Vec<(Fingerprint, bool)>>;

impl Rule {
    fn values(&self, labels: &LabelSet) -> Vec<String> {
        self.equal.iter().map(|name| labels.get(name).cloned().unwrap_or_default()).collect()
    }
}

impl Sources {
    /// Collects the sources among the alerts that fire.
    pub fn collect<'a>(
        rules: &[Rule],
        firing: &(impl Iterator<Item = (Fingerprint, &'a LabelSet)> + Clone),
    ) -> Self {
        let collect = |rule: &Rule| {
            let mut sources = ByEqual::new();
            for (fingerprint, labels) in firing.clone().filter(|(_, labels)| all_match(&rule.source, labels))
            {
                let two_sided = all_match(&rule.target, labels);
                sources.entry(rule.values(labels)).or_default().push((fingerprint, two_sided));
            }
            sources
        };
        Self { by_rule: rules.iter().map(collect).collect() }
    }

    /// The alerts that mute the one with these labels. An alert that satisfies both sides of a
    /// rule is not muted by others of which the same is true: they would mute each other.
    pub fn muting(&self, rules: &[Rule], labels: &LabelSet) -> Vec<Fingerprint> {
        let mut found = Vec::new();
        for (rule, sources) in rules.iter().zip(&self.by_rule) {
            if !all_match(&rule.target, labels) {
                continue;
            }
            let exclude_two_sided = all_match(&rule.source, labels);
            let candidates = sources.get(&rule.values(labels)).into_iter().flatten();
            let source = candidates.filter(|(_, two_sided)| !(exclude_two_sided && *two_sided)).min();
            found.extend(source.map(|(fingerprint, _)| *fingerprint));
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::testing::labels;
    use crate::rules::matchers::parse_all;
    use model::labels::fingerprint;

    fn muted(rule: (&str, &str, &[&str]), source: &[(&str, &str)], target: &[(&str, &str)]) -> bool {
        let rules = [Rule {
            name: String::new(),
            source: parse_all(rule.0).unwrap(),
            target: parse_all(rule.1).unwrap(),
            equal: rule.2.iter().map(ToString::to_string).collect(),
        }];
        let (source, target) = (labels(source), labels(target));
        let firing = [(fingerprint(&source), &source), (fingerprint(&target), &target)];
        let sources = Sources::collect(&rules, &firing.into_iter());
        !sources.muting(&rules, &target).is_empty()
    }

    #[test]
    fn equal_labels_decide() {
        let rule = ("sev=critical", "sev=warning", ["cluster"].as_slice());
        for (what, source, target, expected) in [
            (
                "same value",
                vec![("sev", "critical"), ("cluster", "a")],
                vec![("sev", "warning"), ("cluster", "a")],
                true,
            ),
            (
                "another value",
                vec![("sev", "critical"), ("cluster", "a")],
                vec![("sev", "warning"), ("cluster", "b")],
                false,
            ),
            ("missing on both", vec![("sev", "critical")], vec![("sev", "warning")], true),
            ("missing on one", vec![("sev", "critical"), ("cluster", "a")], vec![("sev", "warning")], false),
            ("no source", vec![("sev", "info")], vec![("sev", "warning")], false),
        ] {
            assert_eq!(muted(rule, &source, &target), expected, "{what}");
        }
    }

    #[test]
    fn alerts_on_both_sides_do_not_mute_each_other() {
        let rule = ("sev=~\"critical|warning\"", "sev=~\"critical|warning\"", [].as_slice());
        assert!(!muted(rule, &[("sev", "critical")], &[("sev", "warning")]));
        let one_sided = ("sev=critical", "sev=~\"critical|warning\"", [].as_slice());
        assert!(muted(one_sided, &[("sev", "critical")], &[("sev", "warning")]));
        assert!(!muted(one_sided, &[("sev", "critical")], &[("sev", "critical"), ("x", "y")]));
    }
}
