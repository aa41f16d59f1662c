//! What the other suites stand on: the testbed's own tests.

use super::step::Steps;
use crate::bed::Bed;
use crate::tree;
use anyhow::Result;
use std::process::Command;

pub(super) fn run(steps: &mut Steps) -> Result<()> {
    steps.prepare("build the testbed", &mut Bed::xtask(["testbed", "help"]))?;
    let folder = tree::root().join("testbed");
    let mut gofmt = Command::new("sh");
    gofmt.current_dir(&folder).args(["-c", "files=$(gofmt -l .) && echo \"$files\" && [ -z \"$files\" ]"]);
    steps.one("gofmt", &mut gofmt)?;
    let mut tests = Command::new("go");
    // The flags that the testbed is built with, so that what is compiled already is used.
    tests.current_dir(&folder).env("CGO_ENABLED", "0").args(["test", "-trimpath", "./internal/..."]);
    steps.one("go test", &mut tests)?;
    steps
        .counted("self-test", &mut Bed::xtask(["testbed", "selftest", "--name", Bed::new("selftest").name()]))
}
