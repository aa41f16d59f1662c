//! `seaworthy alerter`

use std::path::{Path, PathBuf};

use alerter::{Error, Options, Service};
use clap::Args;
use environment::{Drained, Environment};

use super::Outcome;
use crate::exit::Failure;
use crate::{logging, runtime};

/// How to run it
#[derive(Args)]
pub(crate) struct Arguments {
    /// The alerter's configuration file
    #[arg(long, value_name = "FILE", env = "SEAWORTHY_CONFIG", hide_env_values = true)]
    config: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    logging::adopt(logging::SERVICE)?;
    runtime::serve(async |environment, drained| {
        serve(read(&arguments.config).await?, environment, drained).await
    })
}

/// Reads the configuration file.
pub(super) async fn read(file: &Path) -> Result<Options, Failure> {
    Options::read(file).await.map_err(failure)
}

/// Runs the alerter until the drain.
pub(super) async fn serve(
    options: Options,
    environment: Environment,
    drained: Drained,
) -> Result<(), Failure> {
    let service = Service::open(options, &environment).await.map_err(failure)?;
    service.run(drained).await.map_err(failure)
}

fn failure(error: Error) -> Failure {
    match error {
        Error::Config(_) | Error::Alertmanager(_) | Error::File { .. } | Error::Tls(_) => {
            Failure::configuration(error)
        }
        other => other.into(),
    }
}
