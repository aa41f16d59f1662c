//! Programs that the story calls.

use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

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

/// Runs a command inside a pod, and comes back as soon as it is done there; kubectl itself needs a moment longer.
pub(super) fn inside(namespace: &str, pod: &str, command: &str) -> Result<()> {
    let done = format!("{command} && echo done");
    let mut kubectl = Command::new("kubectl")
        .args(["exec", "--namespace", namespace, pod, "--", "sh", "-c", &done])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("kubectl does not start")?;
    let mut said = String::new();
    BufReader::new(kubectl.stdout.take().expect("piped above")).read_line(&mut said)?;
    if said.trim() != "done" {
        bail!("kubectl exec in {pod}: {}", kubectl.wait()?);
    }
    thread::spawn(move || kubectl.wait());
    Ok(())
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
