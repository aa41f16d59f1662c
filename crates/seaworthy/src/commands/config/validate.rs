//! `seaworthy config validate FILE…`

use std::path::PathBuf;

use clap::Args;

use crate::commands::Outcome;
use crate::exit::Exit;
use crate::{configuration, output, runtime};

/// Which files
#[derive(Args)]
pub(crate) struct Arguments {
    /// Configuration files of any kind
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// All files are looked at, so that a person mends everything in one go.
pub(super) fn run(arguments: &Arguments) -> Outcome {
    runtime::block_on(validate(&arguments.files))
}

async fn validate(files: &[PathBuf]) -> Outcome {
    let mut exit = Exit::Fine;
    for file in files {
        match configuration::load(file).await {
            Ok(configuration) => {
                output::print(&format!("{}: fine, {}", file.display(), configuration.what()))?;
            }
            Err(failure) => {
                eprintln!("error: {failure}");
                exit = failure.exit;
            }
        }
    }
    Ok(exit)
}
