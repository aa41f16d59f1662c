//! `seaworthy config show FILE`: what a service makes of it. Secrets are named by files, so there are none to hide.

use std::path::PathBuf;

use clap::Args;

use crate::commands::Outcome;
use crate::exit::Exit;
use crate::{configuration, output, runtime};

/// Which file
#[derive(Args)]
pub(crate) struct Arguments {
    /// A configuration file of any kind
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print JSON instead of YAML
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let configuration = runtime::block_on(configuration::load(&arguments.file))?;
    if arguments.json {
        output::json(&configuration)?;
    } else {
        output::yaml(&configuration)?;
    }
    Ok(Exit::Fine)
}
