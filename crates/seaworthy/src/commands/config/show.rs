//! `seaworthy config show FILE`: what a service makes of it. Secrets are named by files, so there are none to hide.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::commands::Outcome;
use crate::exit::Exit;
use crate::{configuration, output, runtime};

/// Which file
#[derive(Args)]
pub(crate) struct Arguments {
    /// A configuration file of any kind
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Form of the answer
    #[arg(short = 'o', long = "output", value_enum, value_name = "FORM", default_value_t)]
    form: Form,
}

/// Forms of a configuration.
#[derive(Clone, Copy, Default, ValueEnum)]
enum Form {
    /// YAML, as a service reads it
    #[default]
    Yaml,
    /// JSON
    Json,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let configuration = runtime::block_on(configuration::load(&arguments.file))?;
    match arguments.form {
        Form::Yaml => output::yaml(&configuration)?,
        Form::Json => output::json(&configuration)?,
    }
    Ok(Exit::Fine)
}
