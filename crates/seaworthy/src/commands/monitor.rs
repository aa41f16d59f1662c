//! `seaworthy monitor`

use std::path::{Path, PathBuf};

use clap::Args;
use environment::{Drained, Environment};
use model::config::monitor::MonitorConfig;
use monitor::{Error, Options};

use super::Outcome;
use crate::arguments::{Cluster, Scope};
use crate::exit::Failure;
use crate::{configuration, connect, logging, runtime};

/// How to run it
#[derive(Args)]
pub(crate) struct Arguments {
    /// The monitor's configuration file; without it, the defaults
    #[arg(long, value_name = "FILE", env = "SEAWORTHY_CONFIG", hide_env_values = true)]
    config: Option<PathBuf>,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    cluster: Cluster,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let config = configuration::monitor(arguments.config.as_deref())?;
    logging::adopt(&config.log.directives())?;
    runtime::serve(async |environment, drained| {
        let file = arguments.config.as_deref();
        serve(config, file, &arguments.scope, &arguments.cluster, environment, drained).await
    })
}

/// Runs the monitor until the drain. An API server that is away is waited for.
pub(super) async fn serve(
    config: MonitorConfig,
    file: Option<&Path>,
    scope: &Scope,
    cluster: &Cluster,
    environment: Environment,
    drained: Drained,
) -> Result<(), Failure> {
    let client = connect::open(cluster).await?.client;
    let options = Options { config, file: file.map(Path::to_owned), namespace: scope.namespace.clone() };
    monitor::serve(options, environment, client, drained).await.map_err(|error| match error {
        Error::Tls(_) | Error::Endpoint { .. } => Failure::configuration(error),
        other => other.into(),
    })
}
