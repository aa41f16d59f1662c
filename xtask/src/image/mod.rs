//! `cargo xtask image`: the static binary in an OCI image, made without a Docker daemon.

mod archive;

use crate::process::{cargo, run_logged, shown};
use crate::tree;
use anyhow::{Context, Result, bail};
use clap::Args;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// The name that the testbed and the manifests know the image by.
pub(crate) const NAME: &str = "seaworthy.test/seaworthy:dev";

/// What to build and where to put it
#[derive(Args)]
pub(crate) struct Arguments {
    /// Build quickly instead of well: without optimisation
    #[arg(long)]
    debug: bool,
    /// The image's name and tag
    #[arg(long, default_value = NAME)]
    name: String,
    /// Where to write the OCI archive; without it, target/xtask/seaworthy.tar
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let binary = static_binary(arguments.debug)?;
    let output = arguments.output.clone().unwrap_or_else(kept);
    let program = fs::read(&binary).with_context(|| format!("cannot read {}", binary.display()))?;
    archive::write(&arguments.name, &program, &output)?;
    println!("{} in {} ({} MiB)", arguments.name, output.display(), fs::metadata(&output)?.len() >> 20);
    Ok(ExitCode::SUCCESS)
}

/// The archive, if nobody says where else to write it.
pub(crate) fn kept() -> PathBuf {
    tree::kept().join("seaworthy.tar")
}

/// Builds the binary so that it needs nothing of the system it runs on: glibc's own static linking, with no further
/// toolchain. Naming the target keeps the flag away from procedural macros, which cannot be static.
pub(crate) fn static_binary(debug: bool) -> Result<PathBuf> {
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let folder = tree::target().join("static");
    let mut build = cargo();
    build
        .args(["build", "--package", "seaworthy", "--target", &target])
        .env("RUSTFLAGS", "-C target-feature=+crt-static")
        .env("CARGO_TARGET_DIR", &folder);
    if debug {
        // Half of the time and a quarter of the size, for an image that nobody looks into with a debugger.
        build.env("CARGO_PROFILE_DEV_DEBUG", "0");
    } else {
        build.args(["--profile", tree::SHIPPED]);
    }
    execute("static binary", &mut build)?;
    Ok(folder.join(target).join(if debug { "debug" } else { tree::SHIPPED }).join("seaworthy"))
}

fn execute(title: &str, command: &mut Command) -> Result<()> {
    let log = tree::kept().join("logs").join("image.log");
    fs::create_dir_all(log.parent().expect("a file in a folder"))?;
    println!("RUN  {title}: {}", shown(command));
    if !run_logged(title, command, &log, |_| {})?.success() {
        bail!("{title} failed; all of it in {}", log.display());
    }
    Ok(())
}
