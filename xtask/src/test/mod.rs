//! `cargo xtask test`: everything that must hold, with what passed, failed and was skipped at the end.

mod guard;
mod lint;
mod real;
mod report;
mod room;
mod sim;
mod step;
mod suites;
mod tally;
mod testbed;
mod unit;

use crate::bed::Bed;
use crate::tree;
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use report::Report;
use std::fs;
use std::process::ExitCode;
use step::Steps;

/// Which stages to run; all of them when none is named
#[derive(Args)]
pub(crate) struct Arguments {
    /// Stages to run, in their usual order; all when none is named
    #[arg(value_enum)]
    stages: Vec<Stage>,
    /// Run only the tests whose name contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

/// A part of the whole, named as on the command line, in the order in which they run: what is quick and fails
/// often comes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Stage {
    /// rustfmt and clippy
    Lint,
    /// Unit and property tests of every crate, the architecture test, the command line
    Unit,
    /// What a pod costs the monitor, as a ratio that must not get worse
    Guard,
    /// Simulated clusters: recorded runs in which a defect has to be noticed, a hundred seeds that are always the same,
    /// and a thousand fresh ones, for five minutes at most
    Sim,
    /// Tests of the testbed's Go code, and its proof that faults come and go and nothing stays behind
    Testbed,
    /// What speaks to Kubernetes, and the scenarios, on a real cluster with real containers
    Real,
    /// Prometheus, Alertmanager's own tools and a mail server beside the alerter
    Peers,
    /// What a newcomer sees first: `cargo xtask demo`, to its good end
    Demo,
}

impl Stage {
    fn name(self) -> &'static str {
        match self {
            Self::Lint => "lint",
            Self::Unit => "unit",
            Self::Guard => "guard",
            Self::Sim => "sim",
            Self::Testbed => "testbed",
            Self::Real => "real",
            Self::Peers => "peers",
            Self::Demo => "demo",
        }
    }

    fn run(self, steps: &mut Steps) -> Result<()> {
        match self {
            Self::Lint => lint::run(steps),
            Self::Unit => unit::run(steps),
            Self::Guard => guard::run(steps),
            Self::Sim => sim::run(steps),
            Self::Testbed => testbed::run(steps),
            Self::Real => real::scenarios(steps),
            Self::Peers => real::peers(steps),
            Self::Demo => steps.one("demo", &mut Bed::xtask(["demo"])),
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let logs = tree::kept().join("logs");
    fs::create_dir_all(&logs).with_context(|| format!("cannot make {}", logs.display()))?;
    room::note(&logs);
    let mut report = Report::default();
    for stage in Stage::value_variants() {
        if arguments.stages.is_empty() || arguments.stages.contains(stage) {
            let mut steps = Steps::new(stage.name(), &logs, arguments.only.as_deref(), &mut report);
            if let Err(error) = stage.run(&mut steps) {
                steps.broken(&error);
            }
        }
    }
    if !report.good() {
        room::note(&logs);
    }
    print!("{report}");
    Ok(if report.good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
