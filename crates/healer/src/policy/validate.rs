//! What a policy must say to be used. Empty, huge and invalid selectors match nothing, and the
//! policy says so, because an empty list must never come to mean everything.

use std::time::Duration;

use model::policy::{Expression, HealingPolicySpec, Match, Operator, Selector, Step};
use model::{Severity, codes};

use crate::actions;
use crate::governor::{defects, rules};

/// Most entries in any list of a policy: more is a generator gone wrong, not a person's intent.
const LIST_MAX: usize = 64;
/// Most steps: a ladder that is longer is not one that somebody thought through.
const STEPS_MAX: usize = 8;
/// Most attempts of one step.
const ATTEMPTS_MAX: u32 = 5;
/// Longest wait for a step, an approval or health.
const WAIT_MAX: Duration = Duration::from_hours(24);
/// How close a known code must be to be suggested.
const SUGGEST_FROM: f64 = 0.8;

/// Why a policy is not used: the field, what is wrong with it, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct Refusal {
    /// The field, with dots between its levels.
    pub field: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Everything that is wrong with a policy; nothing for one that is fit for use. `own_namespace`
/// is the healer's: what is aimed at it is refused.
pub fn validate(spec: &HealingPolicySpec, own_namespace: &str) -> Vec<Refusal> {
    if defects::is_skipped(rules::EMPTY_MEANS_NOTHING) {
        return Vec::new();
    }
    let mut found = Findings::default();
    codes_of(&spec.selects, &mut found);
    severities(spec.selects.severities.as_deref(), &mut found);
    namespaces(spec, own_namespace, &mut found);
    if let Some(chosen) = &spec.selects.namespace_selector {
        selector("match.namespaceSelector", chosen, &mut found);
    }
    if let Some(chosen) = &spec.selects.selector {
        selector("match.selector", chosen, &mut found);
    }
    ladder(spec, &mut found);
    found.limit("healthyFor", spec.healthy_for.map(Into::into));
    found.limit("approvalTimeout", spec.approval_timeout.map(Into::into));
    if spec.attempts_max == Some(0) {
        found.add("attemptsMax", "0 allows nothing: use mode Observe");
    }
    found.0
}

#[derive(Default)]
struct Findings(Vec<Refusal>);

impl Findings {
    fn add(&mut self, field: &str, reason: impl Into<String>) {
        self.0.push(Refusal { field: field.to_owned(), reason: reason.into() });
    }

    fn limit(&mut self, field: &str, wait: Option<Duration>) {
        match wait {
            Some(wait) if wait.is_zero() => self.add(field, "is zero: leave it out for the default"),
            Some(wait) if wait > WAIT_MAX => self.add(field, "is longer than a day"),
            Some(_) | None => {}
        }
    }

    /// Whether a list is neither empty nor huge.
    fn list<T>(&mut self, field: &str, list: &[T]) {
        if list.is_empty() {
            self.add(field, "is empty, which matches nothing: name what is meant, or leave it out");
        } else if list.len() > LIST_MAX {
            self.add(field, format!("has {} entries, at most {LIST_MAX} are read", list.len()));
        }
    }
}

fn codes_of(selects: &Match, found: &mut Findings) {
    found.list("match.codes", &selects.codes);
    for code in selects.codes.iter().take(LIST_MAX).filter(|code| !codes::ALL.contains(&code.as_str())) {
        let closest = codes::ALL
            .into_iter()
            .map(|known| (strsim::jaro_winkler(code, known), known))
            .filter(|(score, _)| *score >= SUGGEST_FROM)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let hint = closest.map_or_else(String::new, |(_, known)| format!(", did you mean {known}?"));
        found.add("match.codes", format!("{code:?} is no check{hint}"));
    }
}

fn severities(severities: Option<&[Severity]>, found: &mut Findings) {
    if let Some(severities) = severities {
        found.list("match.severities", severities);
    }
}

