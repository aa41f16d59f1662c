//! `seaworthy all`: the three services in one process, for small clusters.

mod identities;
mod together;

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

/// They speak to each other as they would in three pods. All files are read before anything starts.
pub(super) fn run(arguments: &Arguments) -> Outcome {
    let Arguments { scope, cluster, .. } = arguments;
    let mut watching = configuration::monitor(arguments.monitor.as_deref())?;
    let mut healing = configuration::healer(arguments.healer.as_deref())?;
    logging::adopt(&watching.log.directives())?;
    runtime::serve(async |environment, drained| {
        let mut telling = alerter::read(&arguments.alerter).await?;
        identities::provide(&environment, &mut watching, &mut healing, &mut telling)?;
        let forks = ["monitor", "healer", "alerter"].map(|service| environment.fork(service));
        let [eyes, hands, voice] = forks.clone();
        // On the heap: the three together are a large future.
        let ended = Box::pin(together::run(
            drained,
            async |drained| {
                monitor::serve(watching, arguments.monitor.as_deref(), scope, cluster, eyes, drained).await
            },
            async |drained| {
                healer::serve(healing, arguments.healer.as_deref(), cluster, hands, drained).await
            },
            async |drained| alerter::serve(telling, voice, drained).await,
        ))
        .await;
        for fork in forks {
            fork.tasks().end().await;
        }
        ended
    })
}
