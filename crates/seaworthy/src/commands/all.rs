//! `seaworthy all`: the three services in one process, for small clusters.

use std::path::PathBuf;

use clap::Args;

use super::{Outcome, alerter, healer, monitor};
use crate::arguments::{Cluster, Scope};
use crate::{configuration, logging, runtime};

/// How to run them
#[derive(Args)]
pub(crate) struct Arguments {
    /// The monitor's configuration file; without it, the defaults
    #[arg(long, value_name = "FILE")]
    monitor: Option<PathBuf>,
    /// The healer's configuration file; without it, the defaults
    #[arg(long, value_name = "FILE")]
    healer: Option<PathBuf>,
    /// The alerter's configuration file
    #[arg(long, value_name = "FILE")]
    alerter: PathBuf,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    cluster: Cluster,
}

/// They speak to each other as they would in three pods, and whichever fails ends the process: whoever runs it starts all
/// of them again.
pub(super) fn run(arguments: &Arguments) -> Outcome {
    let Arguments { scope, cluster, .. } = arguments;
    let watching = configuration::monitor(arguments.monitor.as_deref())?;
    let healing = configuration::healer(arguments.healer.as_deref())?;
    logging::adopt(&watching.log.directives())?;
    runtime::serve(async |environment, drained| {
        let forks = ["monitor", "healer", "alerter"].map(|service| environment.fork(service));
        let [eyes, hands, voice] = forks.clone();
        let ended = tokio::try_join!(
            monitor::serve(watching, arguments.monitor.as_deref(), scope, cluster, eyes, drained.clone()),
            healer::serve(healing, cluster, hands, drained.clone()),
            alerter::serve(&arguments.alerter, voice, drained),
        );
        for fork in forks {
            fork.tasks().end().await;
        }
        ended.map(drop)
    })
}
