//! Benchmarks that say whether something has become worse: ratios of memory, which need no quiet machine. What takes
//! long, or is about time, is `cargo xtask bench`.

use super::step::Steps;
use crate::process::cargo;
use anyhow::Result;

pub(super) fn run(steps: &mut Steps) -> Result<()> {
    // Of the whole workspace, as the unit tests: so that cargo takes what it has compiled for them.
    let memory = ["test", "--workspace", "--exclude", "e2e", "--bench", "memory"];
    steps.one("memory of a pod", cargo().args(memory))
}
