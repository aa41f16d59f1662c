//! A program that runs beside us while it is measured.

use super::PATIENCE;
use crate::stopwatch::Stopwatch;
use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// How often is looked whether something has come about.
const LOOK: Duration = Duration::from_millis(50);

/// A program, ended when dropped.
pub(super) struct Running {
    child: Child,
    log: PathBuf,
    since: Stopwatch,
}

impl Running {
    /// Starts it; what it says goes to `log`.
    pub(super) fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let child = command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).spawn()?;
        Ok(Self { child, log: log.to_path_buf(), since: Stopwatch::start() })
    }

    /// How long it has been running.
    pub(super) fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }

    /// What it has said so far.
    pub(super) fn said(&self) -> Result<String> {
        fs::read_to_string(&self.log).with_context(|| format!("cannot read {}", self.log.display()))
    }

    /// Waits until `is_so` of what it has said.
    pub(super) fn wait_for(&mut self, what: &str, is_so: impl Fn(&str) -> bool) -> Result<()> {
        let waiting = Stopwatch::start();
        while !is_so(&self.said()?) {
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended with {status} before {what}; its log is {}", self.log.display());
            }
            if waiting.elapsed() > PATIENCE {
                bail!("it took too long until {what}; its log is {}", self.log.display());
            }
            thread::sleep(LOOK);
        }
        Ok(())
    }

    /// Waits until it has ended well.
    pub(super) fn ended(&mut self) -> Result<()> {
        let status = self.child.wait()?;
        if !status.success() {
            bail!("the program ended with {status}; its log is {}", self.log.display());
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
