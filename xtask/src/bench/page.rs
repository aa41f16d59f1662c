//! The table, and its place in docs/benchmarks.md. What stands around the tables is written by people and stays.

use crate::tree;
use anyhow::{Context, Result, bail};
use std::fs;

/// How a figure is shown.
#[derive(Clone, Copy)]
pub(super) enum Unit {
    /// Bytes, shown as MB.
    Bytes,
    Seconds,
    /// Seconds, shown as ms.
    Millis,
    /// So many times another figure.
    Times,
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Self::Bytes => format!("{:.0} MB", value / 1e6),
            Self::Seconds => format!("{value:.1} s"),
            Self::Millis => format!("{:.1} ms", value * 1e3),
            Self::Times => format!("{value:.2}"),
        }
    }
}

/// One line: a figure, that of the other program where there is one, their ratio, and what it is to be.
pub(super) struct Line {
    what: &'static str,
    ours: String,
    theirs: String,
    ratio: String,
    target: String,
    /// What the target is about: the ratio where there is one, else our figure.
    judged: f64,
    is_met: Option<bool>,
}

impl Line {
    /// A figure of both programs, judged by its ratio.
    pub(super) fn beside(what: &'static str, unit: Unit, ours: f64, theirs: f64) -> Self {
        let ratio = ours / theirs;
        let mut line = Self::alone(what, unit, ours);
        (line.theirs, line.ratio, line.judged) = (unit.show(theirs), readable(ratio), ratio);
        line
    }

    /// A figure of ours alone.
    pub(super) fn alone(what: &'static str, unit: Unit, ours: f64) -> Self {
        let ours_shown = unit.show(ours);
        Self {
            what,
            ours: ours_shown,
            theirs: String::new(),
            ratio: String::new(),
            target: String::new(),
            judged: ours,
            is_met: None,
        }
    }

    /// What it is to be at most, and how that is written.
    pub(super) fn at_most(mut self, limit: f64, shown: &str) -> Self {
        self.target = format!("≤ {shown}");
        self.is_met = Some(self.judged <= limit);
        self
    }

    /// Whether a target is missed. A figure that is missing misses its target too.
    pub(super) fn is_missed(&self) -> bool {
        self.is_met == Some(false)
    }

    fn written(&self) -> String {
        let Self { what, ours, theirs, ratio, target, .. } = self;
        let verdict = match self.is_met {
            None => "",
            Some(true) => "met",
            Some(false) => "**missed**",
        };
        format!("| {what} | {ours} | {theirs} | {ratio} | {target} | {verdict} |\n")
    }
}

/// The table of these lines.
pub(super) fn table(ours: &str, theirs: &str, lines: &[Line]) -> String {
    let head = format!("| | {ours} | {theirs} | ratio | target | |\n|---|---|---|---|---|---|\n");
    lines.iter().fold(head, |table, line| table + &line.written())
}

/// `1/23.4` under one half, `1.40` above.
fn readable(ratio: f64) -> String {
    if ratio < 0.5 { format!("1/{:.1}", 1.0 / ratio) } else { format!("{ratio:.2}") }
}

/// Puts a table between its marks in docs/benchmarks.md.
pub(super) fn publish(name: &str, table: &str) -> Result<()> {
    let path = tree::root().join("docs/benchmarks.md");
    let page = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let Some(page) = replaced(&page, name, table) else {
        bail!("{} has no marks for {name}", path.display());
    };
    fs::write(&path, page).with_context(|| format!("cannot write {}", path.display()))
}

fn replaced(page: &str, name: &str, table: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- begin {name} -->\n"), format!("<!-- end {name} -->"));
    let (before, rest) = page.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n{table}\n{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::{Line, Unit, replaced, table};

    #[test]
    fn a_missed_target_is_said() {
        let lines = [
            Line::beside("memory", Unit::Bytes, 90e6, 1.5e9).at_most(1.0 / 15.0, "1/15"),
            Line::beside("time", Unit::Seconds, 20.0, 10.0).at_most(1.0, "1"),
            Line::alone("peak", Unit::Times, 1.1).at_most(1.2, "1.2"),
            Line::beside("lost", Unit::Millis, f64::NAN, 0.01).at_most(1.5, "1.5"),
            Line::beside("other", Unit::Millis, 0.02, 0.01),
        ];
        let table = table("ours", "theirs", &lines);
        for expected in [
            "| memory | 90 MB | 1500 MB | 1/16.7 | ≤ 1/15 | met |",
            "| time | 20.0 s | 10.0 s | 2.00 | ≤ 1 | **missed** |",
            "| peak | 1.10 |  |  | ≤ 1.2 | met |",
            "| ≤ 1.5 | **missed** |",
            "| other | 20.0 ms | 10.0 ms | 2.00 |  |  |",
        ] {
            assert!(table.contains(expected), "{expected} is not in:\n{table}");
        }
        assert_eq!(lines.iter().filter(|line| line.is_missed()).count(), 2);
    }

    #[test]
    fn what_stands_around_the_marks_stays() {
        let page = "before\n<!-- begin a -->\nold\n<!-- end a -->\nafter\n";
        let expected = "before\n<!-- begin a -->\n\nnew\n\n<!-- end a -->\nafter\n";
        assert_eq!(replaced(page, "a", "new\n").as_deref(), Some(expected));
        assert_eq!(replaced(expected, "a", "new\n").as_deref(), Some(expected));
        assert_eq!(replaced(page, "b", "new\n"), None);
    }
}
