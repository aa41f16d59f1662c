//! `seaworthy config`: what configuration files say, and whether they can be used.

mod show;
mod validate;

use clap::{Args, Subcommand};

use super::Outcome;

/// What to do with configuration files
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// What to do with configuration files.
#[derive(Subcommand)]
enum Command {
    /// Say whether files can be used, and if not, what is wrong and where
    Validate(validate::Arguments),
    /// Print a file with everything that it leaves to defaults
    Show(show::Arguments),
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    match &arguments.command {
        Command::Validate(arguments) => validate::run(arguments),
        Command::Show(arguments) => show::run(arguments),
    }
}
