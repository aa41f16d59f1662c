//! The table at the end, and the one line that machines read.

use super::tally::Tally;
use crate::stopwatch::readable;
use std::fmt;
use std::time::Duration;

/// One step's line.
#[derive(Default)]
pub(super) struct Row {
    pub(super) stage: &'static str,
    pub(super) step: String,
    pub(super) took: Duration,
    pub(super) tally: Tally,
    pub(super) notes: Vec<String>,
}

/// All steps that ran or were skipped.
#[derive(Default)]
pub(super) struct Report {
    rows: Vec<Row>,
}

impl Report {
    pub(super) fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    pub(super) fn failed(&self) -> u64 {
        self.rows.iter().map(|row| row.tally.failed).sum()
    }

    /// Whether something was shown, and nothing failed.
    pub(super) fn good(&self) -> bool {
        self.failed() == 0 && self.rows.iter().any(|row| row.tally != Tally::default())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sum = Tally::default();
        let width = self.rows.iter().map(|row| row.step.len()).max().unwrap_or(0).max(4);
        writeln!(
            f,
            "\n{:<8} {:<width$} {:>7} {:>7} {:>8}  took",
            "stage", "step", "passed", "failed", "skipped"
        )?;
        for Row { stage, step, took, tally, notes } in &self.rows {
            let Tally { passed, failed, skipped } = tally;
            let took = readable(*took);
            writeln!(f, "{stage:<8} {step:<width$} {passed:>7} {failed:>7} {skipped:>8}  {took}")?;
            for note in notes {
                writeln!(f, "         · {note}")?;
            }
            sum += *tally;
        }
        writeln!(f, "\n{sum}")
    }
}

#[cfg(test)]
mod tests {
    use super::{Report, Row};
    use crate::test::tally::Tally;

    #[test]
    fn ends_with_the_sum_alone_on_a_line() {
        let mut report = Report::default();
        let tally = |passed, failed, skipped| Tally { passed, failed, skipped };
        report.add(Row { stage: "lint", step: "format".into(), tally: tally(1, 0, 0), ..Row::default() });
        assert!(report.good());
        report.add(Row { stage: "unit", step: "tests".into(), tally: tally(10, 2, 3), ..Row::default() });
        assert!(!report.good());
        assert_eq!(report.to_string().lines().last(), Some("11 passed, 2 failed, 3 skipped"));
    }
}
