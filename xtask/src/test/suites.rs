//! Test programs that are built here and run elsewhere, with the program they test.

use super::step::Steps;
use crate::bed::Bed;
use crate::process::cargo;
use crate::testbed;
use crate::tree;
use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is built, always together: cargo compiles dependencies anew when other packages beside need other features of
/// them.
const PACKAGES: [&str; 6] = ["seaworthy", "e2e", "cluster", "alerter", "sim", "demo"];
/// With the places where a leader can be stopped between an intent, its effect and its status.
const FEATURES: &str = "seaworthy/failpoints";
/// The program under test.
const PROGRAM: &str = "seaworthy";

/// A test program.
#[derive(Clone, Copy)]
pub(super) struct Suite {
    /// What its step is called.
    pub(super) step: &'static str,
    /// The package it lies in.
    pub(super) package: &'static str,
    /// Its name there.
    pub(super) test: &'static str,
}

/// The executables that cargo made, by package and target.
pub(super) struct Built(BTreeMap<(String, String), PathBuf>);

impl Built {
    /// Builds suites and the program under test.
    pub(super) fn make(steps: &mut Steps, suites: &[Suite]) -> Result<Self> {
        let mut build = cargo();
        build.args(["build", "--bins", "--features", FEATURES]);
        build.args(PACKAGES.iter().flat_map(|package| ["--package", package]));
        build.args(suites.iter().flat_map(|suite| ["--test", suite.test]));
        steps.prepare("build", &mut build)?;
        build.args(["--quiet", "--message-format", "json"]);
        let said = build.output().context("cargo does not start")?.stdout;
        Ok(Self(executables(&String::from_utf8_lossy(&said))))
    }

    /// Runs a suite inside of a testbed.
    pub(super) fn inside(&self, bed: &Bed, suite: Suite, only: Option<&str>) -> Result<Command> {
        let mut run = bed.exec(self.path(suite.package, suite.test)?);
        run.env("SEAWORTHY_E2E_PROGRAM", self.path(PROGRAM, PROGRAM)?)
            .env("SEAWORTHY_E2E_TESTBED", testbed::ready()?)
            .args(only);
        Ok(run)
    }

    /// Runs a suite here.
    pub(super) fn here(&self, suite: Suite, only: Option<&str>) -> Result<Command> {
        let mut run = Command::new(self.path(suite.package, suite.test)?);
        run.current_dir(tree::root()).args(only);
        Ok(run)
    }

    fn path(&self, package: &str, target: &str) -> Result<&Path> {
        let built = self.0.get(&(package.to_owned(), target.to_owned()));
        Ok(built.with_context(|| format!("cargo does not say where it put {target} of {package}"))?)
    }
}

/// What cargo's messages say of the executables of packages of ours: a package's identity ends in its folder and
/// version, `…/crates/e2e#0.1.0`.
fn executables(messages: &str) -> BTreeMap<(String, String), PathBuf> {
    let artifacts = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    artifacts
        .filter_map(|artifact| {
            let path = PathBuf::from(artifact["executable"].as_str()?);
            let package = artifact["package_id"].as_str()?.split('#').next()?.rsplit('/').next()?.to_owned();
            Some(((package, artifact["target"]["name"].as_str()?.to_owned()), path))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::executables;
    use std::path::PathBuf;

    #[test]
    fn suites_of_one_name_are_told_apart() {
        let line = |package: &str, target: &str, executable: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","package_id":"path+file:///clone/crates/{package}#0.1.0","target":{{"name":"{target}"}},"executable":{executable}}}"#
            )
        };
        let said = [
            line("e2e", "peers", r#""/t/peers-1""#),
            line("alerter", "peers", r#""/t/peers-2""#),
            line("net", "net", "null"),
            "not a message".to_owned(),
        ];
        let built = executables(&said.join("\n"));
        assert_eq!(built.len(), 2);
        assert_eq!(built[&("alerter".to_owned(), "peers".to_owned())], PathBuf::from("/t/peers-2"));
    }
}
