//! What was covered, as a table, and what was not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use healer::governor::rules;
use model::policy::ActionName;
use model::remediation::Phase;

use crate::faults;
use crate::run::coverage::{Case, Coverage};

/// Where no action has been weighed yet.
const NONE: &str = "(none yet)";

/// How often remediations were seen where, while a fault lasted and for an action: the outcomes, each
/// with the rule that objected, in brackets.
type Cells = BTreeMap<String, u64>;

/// Faults against actions, rules and outcomes, and what was never seen: the blind spots.
pub fn print(coverage: &Coverage) -> String {
    let mut text = String::new();
    section(&mut text, "faults played", coverage.faults.iter());
    section(&mut text, "effects granted", coverage.effects.iter());
    section(&mut text, "rules that objected", coverage.rules().iter());
    for (fault, actions) in &rows(coverage) {
        let _ = writeln!(text, "while {fault}:");
        for (action, cells) in actions {
            let cells: Vec<String> = cells.iter().map(|(cell, count)| format!("{cell} {count}")).collect();
            let _ = writeln!(text, "    {action}: {}", cells.join(", "));
        }
    }
    for (what, never) in blind_spots(coverage) {
        let _ = writeln!(text, "{what}: {}", never.join(", "));
    }
    text
}

/// By fault and action.
fn rows(coverage: &Coverage) -> BTreeMap<&str, BTreeMap<&str, Cells>> {
    let mut rows: BTreeMap<&str, BTreeMap<&str, Cells>> = BTreeMap::new();
    for (case, count) in &coverage.cases {
        let action = if case.action.is_empty() { NONE } else { &case.action };
        let cells = rows.entry(&case.fault).or_default().entry(action).or_default();
        *cells.entry(cell(case)).or_default() += count;
    }
    rows
}

/// What there is and was never seen, each with what it is; nothing of what was seen whole.
fn blind_spots(coverage: &Coverage) -> Vec<(String, Vec<&'static str>)> {
    let seen = |of: fn(&Case) -> &str, among: &dyn Fn(&Case) -> bool| -> BTreeSet<String> {
        coverage.cases.keys().filter(|case| among(case)).map(|case| of(case).to_owned()).collect()
    };
    let missing = |all: &[&'static str], seen: &BTreeSet<String>| -> Vec<&'static str> {
        all.iter().filter(|one| !seen.contains(**one)).copied().collect()
    };
    let all_faults: Vec<&str> = faults::TABLE.iter().map(|kind| kind.name).collect();
    let all_rules: Vec<&str> = rules::TABLE.iter().map(|rule| rule.name).collect();
    let all_phases: Vec<&str> = Phase::ALL.iter().map(|phase| phase.as_str()).collect();
    let played: BTreeSet<String> = coverage.faults.keys().cloned().collect();
    let acted_on = seen(|case| &case.fault, &|case| case.outcome == Phase::Acting.as_str());
    let mut spots = vec![
        ("never played".to_owned(), missing(&all_faults, &played)),
        ("nothing was done while".to_owned(), missing(&all_faults, &acted_on)),
    ];
    for action in ActionName::ALL.map(ActionName::as_str) {
        let of_action = |case: &Case| case.action == action;
        let (rules, outcomes) = (seen(|case| &case.rule, &of_action), seen(|case| &case.outcome, &of_action));
        spots.push((format!("never objected to {action}"), missing(&all_rules, &rules)));
        spots.push((format!("never came of {action}"), missing(&all_phases, &outcomes)));
    }
    spots.retain(|(_, never)| !never.is_empty());
    spots
}

/// The outcome, and the rule that objected: `Deferred [Budget]`.
fn cell(case: &Case) -> String {
    let outcome = if case.outcome.is_empty() { "(new)" } else { &case.outcome };
    if case.rule.is_empty() { outcome.to_owned() } else { format!("{outcome} [{}]", case.rule) }
}

fn section<'a, N: std::fmt::Display + 'a>(
    text: &mut String,
    title: &str,
    counts: impl Iterator<Item = (N, &'a u64)>,
) {
    let cells: Vec<String> = counts.map(|(name, count)| format!("{name} {count}")).collect();
    let _ = writeln!(text, "{title}: {}", cells.join(", "));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_never_seen_is_named() {
        let case = |fault: &str, action: &str, rule: &str, outcome: &str| Case {
            fault: fault.to_owned(),
            action: action.to_owned(),
            rule: rule.to_owned(),
            outcome: outcome.to_owned(),
        };
        let coverage = Coverage {
            cases: [
                (case("dns", "EvictPod", "Budget", "Deferred"), 2),
                (case("dns", "EvictPod", "", "Acting"), 1),
                (case("dns", "", "", "Pending"), 1),
            ]
            .into(),
            faults: [("dns".to_owned(), 1)].into(),
            ..Coverage::default()
        };
        let text = print(&coverage);
        assert!(text.contains("while dns:\n    (none yet): Pending 1\n"), "{text}");
        assert!(text.contains("    EvictPod: Acting 1, Deferred [Budget] 2\n"), "{text}");
        let line = |start: &str| text.lines().find(|line| line.starts_with(start)).unwrap_or_default();
        assert!(!line("never played").contains("dns") && line("never played").contains("webhook"));
        assert!(!line("nothing was done while").contains("dns"));
        assert!(!line("never objected to EvictPod").contains("Budget"));
        assert!(line("never objected to DrainNode").contains("Budget"));
        assert!(line("never came of EvictPod").contains("Escalated"));
    }
}
