//! Findings as people read them: causes, the worst first, and their symptoms below them.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use jiff::Timestamp;
use model::Issue;
use model::age::age;
use model::issue::Key;
use model::issue::Unseen;
use monitor::Summary;

use super::{Finding, Findings};
use crate::output::{Table, Tone};

/// The table. The name of a row is its lineage, which `explain` and `ack` take.
pub(crate) fn table(findings: &[Finding], wide: bool, now: Timestamp) -> Table {
    table_or("nothing is wrong", findings, wide, now)
}

/// The table of findings where not everything was seen: then nobody can say that nothing is wrong.
pub(crate) fn table_of(findings: &Findings, wide: bool, now: Timestamp) -> Table {
    let when_empty = match (findings.unseen.is_empty(), findings.summary.pending) {
        (false, _) => "nothing was found in what could be seen",
        (true, 1..) => "nothing has been wrong for long enough to count",
        (true, 0) => "nothing is wrong",
    };
    table_or(when_empty, &findings.issues, wide, now)
}

fn table_or(when_empty: &'static str, findings: &[Finding], wide: bool, now: Timestamp) -> Table {
    let stated = findings.iter().any(|finding| finding.state.is_some());
    let mut headings = vec!["SEVERITY", "CHECK", "LINEAGE", "AGE"];
    headings.extend(stated.then_some("STATE"));
    headings.push("SUMMARY");
    if wide {
        headings.extend(["MEMBERS", "NODE", "TEAM"]);
    }
    let mut table = Table::new(&headings, when_empty);
    for (depth, Finding { issue, state }) in by_cause(findings) {
        let old = Duration::try_from(now.duration_since(issue.since)).unwrap_or_default();
        let tone = if depth == 0 { Tone::Plain } else { Tone::Faint };
        let indent = if depth == 0 { String::new() } else { format!("{}└ ", "  ".repeat(depth - 1)) };
        let mut cells = vec![
            (issue.severity.to_string(), if depth == 0 { issue.severity.into() } else { tone }),
            (format!("{indent}{}", issue.code), tone),
            (issue.lineage.to_string(), tone),
            (age(old), Tone::Faint),
        ];
        if stated {
            cells.push((state.clone().unwrap_or_default(), tone));
        }
        cells.extend([
            (what(issue).to_owned(), tone),
            ((issue.members.len() + issue.members_omitted).to_string(), tone),
            (issue.routing.node.clone(), tone),
            (issue.routing.team.clone(), tone),
        ]);
        table.row(issue.lineage.to_string(), cells);
    }
    table
}

/// The summary without the name of the lineage, which has a column of its own.
fn what(issue: &Issue) -> &str {
    let summary = issue.summary.as_str();
    let Some((subject, rest)) = summary.split_once(": ") else { return summary };
    let said: String = subject.chars().map(|char| if char == ' ' { '/' } else { char }).collect();
    if said == issue.lineage.to_string() { rest } else { summary }
}

/// What stands below the table.
pub(crate) fn footer(findings: &Findings) -> String {
    let Summary { critical, warning, info, folded, pending } = findings.summary;
    let mut text = format!("{critical} critical, {warning} warning, {info} info");
    if folded > 0 {
        let _ = write!(text, "; {folded} of them explained by others");
    }
    match pending {
        0 => {}
        1 => text.push_str("; 1 trouble has not lasted long enough to count"),
        _ => {
            let _ = write!(text, "; {pending} troubles have not lasted long enough to count");
        }
    }
    let mut unseen = BTreeMap::<&str, Vec<&str>>::new();
    for Unseen { check, reason } in &findings.unseen {
        unseen.entry(reason).or_default().push(check);
    }
    for (reason, checks) in unseen {
        let _ = write!(text, "\nnot seen, {reason}: {}", checks.join(", "));
    }
    if !findings.unseen.is_empty() {
        text.push_str("\n`seaworthy rbac` prints the rights that it takes to see everything");
    }
    text
}

/// Each issue with its depth below its cause.
fn by_cause(findings: &[Finding]) -> Vec<(usize, &Finding)> {
    let known: BTreeMap<Key, &Finding> =
        findings.iter().map(|finding| (finding.issue.key(), finding)).collect();
    let (mut roots, mut symptoms) = (Vec::new(), BTreeMap::<Key, Vec<&Finding>>::new());
    for finding in known.values().copied() {
        let cause = finding
            .issue
            .cause
            .as_ref()
            .map(|cause| Key { lineage: cause.lineage.clone(), code: cause.code.clone() });
        match cause {
            // A cause outside of the namespace that was asked for has no line of its own.
            Some(cause) if known.contains_key(&cause) => symptoms.entry(cause).or_default().push(finding),
            _ => roots.push(finding),
        }
    }
    roots.sort_by_key(|finding| Reverse(finding.issue.severity));
    let mut rows = Vec::with_capacity(findings.len());
    let mut open: Vec<(usize, &Finding)> = roots.into_iter().rev().map(|finding| (0, finding)).collect();
    while let Some((depth, finding)) = open.pop() {
        rows.push((depth, finding));
        // Taken out, so that even a circle ends.
        let below = symptoms.remove(&finding.issue.key()).unwrap_or_default();
        open.extend(below.into_iter().rev().map(|symptom| (depth + 1, symptom)));
    }
    rows
}

#[cfg(test)]
mod tests {
    use model::issue::{Cause, Evidence, Routing};
    use model::{Issue, Lineage, ObjectRef, Severity};

    use super::super::Finding;
    use super::{by_cause, what};

    fn issue(code: &str, name: &str, severity: Severity, cause: Option<(&str, &str)>) -> Finding {
        let lineage = |name: &str| Lineage::namespaced("Deployment", "shop", name);
        let issue = Issue {
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
        };
        Finding { issue, state: None }
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
            .map(|(d, i)| (d, i.issue.code.as_str(), i.issue.lineage.name.as_str()))
            .collect();
        assert_eq!(rows, [(0, "Rollout", "b"), (1, "Pods", "b"), (0, "Pods", "a"), (0, "Pods", "c")]);
    }

    #[test]
    fn a_summary_does_not_repeat_the_lineage() {
        let mut web = issue("Pods", "web", Severity::Info, None).issue;
        for (summary, expected) in [
            ("Deployment shop/web: it hangs: badly", "it hangs: badly"),
            ("Deployment shop/other: it hangs", "Deployment shop/other: it hangs"),
            ("it hangs", "it hangs"),
        ] {
            web.summary = summary.into();
            assert_eq!(what(&web), expected);
        }
    }
}
