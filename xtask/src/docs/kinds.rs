//! The schemas of the built-in kinds, made from the types of `k8s-openapi`. With its schemas that crate takes minutes to
//! compile: so that nobody has to wait for it to know whether the file is current, a stamp beside it says what it was
//! made of.

use crate::process::cargo;
use crate::tree;
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::fs;

/// What is made, and the stamp: a line `SHA-256  FILE` for the file and for each that it is made by, as `sha256sum -c`
/// reads them.
pub(super) const FILE: &str = "crates/sim/src/api/openapi/kinds.json";
const STAMP: &str = "crates/sim/src/api/openapi/kinds.sha256";
/// What makes it. The lock file names the versions of what it is made of.
const MADE_BY: [&str; 3] =
    ["xtask/openapi/Cargo.lock", "xtask/openapi/Cargo.toml", "xtask/openapi/src/main.rs"];

/// Makes the file anew unless it is current. Whether it had to.
pub(super) fn make() -> Result<bool> {
    if is_current()? {
        return Ok(false);
    }
    let output = cargo()
        .args(["run", "--quiet", "--manifest-path", "xtask/openapi/Cargo.toml"])
        .env("CARGO_TARGET_DIR", tree::target().join("openapi"))
        .output()
        .context("cannot run what makes the kinds")?;
    if !output.status.success() {
        bail!("{FILE}: {}", String::from_utf8_lossy(&output.stderr));
    }
    write(FILE, &output.stdout)?;
    write(STAMP, stamp()?.as_bytes())?;
    Ok(true)
}

fn is_current() -> Result<bool> {
    Ok(fs::read_to_string(tree::root().join(STAMP)).unwrap_or_default() == stamp()?)
}

/// What the stamp is to say of the files as they are.
fn stamp() -> Result<String> {
    let mut stamp = String::new();
    for file in std::iter::once(FILE).chain(MADE_BY) {
        let content = fs::read(tree::root().join(file)).with_context(|| format!("cannot read {file}"))?;
        writeln!(stamp, "{}  {file}", hex::encode(Sha256::digest(content)))?;
    }
    Ok(stamp)
}

fn write(file: &str, content: &[u8]) -> Result<()> {
    fs::write(tree::root().join(file), content).with_context(|| format!("cannot write {file}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_are_made_of_what_makes_them_now() {
        assert!(
            is_current().unwrap(),
            "{FILE}, or what makes it, has changed since it was made: run `cargo xtask docs` and commit what it writes"
        );
    }

    /// They would be those of another Kubernetes than the services are built for.
    #[test]
    fn the_kinds_are_made_of_the_version_that_the_services_use() {
        let [ours, kinds] = ["Cargo.lock", MADE_BY[0]].map(|lock| {
            let lock = fs::read_to_string(tree::root().join(lock)).unwrap();
            let mut lines = lock.lines().skip_while(|line| *line != "name = \"k8s-openapi\"");
            lines.nth(1).expect("the crate is in the lock file").to_owned()
        });
        assert_eq!(
            kinds, ours,
            "run `cargo update --manifest-path xtask/openapi/Cargo.toml`, then `cargo xtask docs`"
        );
    }
}
