//! `cargo xtask swarm`: simulated clusters, seed by seed, on all cores.

use crate::process::cargo;
use anyhow::{Context, Result};
use clap::Args;
use std::process::{Command, ExitCode};

/// Everything after the name goes to the swarm itself: `cargo xtask swarm --help`
#[derive(Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Arguments {
    /// What the swarm is asked to do
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

/// The swarm, built fast, and able to have defects.
pub(crate) fn command() -> Command {
    let mut command = cargo();
    command.args([
        "run",
        "--profile",
        "swarm",
        "--package",
        "sim",
        "--bin",
        "swarm",
        "--features",
        "defects",
        "--",
    ]);
    command
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let status = command().args(&arguments.rest).status().context("cargo does not start")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