fn namespaces(spec: &HealingPolicySpec, own_namespace: &str, found: &mut Findings) {
    let field = "match.namespaces";
    let selects = &spec.selects;
    let needs_place = selects.codes.iter().any(|code| !code.starts_with("Node"));
    let Some(namespaces) = &selects.namespaces else {
        if needs_place && selects.namespace_selector.is_none() {
            found.add(field, "is missing: name the namespaces, give a namespaceSelector, or write [\"*\"]");
        }
        return;
    };
    found.list(field, namespaces);
    if namespaces.iter().any(|name| name == "*") && namespaces.len() > 1 {
        found.add(field, "\"*\" stands alone or not at all");
    }
    for name in namespaces.iter().filter(|name| *name != "*" && !is_dns_label(name)).take(LIST_MAX) {
        found.add(field, format!("{name:?} cannot be a namespace's name"));
    }
    if !own_namespace.is_empty() && namespaces.iter().any(|name| name == own_namespace) {
        found.add(field, format!("{own_namespace} is Seaworthy's own: it does not heal itself"));
    }
}

fn ladder(spec: &HealingPolicySpec, found: &mut Findings) {
    if spec.steps.is_empty() {
        found.add("steps", "is empty: a policy does something, if only in mode Observe");
    } else if spec.steps.len() > STEPS_MAX {
        found.add("steps", format!("has {} steps, at most {STEPS_MAX} are taken", spec.steps.len()));
    }
    for (index, step) in spec.steps.iter().enumerate().take(STEPS_MAX) {
        rung(index, step, &spec.selects.codes, found);
    }
}

fn rung(index: usize, step: &Step, codes: &[String], found: &mut Findings) {
    let field = |name: &str| format!("steps[{index}].{name}");
    let action = actions::get(step.action);
    if step.attempts == 0 {
        found.add(&field("attempts"), "0 never takes the step: leave it out for 1");
    } else if step.attempts > ATTEMPTS_MAX {
        found.add(&field("attempts"), format!("is more than {ATTEMPTS_MAX}"));
    }
    found.limit(&field("timeout"), Some(step.timeout.into()));
    for code in codes.iter().filter(|code| codes::ALL.contains(&code.as_str()) && !(action.suits)(code)) {
        found.add(&field("action"), format!("{} does nothing for {code}", step.action));
    }
    for (name, value) in &step.parameters {
        match action.parameters.iter().find(|parameter| parameter.name == name) {
            None => found.add(&field("parameters"), format!("{} takes no {name:?}", step.action)),
            Some(parameter) => {
                if let Err(reason) = (parameter.check)(value) {
                    found.add(&field("parameters"), format!("{name}: {reason}"));
                }
            }
        }
    }
}

fn selector(field: &str, selector: &Selector, found: &mut Findings) {
    if selector.is_empty() {
        found.add(field, "is empty, which matches nothing: name labels, or leave it out");
    }
    let Selector { match_labels, match_expressions } = selector;
    if match_labels.len() > LIST_MAX || match_expressions.len() > LIST_MAX {
        found.add(field, format!("has more than {LIST_MAX} requirements"));
        return;
    }
    for (key, value) in match_labels {
        label(field, key, found);
        label_value(field, value, found);
    }
    for expression in match_expressions {
        requirement(field, expression, found);
    }
}

fn requirement(field: &str, expression: &Expression, found: &mut Findings) {
    let Expression { key, operator, values } = expression;
    label(field, key, found);
    let wants_values = matches!(operator, Operator::In | Operator::NotIn);
    if wants_values && values.is_empty() {
        found.add(field, format!("{key} {operator:?} has no values"));
    }
    if !wants_values && !values.is_empty() {
        found.add(field, format!("{key} {operator:?} takes no values"));
    }
    if values.len() > LIST_MAX {
        found.add(field, format!("{key} has more than {LIST_MAX} values"));
        return;
    }
    for value in values {
        label_value(field, value, found);
    }
}

fn label(field: &str, key: &str, found: &mut Findings) {
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    let prefix_fits = prefix.is_none_or(|prefix| prefix.len() <= 253 && prefix.split('.').all(is_dns_label));
    if !prefix_fits || !is_label_text(name) || name.is_empty() {
        found.add(field, format!("{key:?} cannot be a label's name"));
    }
}

