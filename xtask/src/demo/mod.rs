//! `cargo xtask demo`: a real container hangs on a real cluster, and is found, healed and reported, with every step on
//! the screen.

mod facts;
mod installation;
mod interruption;
mod receiver;
mod story;
mod tools;
mod witness;

use crate::bed::Bed;
use crate::process::{cargo, run_logged};
use crate::tree;
use anyhow::{Context, Result, bail};
use clap::Args;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

/// What a person may want to look at after the demo.
const NEXT: &str = "\
Next:
  FOLDER     the configuration and the logs of the three services that ran
  examples/policies/     what the healer may be told to do
  docs/cli.md            every command; `seaworthy check` looks over a cluster of yours and changes nothing
  cargo xtask test       the whole suite, with the worse things that may happen to a cluster";

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
    let interrupted = interruption::note()?;
    let bed = Bed::new("demo");
    bed.down();
    let _guard = (!arguments.keep).then(|| bed.guard());
    if !bed.up(2).status().context("the testbed does not start")?.success() {
        return Err(interrupted.or("the testbed did not come up".to_owned()));
    }
    let us = std::env::current_exe().context("this program does not find itself")?;
    let told =
        bed.exec(&us).args(["demo", "--inside"]).arg(tree::target().join("debug/seaworthy")).status()?;
    let folder = story::folder();
    if !told.success() {
        return Err(
            interrupted.or(format!("the demo did not come to its end; logs are in {}", folder.display()))
        );
    }
    if arguments.keep {
        println!("\nThe cluster is still up, without the services: {}", bed.hint());
    }
    let shown = folder.strip_prefix(tree::root()).unwrap_or(&folder).display().to_string();
    println!("\n{}", NEXT.replace("FOLDER", &format!("{shown:<18}")));
    Ok(ExitCode::SUCCESS)
}
