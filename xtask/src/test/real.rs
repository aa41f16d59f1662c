//! The suites that need a real cluster: the scenarios, and the peers beside them. Both run inside of a testbed of
//! their own, which is taken down afterwards, however they end.

use super::step::Steps;
use crate::bed::Bed;
use crate::process::cargo;
use crate::tree;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

/// The package with the suites.
const PACKAGE: &str = "e2e";

/// The scenarios of real containers that fail and are healed.
pub(super) fn scenarios(steps: &mut Steps) -> Result<()> {
    suite(steps, "scenarios")
}

/// Prometheus, Alertmanager's own tools and a mail server, beside the alerter.
pub(super) fn peers(steps: &mut Steps) -> Result<()> {
    if !tree::root().join("crates/e2e/tests/peers").exists() {
        steps.skipped("peers", "the suite is not in the tree yet");
        return Ok(());
    }
    steps.prepare("build the peers", &mut Bed::xtask(["testbed", "peers"]))?;
    suite(steps, "peers")
}

fn suite(steps: &mut Steps, name: &'static str) -> Result<()> {
    if !tree::root().join("crates/e2e/tests").join(name).exists() {
        steps.skipped(name, "the suite is not in the tree yet");
        return Ok(());
    }
    // With the places where a leader can be stopped between an intent, its effect and its status.
    let mut program = cargo();
    program.args(["build", "--package", "seaworthy", "--features", "failpoints"]);
    steps.prepare("build the program", &mut program)?;
    let mut build = cargo();
    build.args(["test", "--no-run", "--package", PACKAGE, "--test", name]);
    steps.prepare("build the suite", &mut build)?;
    let executable = executable(name)?;

    let bed = Bed::new("test");
    bed.down();
    let up = steps.prepare("testbed", &mut bed.up(3));
    let _guard = bed.guard();
    up?;
    let mut run = bed.exec(&executable);
    run.env("SEAWORTHY_E2E_PROGRAM", tree::target().join("debug/seaworthy"))
        .env("SEAWORTHY_E2E_TESTBED", crate::testbed::ready()?)
        .args(steps.only());
    steps.counted(name, &mut run)
}

/// Where cargo put the suite that was just built.
fn executable(name: &str) -> Result<PathBuf> {
    let mut query: Command = cargo();
    query.args([
        "test",
        "--no-run",
        "--quiet",
        "--message-format",
        "json",
        "--package",
        PACKAGE,
        "--test",
        name,
    ]);
    let said = query.output().context("cargo does not start")?.stdout;
    let built = String::from_utf8_lossy(&said)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|artifact| artifact["target"]["name"] == name)
        .find_map(|artifact| Some(PathBuf::from(artifact["executable"].as_str()?)));
    match built {
        Some(path) => Ok(path),
        None => bail!("cargo does not say where it put the suite {name}"),
    }
}
