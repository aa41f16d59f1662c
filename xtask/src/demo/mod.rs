//! `cargo xtask demo`: a real container hangs on a real cluster, and is found, healed and reported, with every step on
//! the screen.

mod facts;
mod installation;
mod receiver;
mod story;
mod tools;

use crate::bed::Bed;
use crate::process::{cargo, run_logged};
use crate::tree;
use anyhow::{Context, Result, bail};
use clap::Args;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

/// Whether to keep the cluster afterwards
#[derive(Args)]
pub(crate) struct Arguments {
    /// Leave the cluster up, to look around in it
    #[arg(long)]
    keep: bool,
    /// Tell the story with this program; what the demo calls inside of its testbed
    #[arg(long, hide = true, value_name = "PROGRAM")]
    inside: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    if let Some(program) = &arguments.inside {
        story::tell(program)?;
        return Ok(ExitCode::SUCCESS);
    }
    println!(
        "A real Kubernetes cluster comes up on this machine, a container on it hangs, and Seaworthy heals it.\n"
    );
    let logs = tree::kept().join("logs");
    fs::create_dir_all(&logs).with_context(|| format!("cannot make {}", logs.display()))?;
    let log = logs.join("demo-build.log");
    let mut build = cargo();
    build.args(["build", "--package", "seaworthy"]);
    if !run_logged("building Seaworthy", &mut build, &log, |_| {})?.success() {
        bail!("Seaworthy did not build; all of it in {}", log.display());
    }
    let bed = Bed::new("demo");
    bed.down();
    let _guard = (!arguments.keep).then(|| bed.guard());
    if !bed.up(2).status().context("the testbed does not start")?.success() {
        bail!("the testbed did not come up");
    }
    let us = std::env::current_exe().context("this program does not find itself")?;
    let told =
        bed.exec(&us).args(["demo", "--inside"]).arg(tree::target().join("debug/seaworthy")).status()?;
    if arguments.keep {
        println!("\nThe cluster is still up: {}", bed.hint());
    }
    if !told.success() {
        bail!("the demo did not come to its end; logs are in {}", story::folder().display());
    }
    Ok(ExitCode::SUCCESS)
}
