//! Programs that the story calls.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs kubectl as the administrator; what it printed.
pub(super) fn kubectl(arguments: &[&str]) -> Result<String> {
    said(Command::new("kubectl").args(arguments))
}

/// Applies a manifest.
pub(super) fn apply(manifest: &str) -> Result<()> {
    let mut kubectl = Command::new("kubectl")
        .args(["apply", "--server-side", "-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("kubectl does not start")?;
    kubectl.stdin.take().expect("piped above").write_all(manifest.as_bytes())?;
    let ended = kubectl.wait_with_output()?;
    if !ended.status.success() {
        bail!("kubectl apply: {}", String::from_utf8_lossy(&ended.stderr).trim());
    }
    Ok(())
}

/// What kubectl has of something, as JSON. Nothing where it cannot say at the moment.
pub(super) fn list(arguments: &[&str]) -> Vec<Value> {
    let listed = kubectl(&[arguments, &["-o", "json"]].concat()).ok();
    let listed: Option<Value> = listed.and_then(|text| serde_json::from_str(&text).ok());
    listed.and_then(|list| list["items"].as_array().cloned()).unwrap_or_default()
}

/// Runs the program; what it printed.
pub(super) fn seaworthy(program: &Path, arguments: &[&str]) -> Result<String> {
    said(Command::new(program).args(arguments))
}

fn said(command: &mut Command) -> Result<String> {
    let shown = crate::process::shown(command);
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{shown} does not start"))?;
    if !output.status.success() {
        bail!("{shown}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
