//! Tables as kubectl prints them: no lines, columns aligned, as wide as they need to be.

use std::collections::BTreeSet;

use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Width, presets};
use model::Severity;

/// What stands around the content of a cell: a space on each side.
const PADDING: u16 = 2;

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
    rows: Vec<Row>,
    when_empty: &'static str,
}

struct Row {
    name: String,
    cells: Vec<(String, Tone)>,
}

impl Table {
    /// `when_empty` is what a person reads instead of a table without rows.
    pub(crate) fn new(headings: &[&'static str], when_empty: &'static str) -> Self {
        Self { headings: headings.to_vec(), rows: Vec::new(), when_empty }
    }

    /// A row; `name` is what `-o name` prints of it. Cells beyond the headings are for wide tables.
    pub(crate) fn row(&mut self, name: String, cells: Vec<(String, Tone)>) {
        self.rows.push(Row { name, cells });
    }

    /// The names of the rows, each once.
    pub(crate) fn names(&self) -> String {
        let mut seen = BTreeSet::new();
        let names: Vec<&str> =
            self.rows.iter().map(|row| row.name.as_str()).filter(|name| seen.insert(*name)).collect();
        names.join("\n")
    }

    /// The whole table.
    pub(crate) fn render(&self, colours: bool) -> String {
        if self.rows.is_empty() { self.when_empty.to_owned() } else { text(&self.styled(colours, true)) }
    }

    /// The rows alone, as the continuation of a table with columns of these widths, which grow with them.
    pub(crate) fn render_on(&self, colours: bool, widths: &mut Vec<u16>) -> String {
        let mut table = self.styled(colours, false);
        widths.resize(self.headings.len(), 0);
        let grown = table.column_max_content_widths();
        for (width, (column, grown)) in widths.iter_mut().zip(table.column_iter_mut().zip(grown)) {
            *width = (*width).max(grown);
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(*width + PADDING)));
        }
        text(&table)
    }

    /// How wide the columns are.
    pub(crate) fn widths(&self) -> Vec<u16> {
        self.styled(false, true).column_max_content_widths()
    }

    fn styled(&self, colours: bool, headings: bool) -> comfy_table::Table {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        if colours {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        if headings {
            table.set_header(
                self.headings.iter().map(|heading| Cell::new(heading).add_attribute(Attribute::Bold)),
            );
        }
        for row in &self.rows {
            table.add_row(row.cells.iter().take(self.headings.len()).map(|(text, tone)| cell(text, *tone)));
        }
        table
    }
}

fn text(table: &comfy_table::Table) -> String {
    table.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>().join("\n")
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

    fn table(rows: &[(&str, &str)]) -> Table {
        let mut table = Table::new(&["NAME", "AGE"], "nothing");
        for (name, age) in rows {
            let cells = [*name, *age, "wide"].map(|text| (text.to_owned(), Tone::Bad));
            table.row((*name).to_owned(), cells.into());
        }
        table
    }

    fn lines(text: &str) -> Vec<&str> {
        text.lines().map(str::trim_end).collect()
    }

    #[test]
    fn columns_align_and_extra_cells_are_for_wide_tables() {
        assert_eq!(table(&[]).render(false), "nothing");
        let table = table(&[("web", "5s"), ("database", "2d")]);
        assert_eq!(lines(&table.render(false)), ["NAME      AGE", "web       5s", "database  2d"]);
        assert!(table.render(true).contains('\x1b'));
    }

    #[test]
    fn a_continuation_keeps_the_columns() {
        let mut widths = table(&[("database", "2d")]).widths();
        assert_eq!(table(&[("web", "5s")]).render_on(false, &mut widths), "web       5s");
        assert_eq!(table(&[("a-long-name", "5s")]).render_on(false, &mut widths), "a-long-name  5s");
        assert_eq!(table(&[("web", "5s")]).render_on(false, &mut widths), "web          5s");
    }

    #[test]
    fn names_are_told_once() {
        assert_eq!(table(&[("web", "5s"), ("db", "5s"), ("web", "6s")]).names(), "web\ndb");
    }
}
