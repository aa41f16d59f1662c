//! Tables as kubectl prints them: no lines, columns aligned, as wide as they need to be.

use comfy_table::{Attribute, Cell, Color, ContentArrangement, presets};
use model::Severity;

/// How a cell is to be read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Faint,
    Good,
    Warning,
    Bad,
}

impl From<Severity> for Tone {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Info => Self::Plain,
            Severity::Warning => Self::Warning,
            Severity::Critical => Self::Bad,
        }
    }
}

/// Rows of cells under headings.
pub(crate) struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<(String, Tone)>>,
    when_empty: &'static str,
}

impl Table {
    /// `when_empty` is what a person reads instead of a table without rows.
    pub(crate) fn new(headings: &[&'static str], when_empty: &'static str) -> Self {
        Self { headings: headings.to_vec(), rows: Vec::new(), when_empty }
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [(String, Tone); N]) {
        self.rows.push(cells.into());
    }

    pub(crate) fn render(&self, colours: bool) -> String {
        if self.rows.is_empty() {
            return self.when_empty.to_owned();
        }
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        if colours {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        table.set_header(
            self.headings.iter().map(|heading| Cell::new(heading).add_attribute(Attribute::Bold)),
        );
        for row in &self.rows {
            table.add_row(row.iter().take(self.headings.len()).map(|(text, tone)| cell(text, *tone)));
        }
        table.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>().join("\n")
    }
}

fn cell(text: &str, tone: Tone) -> Cell {
    let cell = Cell::new(text);
    match tone {
        Tone::Plain => cell,
        Tone::Faint => cell.add_attribute(Attribute::Dim),
        Tone::Good => cell.fg(Color::Green),
        Tone::Warning => cell.fg(Color::Yellow),
        Tone::Bad => cell.fg(Color::Red),
    }
}

#[cfg(test)]
mod tests {
    use super::{Table, Tone};

    #[test]
    fn columns_align_and_extra_cells_are_for_wide_tables() {
        let mut table = Table::new(&["NAME", "AGE"], "nothing");
        assert_eq!(table.render(false), "nothing");
        table.row([("web".into(), Tone::Plain), ("5s".into(), Tone::Faint), ("wide".into(), Tone::Plain)]);
        table.row([("database".into(), Tone::Bad), ("2d".into(), Tone::Faint), ("wide".into(), Tone::Plain)]);
        let lines: Vec<String> = table.render(false).lines().map(|l| l.trim_end().to_owned()).collect();
        assert_eq!(lines, ["NAME      AGE", "web       5s", "database  2d"]);
        assert!(table.render(true).contains('\x1b'));
    }
}
