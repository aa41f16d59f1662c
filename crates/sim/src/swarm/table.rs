//! What was covered, as a table.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::faults;
use crate::run::coverage::Coverage;

/// Faults against the rules that objected and the outcomes that came of it while they lasted, and
/// what was never seen.
pub fn print(coverage: &Coverage) -> String {
    let mut text = String::new();
    let columns: BTreeSet<String> = coverage
        .cases
        .keys()
        .flat_map(|case| [label(&case.rule), Some(case.outcome.clone())])
        .flatten()
        .collect();
    let mut rows: BTreeMap<&str, BTreeMap<String, u64>> = BTreeMap::new();
    for (case, count) in &coverage.cases {
        let row = rows.entry(&case.fault).or_default();
        for column in [label(&case.rule), Some(case.outcome.clone())].into_iter().flatten() {
            *row.entry(column).or_default() += count;
        }
    }
    section(&mut text, "faults played", coverage.faults.iter());
    section(&mut text, "effects granted", coverage.effects.iter());
    let rules = coverage.rules();
    section(&mut text, "rules that objected", rules.iter());
    for (fault, row) in &rows {
        let cells: Vec<String> =
            columns.iter().filter_map(|column| Some(format!("{column} {}", row.get(column)?))).collect();
        let _ = writeln!(text, "while {fault}: {}", cells.join(", "));
    }
    let unseen: Vec<&str> = faults::TABLE
        .iter()
        .map(|kind| kind.name)
        .filter(|name| !coverage.faults.contains_key(*name))
        .collect();
    if !unseen.is_empty() {
        let _ = writeln!(text, "never played: {}", unseen.join(", "));
    }
    text
}

fn label(rule: &str) -> Option<String> {
    (!rule.is_empty()).then(|| format!("[{rule}]"))
}

fn section<'a, N: std::fmt::Display + 'a>(
    text: &mut String,
    title: &str,
    counts: impl Iterator<Item = (N, &'a u64)>,
) {
    let cells: Vec<String> = counts.map(|(name, count)| format!("{name} {count}")).collect();
    let _ = writeln!(text, "{title}: {}", cells.join(", "));
}
