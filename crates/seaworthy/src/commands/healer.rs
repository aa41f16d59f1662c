//! `seaworthy healer`

use std::path::{Path, PathBuf};

use clap::Args;
use environment::{Drained, Environment};
use healer::{Error, Options, Surroundings};
use model::config::healer::HealerConfig;
use rand::Rng;

use super::Outcome;
use crate::arguments::Cluster;
use crate::exit::Failure;
use crate::{configuration, connect, logging, runtime};

/// How to run it
#[derive(Args)]
pub(crate) struct Arguments {
    /// The healer's configuration file; without it, the defaults
    #[arg(long, value_name = "FILE", env = "SEAWORTHY_CONFIG", hide_env_values = true)]
    config: Option<PathBuf>,
    #[command(flatten)]
    cluster: Cluster,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let config = configuration::healer(arguments.config.as_deref())?;
    logging::adopt(logging::SERVICE)?;
    runtime::serve(async |environment, drained| {
        let file = arguments.config.as_deref();
        serve(config, file, &arguments.cluster, environment, drained).await
    })
}

/// Runs the healer until the drain. An API server that is away is waited for.
pub(super) async fn serve(
    config: HealerConfig,
    file: Option<&Path>,
    cluster: &Cluster,
    environment: Environment,
    drained: Drained,
) -> Result<(), Failure> {
    let connection = connect::open(cluster).await?;
    let incarnation = format!("{:016x}", environment.rng("incarnation").next_u64());
    let version = env!("CARGO_PKG_VERSION");
    let file = file.map(Path::to_owned);
    let options = Options { config, file, version, incarnation, surroundings: surroundings() };
    healer::service::serve(options, environment, &connection, drained).await.map_err(|error| match error {
        Error::Config(_) | Error::PolicyFile { .. } | Error::Tls(_) | Error::Alerter { .. } => {
            Failure::configuration(error)
        }
        other => other.into(),
    })
}

/// What the manifests, and Kubernetes itself, tell a container.
fn surroundings() -> Surroundings {
    let told = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    Surroundings {
        instance: told("POD_NAME").or_else(|| told("HOSTNAME")).unwrap_or_default(),
        namespace: told("POD_NAMESPACE").unwrap_or_default(),
        node: told("NODE_NAME").unwrap_or_default(),
        is_in_cluster: told("KUBERNETES_SERVICE_HOST").is_some(),
    }
}
