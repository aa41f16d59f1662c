//! `cargo xtask testbed …`: a real cluster with real nodes on this machine.
//!
//! The testbed is a Go program (`testbed/`), because Kubernetes is. Here it is built when its sources have changed and
//! given the Debian packages that it calls; all words are then passed on to it.

mod build;
mod packages;

use anyhow::{Context, Result};
use clap::Args;
use std::convert::Infallible;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// What the testbed is asked to do; `cargo xtask testbed help` lists it
#[derive(Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Arguments {
    /// up, down, exec, status, fault, seed, peers, …
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "WORD")]
    words: Vec<OsString>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let program = ready()?;
    if arguments.words.first().is_some_and(|word| word == "peers") {
        return peers();
    }
    if wants_fake_nodes(&arguments.words) {
        build::KWOK.ready()?;
    }
    if arguments.words.first().is_some_and(|word| word == "up" || word == "selftest") {
        packages::NODES.install_missing()?;
    }
    match replace_us_by(Command::new(program).args(&arguments.words))? {}
}

/// The testbed's program, built if it has to be.
pub(crate) fn ready() -> Result<PathBuf> {
    build::TESTBED.ready()
}

/// Where the programs lie that are built here.
pub(crate) fn programs() -> PathBuf {
    build::programs()
}

/// Builds what Seaworthy is tested beside, and says where it is. What is not built comes from Debian.
fn peers() -> Result<ExitCode> {
    packages::PEERS.install_missing()?;
    for module in &build::PEERS {
        println!("{}", module.ready()?.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether the words ask for nodes that need KWOK.
fn wants_fake_nodes(words: &[OsString]) -> bool {
    words.iter().any(|word| word == "selftest" || word.to_string_lossy().starts_with("--fake-nodes"))
}

/// The program takes our place, and with it our terminal, signals and exit code.
fn replace_us_by(command: &mut Command) -> Result<Infallible> {
    Err(command.exec()).with_context(|| format!("cannot run {}", command.get_program().display()))
}
