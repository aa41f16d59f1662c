//! `cargo xtask docs`: what stands in the tree but is made from code.

use crate::process::cargo;
use crate::tree;
use anyhow::{Context, Result, bail};
use clap::Args;
use std::fs;
use std::process::ExitCode;

/// Each file and the command whose output it is. Tests of the command line compare them.
const MADE: &[(&str, &[&str])] = &[
    ("docs/cli.md", &["reference"]),
    ("manifests/crds.yaml", &["crds"]),
    ("manifests/rbac.yaml", &["rbac"]),
];

/// Nothing to choose
#[derive(Args)]
pub(crate) struct Arguments {}

pub(crate) fn run(_: &Arguments) -> Result<ExitCode> {
    for (file, command) in MADE {
        let output = cargo()
            .args(["run", "--quiet", "--package", "seaworthy", "--"])
            .args(*command)
            .output()
            .context("cannot run the program")?;
        if !output.status.success() {
            bail!("seaworthy {}: {}", command.join(" "), String::from_utf8_lossy(&output.stderr));
        }
        let path = tree::root().join(file);
        if fs::read(&path).is_ok_and(|current| current == output.stdout) {
            println!("{file} is current");
        } else {
            fs::create_dir_all(path.parent().expect("a file in a folder"))?;
            fs::write(&path, &output.stdout).with_context(|| format!("cannot write {}", path.display()))?;
            println!("{file} written");
        }
    }
    Ok(ExitCode::SUCCESS)
}
