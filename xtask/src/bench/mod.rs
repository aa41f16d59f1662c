//! `cargo xtask bench`: what Seaworthy costs, beside what it is measured against, in one run on one server.

mod churn;
mod monitor;
mod page;
mod running;
mod sim;
mod usage;

use anyhow::Result;
use clap::Subcommand;
use std::process::ExitCode;
use std::time::Duration;

/// How long anything may take on a slow machine before something is wrong.
const PATIENCE: Duration = Duration::from_mins(10);

/// What is measured.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Subcommand)]
enum Bench {
    /// The monitor beside a client-go informer: memory, CPU to sync, time from change to issue
    Monitor(monitor::Arguments),
    /// Large simulated clusters with the services in them: processor time of an hour, memory
    Sim,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    match &arguments.bench {
        Bench::Monitor(arguments) => monitor::run(arguments),
        Bench::Sim => sim::run(),
    }
}
