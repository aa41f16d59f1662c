//! Answers, in the form that was asked for.

mod table;

use std::io::{self, IsTerminal, Write, stdout};

use clap::{Args, ValueEnum};
use serde::Serialize;
pub(crate) use table::{Table, Tone};

use crate::logging::no_color;

/// How the answer is written
#[derive(Args, Clone, Copy)]
pub(crate) struct Output {
    /// Form of the answer
    #[arg(short = 'o', long = "output", value_enum, value_name = "FORM", default_value_t)]
    pub(crate) form: Form,
}

/// Forms of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// A table for people
    #[default]
    Table,
    /// A table with more columns
    Wide,
    /// JSON
    Json,
    /// YAML
    Yaml,
    /// Names alone, for other commands to take
    Name,
}

impl Output {
    /// Writes the value as it is where a program will read it, else the table that `table` makes of it.
    pub(crate) fn write<T: Serialize>(
        self,
        value: &T,
        table: impl FnOnce(bool) -> Table,
    ) -> anyhow::Result<()> {
        Printer::new(self).write(value, table)
    }

    /// Whether a person reads it.
    pub(crate) fn is_table(self) -> bool {
        matches!(self.form, Form::Table | Form::Wide)
    }
}

/// Writes one answer after another, as `--watch` gives them: tables go on where the last one ended.
pub(crate) struct Printer {
    output: Output,
    /// Of the columns so far; nothing before the first table.
    widths: Option<Vec<u16>>,
}

impl Printer {
    pub(crate) fn new(output: Output) -> Self {
        Self { output, widths: None }
    }

    /// Writes what is new.
    pub(crate) fn write<T: Serialize>(
        &mut self,
        value: &T,
        table: impl FnOnce(bool) -> Table,
    ) -> anyhow::Result<()> {
        match self.output.form {
            Form::Json => json(value),
            Form::Yaml if self.widths.replace(Vec::new()).is_some() => {
                print("---").and_then(|()| yaml(value))
            }
            Form::Yaml => yaml(value),
            Form::Name => print(&table(false).names()),
            Form::Table | Form::Wide => {
                let table = table(self.output.form == Form::Wide);
                if let Some(widths) = &mut self.widths {
                    return print(&table.render_on(colours(), widths));
                }
                self.widths = Some(table.widths());
                print(&table.render(colours()))
            }
        }
    }
}

/// Writes a value as JSON, with a newline at its end.
pub(crate) fn json<T: Serialize>(value: &T) -> anyhow::Result<()> {
    print(&serde_json::to_string_pretty(value)?)
}

/// Writes a value as YAML.
pub(crate) fn yaml<T: Serialize>(value: &T) -> anyhow::Result<()> {
    print(serde_saphyr::to_string(value)?.trim_end())
}

/// Writes a text and a newline. Unlike `println!` it does not panic when the reader went away.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.is_empty() {
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

/// Whether standard output shows colours.
pub(crate) fn colours() -> bool {
    io::stdout().is_terminal() && !no_color()
}
