//! `seaworthy check`: one look over a cluster, with the monitor's own engine.

mod progress;

use std::path::PathBuf;

use clap::Args;
use monitor::PassOptions;

use super::Outcome;
use crate::arguments::{Cluster, Scope};
use crate::findings::{self, Findings};
use crate::output::{self, Output};
use crate::{clock, configuration, connect, logging, runtime};
use progress::Bar;

/// What to look at
#[derive(Args)]
pub(crate) struct Arguments {
    /// A monitor's configuration file, for its thresholds; without it, the defaults
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    cluster: Cluster,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let config = configuration::monitor(arguments.config.as_deref())?;
    // What cannot be seen is part of the answer.
    logging::adopt("error")?;
    runtime::block_on(async {
        let client = connect::to(&arguments.cluster).await?.client;
        let environment = clock::of_cluster(&client).await?;
        if let Some(namespace) = &arguments.scope.namespace {
            connect::expect_namespace(&client, namespace).await?;
        }
        let options = PassOptions { config, namespace: arguments.scope.namespace.clone() };
        let mut bar = Bar::new();
        let report = monitor::check(client, &environment, options, |progress| bar.show(&progress)).await;
        bar.end();
        let findings = Findings::from(report?);
        let table = |wide| findings::table_of(&findings, wide, environment.now());
        arguments.output.write(&findings, table)?;
        if arguments.output.is_table() {
            output::print(&format!("\n{}", findings::footer(&findings)))?;
        }
        Ok(findings.exit())
    })
}
