//! The testbed that the suite runs in, as its environment describes it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

/// Variables that `testbed exec` sets inside of a testbed.
const KUBECONFIG: &str = "KUBECONFIG";
const NAME: &str = "SEAWORTHY_TESTBED";
const AUDIT_LOG: &str = "SEAWORTHY_TESTBED_AUDIT_LOG";
const PROXY: &str = "SEAWORTHY_TESTBED_PROXY";
/// Variables that whoever starts the suite sets.
const PROGRAM: &str = "SEAWORTHY_E2E_PROGRAM";
const CONTROL: &str = "SEAWORTHY_E2E_TESTBED";

/// A running testbed, seen from inside.
#[derive(Clone, Debug)]
pub struct Bed {
    /// Its name.
    pub name: String,
    /// The administrator's kubeconfig.
    pub kubeconfig: PathBuf,
    /// A kubeconfig whose requests pass the fault proxy.
    pub through_proxy: PathBuf,
    /// The API server's audit log.
    pub audit_log: PathBuf,
    /// The `seaworthy` binary under test.
    pub program: PathBuf,
    /// The testbed's own program, which takes orders for faults.
    pub control: PathBuf,
    /// Where logs and configuration of this run are kept.
    pub kept: PathBuf,
}

impl Bed {
    /// The testbed around this process; the error says why there is none. `kept` is an existing
    /// folder for what this run leaves behind.
    pub fn find(kept: &Path) -> Result<Self, String> {
        let variable = |name: &str| {
            std::env::var_os(name).filter(|value: &OsString| !value.is_empty()).ok_or_else(|| {
                format!("{name} is not set: run the suite by `cargo xtask test real`, inside of a testbed")
            })
        };
        let file = |name: &str| {
            let path = PathBuf::from(variable(name)?);
            path.exists().then_some(path.clone()).ok_or(format!("{name}: there is no {}", path.display()))
        };
        Ok(Self {
            name: variable(NAME)?.to_string_lossy().into_owned(),
            kubeconfig: file(KUBECONFIG)?,
            through_proxy: file(PROXY)?,
            audit_log: file(AUDIT_LOG)?,
            program: file(PROGRAM)?,
            control: file(CONTROL)?,
            kept: kept.to_owned(),
        })
    }

    /// Runs the testbed's program and returns what it said.
    pub async fn control(&self, arguments: &[&str]) -> Result<String> {
        run(Command::new(&self.control).args(arguments).env(NAME, &self.name)).await
    }

    /// Runs kubectl as the administrator and returns what it said.
    pub async fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        run(Command::new("kubectl").args(arguments).env(KUBECONFIG, &self.kubeconfig)).await
    }

    /// Names of the real nodes, in order.
    pub async fn real_nodes(&self) -> Result<Vec<String>> {
        #[derive(serde::Deserialize)]
        struct Node {
            name: String,
        }
        let said = self.control(&["nodes", "-o", "json"]).await?;
        let nodes: Vec<Node> = serde_json::from_str(&said).context("list the testbed's nodes")?;
        Ok(nodes.into_iter().map(|node| node.name).collect())
    }
}

/// How a program ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Its exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub said: String,
    /// What it complained of.
    pub complaint: String,
}

/// Runs a program to its end, whatever that is.
pub async fn end(command: &mut Command) -> Result<Ended> {
    let output = command.kill_on_drop(true).output().await.with_context(|| format!("run {command:?}"))?;
    Ok(Ended {
        code: output.status.code(),
        said: String::from_utf8_lossy(&output.stdout).into_owned(),
        complaint: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Runs a program to its end; what it printed, or an error with what it complained of.
pub async fn run(command: &mut Command) -> Result<String> {
    let shown = format!("{:?}", command.as_std());
    let ended = end(command).await?;
    ensure!(ended.code == Some(0), "{shown}: {:?}\n{}{}", ended.code, ended.said, ended.complaint);
    Ok(ended.said)
}
