//! Format and lints: nothing is let through with a warning.

use super::step::Steps;
use crate::process::cargo;
use anyhow::Result;

pub(super) fn run(steps: &mut Steps) -> Result<()> {
    steps.one("format", cargo().args(["fmt", "--all", "--check"]))?;
    clippy(steps, "clippy", &["--all-targets"])?;
    // What is left out by default: the places where suites stop a service, and the tests that `cargo test` alone does
    // not run because they need others beside.
    let rest = ["--lib", "--bins", "--test", "*", "--features", "seaworthy/failpoints"];
    clippy(steps, "clippy of what suites need", &rest)
}

fn clippy(steps: &mut Steps, name: &str, what: &[&str]) -> Result<()> {
    let mut clippy = cargo();
    clippy.args(["clippy", "--quiet", "--workspace"]).args(what).args(["--", "-D", "warnings"]);
    steps.one(name, &mut clippy)
}
