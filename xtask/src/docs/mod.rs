//! `cargo xtask docs`: what stands in the tree but is made from code.

mod kinds;

use crate::process::cargo;
use crate::tree;
use anyhow::{Context, Result, bail};
use clap::Args;
use std::fs;
use std::process::ExitCode;

/// Runs the program, or the demo's picture.
const PROGRAM: &[&str] = &["--package", "seaworthy", "--"];
const PICTURE: &[&str] = &["--package", "demo", "--example", "picture", "--"];

/// Each file and the command whose output it is. Tests of the command line compare those of the program.
const MADE: &[(&str, &[&str], &[&str])] = &[
    ("docs/cli.md", PROGRAM, &["reference"]),
    ("manifests/crds.yaml", PROGRAM, &["crds"]),
    ("manifests/rbac.yaml", PROGRAM, &["rbac"]),
    // The moment at which half a zone is lost and most of it is left alone.
    ("docs/demo.svg", PICTURE, &["1825", "120", "36"]),
];

/// Nothing to choose
#[derive(Args)]
pub(crate) struct Arguments {}

pub(crate) fn run(_: &Arguments) -> Result<ExitCode> {
    for (file, program, command) in MADE {
        let output = cargo()
            .args(["run", "--quiet"])
            .args(*program)
            .args(*command)
            .output()
            .with_context(|| format!("cannot run what makes {file}"))?;
        if !output.status.success() {
            bail!("{file}, {}: {}", command.join(" "), String::from_utf8_lossy(&output.stderr));
        }
        let path = tree::root().join(file);
        if fs::read(&path).is_ok_and(|current| current == output.stdout) {
            say(file, false);
        } else {
            fs::create_dir_all(path.parent().expect("a file in a folder"))?;
            fs::write(&path, &output.stdout).with_context(|| format!("cannot write {}", path.display()))?;
            say(file, true);
        }
    }
    say(kinds::FILE, kinds::make()?);
    Ok(ExitCode::SUCCESS)
}

fn say(file: &str, is_written: bool) {
    println!("{file} {}", if is_written { "written" } else { "is current" });
}
