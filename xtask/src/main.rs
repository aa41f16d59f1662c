//! One door to every chore of the repository: `cargo xtask help`.
//!
//! A chore is a module with `Arguments` and `run`. Chores call the same programs a person would, show what they
//! call, and keep what was said under `target/xtask/`.

mod bed;
mod bench;
mod demo;
mod docs;
mod image;
mod process;
mod stopwatch;
mod swarm;
mod test;
mod testbed;
mod tree;

use clap::Parser;
use std::process::ExitCode;

/// Build, test, try and measure Seaworthy.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
enum Chore {
    /// Format, lints, unit and property tests, the real-cluster suite and the real peers
    Test(test::Arguments),
    /// A real container hangs and is healed, every step on the screen
    Demo(demo::Arguments),
    /// What Seaworthy costs, beside what it is measured against
    Bench(bench::Arguments),
    /// An OCI image of the static binary
    Image(image::Arguments),
    /// Make again what is made from code: docs/cli.md, docs/demo.svg, manifests, the schemas that the simulator serves
    Docs(docs::Arguments),
    /// Simulated clusters with faults, seed by seed: how many keep every promise
    Swarm(swarm::Arguments),
    /// A real Kubernetes cluster with real nodes on this machine
    Testbed(testbed::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Chore::parse() {
        Chore::Test(arguments) => test::run(&arguments),
        Chore::Demo(arguments) => demo::run(&arguments),
        Chore::Bench(arguments) => bench::run(&arguments),
        Chore::Image(arguments) => image::run(&arguments),
        Chore::Docs(arguments) => docs::run(&arguments),
        Chore::Swarm(arguments) => swarm::run(&arguments),
        Chore::Testbed(arguments) => testbed::run(&arguments),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
