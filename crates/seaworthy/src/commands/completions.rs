//! `seaworthy completions SHELL`

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Outcome;
use crate::exit::Exit;
use crate::output;

/// Which shell
#[derive(Args)]
pub(crate) struct Arguments {
    /// The shell to print completions for
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let mut script = Vec::new();
    let mut command = crate::arguments::Arguments::command();
    clap_complete::generate(arguments.shell, &mut command, "seaworthy", &mut script);
    output::print(String::from_utf8_lossy(&script).trim_end())?;
    Ok(Exit::Fine)
}
