//! What needs nothing but this machine's processor: unit and property tests, the architecture test, and the command
//! line's own tests against the built binary.

use super::step::Steps;
use crate::process::cargo;
use anyhow::Result;

/// Its suites run inside a testbed; here only what they are made of is tested.
const SUITES: &str = "e2e";

pub(super) fn run(steps: &mut Steps) -> Result<()> {
    let rest = ["test", "--workspace", "--no-fail-fast", "--exclude", SUITES];
    tests(steps, "unit and property tests", &rest)?;
    tests(steps, "the suites' own parts", &["test", "--package", SUITES, "--lib"])
}

fn tests(steps: &mut Steps, name: &str, arguments: &[&str]) -> Result<()> {
    let mut tests = cargo();
    tests.args(arguments);
    if let Some(only) = steps.only() {
        tests.args(["--", only]);
    }
    steps.counted(name, &mut tests)
}
