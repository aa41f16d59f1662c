//! Format and lints: nothing is let through with a warning.

use super::step::Steps;
use crate::process::cargo;
use anyhow::Result;

pub(super) fn run(steps: &mut Steps) -> Result<()> {
    steps.one("format", cargo().args(["fmt", "--all", "--check"]))?;
    steps.one(
        "clippy",
        cargo().args(["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    )
}
