//! What needs nothing but this machine's processor: unit and property tests, the architecture test, and the command
//! line's own tests against the built binary.

use super::step::Steps;
use crate::process::cargo;
use anyhow::Result;

/// The real-cluster suite is a package of its own, and runs inside a testbed.
const ELSEWHERE: &str = "e2e";

pub(super) fn run(steps: &mut Steps) -> Result<()> {
    let mut tests = cargo();
    tests.args(["test", "--workspace", "--no-fail-fast", "--exclude", ELSEWHERE]);
    if let Some(only) = steps.only() {
        tests.args(["--", only]);
    }
    steps.counted("unit and property tests", &mut tests)
}