fn label_value(field: &str, value: &str, found: &mut Findings) {
    if !is_label_text(value) {
        found.add(field, format!("{value:?} cannot be a label's value"));
    }
}

/// At most 63 of letters, digits, `-`, `_` and `.`, with a letter or digit at either end.
fn is_label_text(text: &str) -> bool {
    let ends_well = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    bytes.len() <= 63
        && ends_well(bytes.first())
        && ends_well(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

/// At most 63 of lower-case letters, digits and `-`, with none of the latter at either end.
fn is_dns_label(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&text.len())
        && text.bytes().all(plain)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use model::DurationText;
    use model::policy::{ActionName, Mode};

    use super::super::tests::spec;
    use super::*;

    fn refusals(change: impl FnOnce(&mut HealingPolicySpec)) -> String {
        let mut policy = spec(Mode::Enforce);
        change(&mut policy);
        validate(&policy, "seaworthy").iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    fn expression(operator: Operator, values: &[&str]) -> Selector {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        let match_expressions = vec![Expression { key: "app".into(), operator, values }];
        Selector { match_expressions, ..Selector::default() }
    }

    #[test]
    fn a_plain_policy_is_fit() {
        assert_eq!(refusals(|_| {}), "");
    }

    #[test]
    fn what_is_empty_huge_or_invalid_is_refused_with_the_field() {
        type Change = fn(&mut HealingPolicySpec);
        let cases: &[(Change, &str)] = &[
            (|p| p.selects.codes.clear(), "match.codes: is empty"),
            (|p| p.selects.codes = vec!["PodOOMKiled".into()], "did you mean PodOOMKilled?"),
            (|p| p.selects.codes = vec!["x".repeat(300); 100], "has 100 entries"),
            (|p| p.selects.severities = Some(vec![]), "match.severities: is empty"),
            (|p| p.selects.namespaces = Some(vec![]), "match.namespaces: is empty"),
            (|p| p.selects.namespaces = None, "match.namespaces: is missing"),
            (|p| p.selects.namespaces = Some(vec!["*".into(), "a".into()]), "stands alone"),
            (|p| p.selects.namespaces = Some(vec!["Shop!".into()]), "cannot be a namespace's name"),
            (|p| p.selects.namespaces = Some(vec!["seaworthy".into()]), "does not heal itself"),
            (|p| p.selects.selector = Some(Selector::default()), "match.selector: is empty"),
            (
                |p| p.selects.namespace_selector = Some(Selector::default()),
                "match.namespaceSelector: is empty",
            ),
            (|p| p.selects.selector = Some(expression(Operator::In, &[])), "has no values"),
            (|p| p.selects.selector = Some(expression(Operator::Exists, &["a"])), "takes no values"),
            (|p| p.selects.selector = Some(expression(Operator::In, &["-"])), "cannot be a label's value"),
            (|p| p.selects.selector = Some(expression(Operator::In, &["a"; 65])), "more than 64 values"),
            (|p| p.steps.clear(), "steps: is empty"),
            (|p| p.steps = vec![p.steps[0].clone(); 9], "has 9 steps"),
            (|p| p.steps[0].attempts = 0, "steps[0].attempts: 0"),
            (|p| p.steps[0].attempts = 99, "steps[0].attempts: is more than 5"),
            (|p| p.steps[0].timeout = DurationText::from_secs(0), "steps[0].timeout: is zero"),
            (|p| p.steps[0].action = ActionName::DrainNode, "DrainNode does nothing for PodRunningNotReady"),
            (|p| drop(p.steps[0].parameters.insert("speed".into(), "9".into())), "takes no \"speed\""),
            (|p| drop(p.steps[0].parameters.insert("grace".into(), "soon".into())), "grace:"),
            (|p| p.attempts_max = Some(0), "attemptsMax: 0 allows nothing"),
            (|p| p.healthy_for = Some(DurationText::from_secs(100_000)), "longer than a day"),
        ];
        for (change, expected) in cases {
            let said = refusals(change);
            assert!(said.contains(expected), "expected {expected:?}, was {said:?}");
        }
    }
}
