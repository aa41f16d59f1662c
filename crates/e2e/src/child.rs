//! Child processes: their words go to a file, and none outlives the suite.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Command;

/// How long a process may take to end after SIGTERM: the services promise to drain within ten
/// seconds, and the machine may be busy.
const TERMINATION: Duration = Duration::from_secs(20);

/// A running child process.
pub struct Child {
    name: String,
    log: PathBuf,
    process: tokio::process::Child,
}

impl Child {
    /// Starts `program`. What it says is appended to `log`.
    pub fn start(name: &str, program: &Path, log: &Path, prepare: impl FnOnce(&mut Command)) -> Result<Self> {
        let file = File::options()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("open {}", log.display()))?;
        // setpriv becomes the program, under the same process id. Thereby the child ends also when
        // this process is killed and has no time to clear up.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(program);
        prepare(&mut command);
        let process = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {name}"))?;
        Ok(Self { name: name.to_owned(), log: log.to_owned(), process })
    }

    /// Fails, with its last words, when the process has ended.
    pub fn ensure_running(&mut self) -> Result<()> {
        if let Some(status) = self.process.try_wait()? {
            anyhow::bail!("{} has ended: {status}\n{}", self.name, self.last_words());
        }
        Ok(())
    }

    /// Stops it where it is, as a machine does that is suspended.
    pub fn freeze(&self) -> Result<()> {
        self.signal(Signal::STOP)
    }

    /// Lets it go on.
    pub fn thaw(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    /// Whether it stands still.
    pub fn is_frozen(&self) -> Result<bool> {
        let pid =
            self.process.id().with_context(|| format!("{} has ended\n{}", self.name, self.last_words()))?;
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The state follows the program's name, which is in parentheses and may contain anything.
        Ok(stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('T')))
    }

    /// Kills it without a word and waits until it is gone.
    pub async fn kill(&mut self) -> Result<()> {
        self.process.kill().await.with_context(|| format!("kill {}", self.name))
    }

    /// Asks it to end and waits until it has.
    pub async fn terminate(&mut self) -> Result<ExitStatus> {
        self.signal(Signal::TERM)?;
        self.wait(TERMINATION).await
    }

    /// Waits for its end.
    pub async fn wait(&mut self, patience: Duration) -> Result<ExitStatus> {
        let ended = tokio::time::timeout(patience, self.process.wait()).await;
        ended
            .with_context(|| format!("{} has not ended within {} s", self.name, patience.as_secs()))?
            .with_context(|| format!("wait for {}", self.name))
    }

    /// Everything it said.
    pub fn said(&self) -> String {
        std::fs::read(&self.log).map(|said| String::from_utf8_lossy(&said).into_owned()).unwrap_or_default()
    }

    /// The end of what it said, for a message.
    pub fn last_words(&self) -> String {
        let said = self.said();
        let lines: Vec<&str> = said.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let pid = self.process.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        ensure!(pid.is_some(), "{} has ended already\n{}", self.name, self.last_words());
        let pid = pid.expect("checked above");
        kill_process(pid, signal).with_context(|| format!("signal {}", self.name))
    }
}
