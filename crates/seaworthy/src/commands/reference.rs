//! `seaworthy reference`: every command and option as Markdown, for docs/cli.md.

use std::fmt::Write;

use clap::builder::StyledStr;
use clap::{Arg, Command, CommandFactory};

use super::Outcome;
use crate::arguments::Arguments;
use crate::exit::Exit;
use crate::output;

pub(super) fn run() -> Outcome {
    let mut command = Arguments::command();
    command.build();
    let mut page = String::from(
        "# Commands\n\nMade by `cargo xtask docs` from the program's own help; a test keeps it current.\n",
    );
    section(&command, "", &mut page)?;
    output::print(page.trim_end())?;
    Ok(Exit::Fine)
}

fn section(command: &Command, parents: &str, page: &mut String) -> Result<(), std::fmt::Error> {
    let name = format!("{parents}{}", command.get_name());
    writeln!(page, "\n## {name}\n\n{}", text(command.get_long_about().or(command.get_about())))?;
    let usage = command.clone().render_usage().to_string();
    writeln!(page, "\n```\n{}\n```", usage.trim_start_matches("Usage: ").trim())?;
    let own: Vec<&Arg> = command.get_arguments().filter(|arg| shown(arg, parents)).collect();
    if !own.is_empty() {
        writeln!(page, "\n| Option | Meaning |\n|---|---|")?;
        for arg in own {
            writeln!(page, "| `{}` | {} |", spelling(arg), meaning(arg))?;
        }
    }
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
        section(sub, &format!("{name} "), page)?;
    }
    Ok(())
}

/// Global options stand once, at the top.
fn shown(arg: &Arg, parents: &str) -> bool {
    !arg.is_hide_set() && arg.get_id() != "help" && (parents.is_empty() || !arg.is_global_set())
}

fn spelling(arg: &Arg) -> String {
    let value = arg.get_value_names().map(|names| names.join(" ")).unwrap_or_default();
    let takes = arg.get_action().takes_values();
    match (arg.get_short(), arg.get_long()) {
        (None, None) => value,
        (short, long) => {
            let flags = [short.map(|c| format!("-{c}")), long.map(|name| format!("--{name}"))];
            let flags = flags.into_iter().flatten().collect::<Vec<_>>().join(", ");
            if takes { format!("{flags} {value}") } else { flags }
        }
    }
}

fn meaning(arg: &Arg) -> String {
    let mut meaning = text(arg.get_help());
    let choices: Vec<String> =
        arg.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect();
    if arg.get_action().takes_values() && !choices.is_empty() {
        let _ = write!(meaning, " ({})", choices.join(", "));
    }
    let defaults: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if arg.get_action().takes_values() && !defaults.is_empty() {
        let _ = write!(meaning, "; default `{}`", defaults.join(","));
    }
    if let Some(variable) = arg.get_env() {
        let _ = write!(meaning, "; from `{}`", variable.display());
    }
    meaning
}

fn text(styled: Option<&StyledStr>) -> String {
    styled.map(|text| text.to_string().replace('|', "\\|")).unwrap_or_default()
}
