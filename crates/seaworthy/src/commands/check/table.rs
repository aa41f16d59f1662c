//! The report as people read it: causes, the worst first, and their symptoms below them.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use model::Issue;
use model::issue::Key;
use monitor::{Report, Summary, Unseen};

use crate::output::{Table, Tone, age};

/// The table.
pub(super) fn of(report: &Report, wide: bool, now: Timestamp) -> Table {
    let narrow = ["SEVERITY", "CHECK", "LINEAGE", "AGE", "SUMMARY"];
    let all = ["SEVERITY", "CHECK", "LINEAGE", "AGE", "SUMMARY", "MEMBERS", "NODE", "TEAM"];
    let mut table = Table::new(if wide { &all } else { &narrow }, "nothing is wrong");
    for (depth, issue) in by_cause(&report.issues) {
        let old = Duration::try_from(now.duration_since(issue.since)).unwrap_or_default();
        let tone = if depth == 0 { Tone::Plain } else { Tone::Faint };
        let indent = if depth == 0 { String::new() } else { format!("{}└ ", "  ".repeat(depth - 1)) };
        table.row([
            (issue.severity.to_string(), if depth == 0 { issue.severity.into() } else { tone }),
            (format!("{indent}{}", issue.code), tone),
            (issue.lineage.to_string(), tone),
            (age(old), Tone::Faint),
            (issue.summary.clone(), tone),
            ((issue.members.len() + issue.members_omitted).to_string(), tone),
            (issue.routing.node.clone(), tone),
            (issue.routing.team.clone(), tone),
        ]);
    }
    table
}

/// What stands below the table.
pub(super) fn footer(report: &Report) -> String {
    let Summary { critical, warning, info, folded, pending } = report.summary;
    let mut text = format!("{critical} critical, {warning} warning, {info} info");
    if folded > 0 {
        let _ = write!(text, "; {folded} of them explained by others");
    }
    if pending > 0 {
        let _ = write!(text, "; {pending} troubles have not lasted long enough to count");
    }
    for Unseen { check, reason } in &report.unseen {
        let _ = write!(text, "\nnot seen: {check}: {reason}");
    }
    text
}

/// Each issue with its depth below its cause.
fn by_cause(issues: &[Arc<Issue>]) -> Vec<(usize, &Issue)> {
    let known: BTreeMap<Key, &Issue> = issues.iter().map(|issue| (issue.key(), &**issue)).collect();
    let (mut roots, mut symptoms) = (Vec::new(), BTreeMap::<Key, Vec<&Issue>>::new());
    for issue in known.values().copied() {
        let cause = issue
            .cause
            .as_ref()
            .map(|cause| Key { lineage: cause.lineage.clone(), code: cause.code.clone() });
        match cause {
            // A cause outside of the namespace that was asked for has no line of its own.
            Some(cause) if known.contains_key(&cause) => symptoms.entry(cause).or_default().push(issue),
            _ => roots.push(issue),
        }
    }
    roots.sort_by_key(|issue| Reverse(issue.severity));
    let mut rows = Vec::with_capacity(issues.len());
    let mut open: Vec<(usize, &Issue)> = roots.into_iter().rev().map(|issue| (0, issue)).collect();
    while let Some((depth, issue)) = open.pop() {
        rows.push((depth, issue));
        // Taken out, so that even a circle ends.
        let below = symptoms.remove(&issue.key()).unwrap_or_default();
        open.extend(below.into_iter().rev().map(|symptom| (depth + 1, symptom)));
    }
    rows
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use model::issue::{Cause, Evidence, Routing};
    use model::{Issue, Lineage, ObjectRef, Severity};

    use super::by_cause;

    fn issue(code: &str, name: &str, severity: Severity, cause: Option<(&str, &str)>) -> Arc<Issue> {
        let lineage = |name: &str| Lineage::namespaced("Deployment", "shop", name);
        Arc::new(Issue {
            code: code.into(),
            severity,
            lineage: lineage(name),
            subject: ObjectRef::namespaced("Deployment", "shop", name, ""),
            members: Vec::new(),
            members_omitted: 0,
            since: "2026-01-01T00:00:00Z".parse().expect("a time"),
            summary: String::new(),
            evidence: Evidence::new(),
            cause: cause.map(|(code, name)| Cause {
                kind: "Deployment".into(),
                namespace: "shop".into(),
                name: name.into(),
                code: code.into(),
                lineage: lineage(name),
            }),
            routing: Routing::default(),
        })
    }

    #[test]
    fn symptoms_stand_below_their_cause_and_the_worst_cause_first() {
        let issues = [
            issue("Pods", "a", Severity::Warning, None),
            issue("Pods", "b", Severity::Critical, Some(("Rollout", "b"))),
            issue("Rollout", "b", Severity::Critical, None),
            issue("Pods", "c", Severity::Info, Some(("Elsewhere", "z"))),
        ];
        let rows: Vec<(usize, &str, &str)> = by_cause(&issues)
            .into_iter()
            .map(|(d, i)| (d, i.code.as_str(), i.lineage.name.as_str()))
            .collect();
        assert_eq!(rows, [(0, "Rollout", "b"), (1, "Pods", "b"), (0, "Pods", "a"), (0, "Pods", "c")]);
    }
}
