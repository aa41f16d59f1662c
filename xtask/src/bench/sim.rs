//! The simulated cluster: what an hour of a large one takes, and how much memory a very large one.

use super::page::{Line, Unit, publish, table};
use crate::process::{cargo, run_logged};
use crate::tree;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

pub(super) fn run() -> Result<ExitCode> {
    let folder = tree::kept().join("bench");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let (hour, large) = (played("hour", &folder)?, played("large", &folder)?);
    let figure = |of: &Value, name: &str| of[name].as_f64().unwrap_or(f64::NAN);
    let lines = [
        Line::alone(
            "1,000 nodes, 30,000 pods, one hour: processor time",
            Unit::Seconds,
            figure(&hour, "cpuSeconds"),
        )
        .at_most(30.0, "30 s"),
        Line::alone("the same: peak of memory", Unit::Bytes, figure(&hour, "peakBytes")),
        Line::alone(
            "5,000 nodes, 150,000 pods, ten minutes: peak of memory",
            Unit::Bytes,
            figure(&large, "peakBytes"),
        )
        .at_most(f64::from(1_u32 << 31), "2 GiB"),
        Line::alone("the same: processor time", Unit::Seconds, figure(&large, "cpuSeconds")),
    ];
    let told = |of: &Value| {
        format!("{} lines of trace, {} effects, {} messages", of["lines"], of["effects"], of["messages"])
    };
    let text = format!(
        "The hour: {}. Ten minutes: {}.\n\n{}",
        told(&hour),
        told(&large),
        table("simulator", "", &lines)
    );
    println!("{text}");
    publish("sim", &text)?;
    eprintln!("written to docs/benchmarks.md");
    Ok(if lines.iter().any(Line::is_missed) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Plays one of the two, and gives what it says of itself. A run in which a promise is broken measures something else.
fn played(name: &str, folder: &Path) -> Result<Value> {
    let mut command = cargo();
    command.args([
        "run",
        "--profile",
        "swarm",
        "-p",
        "sim",
        "--features",
        "defects",
        "--example",
        "scale",
        "--",
        name,
    ]);
    eprintln!("{name}");
    let (log, mut told) = (folder.join(format!("sim-{name}.log")), None);
    let status =
        run_logged(name, &mut command, &log, |line| told = serde_json::from_str(line).ok().or(told.take()))?;
    let told: Value =
        told.filter(|_| status.success()).with_context(|| format!("{name} failed: see {}", log.display()))?;
    if told["violations"] != 0 {
        bail!("promises are broken in {name}: see {}", log.display());
    }
    Ok(told)
}
