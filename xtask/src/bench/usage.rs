//! What a process has used, as the kernel counts it.

use anyhow::{Context, Result, bail};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

/// Clock ticks in a second: fixed at 100 in what Linux shows to programs.
const TICKS: f64 = 100.0;
/// How long a process must have been idle to count as settled, and how often it is looked at.
const QUIET: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(250);

/// A process of this machine, in whatever namespace.
pub(super) struct Process {
    pid: u32,
}

/// What it has used so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Usage {
    pub(super) cpu_s: f64,
    pub(super) rss_bytes: u64,
    pub(super) peak_bytes: u64,
}

impl Process {
    /// The process that runs `program` with `argument` among its words.
    pub(super) fn running(program: &Path, argument: &str) -> Result<Self> {
        for entry in fs::read_dir("/proc").context("is this Linux?")? {
            let path = entry?.path();
            let Some(pid) = path.file_name().and_then(|name| name.to_str()?.parse().ok()) else { continue };
            // Processes end while we look.
            let is_it = fs::read_link(path.join("exe")).is_ok_and(|exe| exe == program);
            let words = fs::read_to_string(path.join("cmdline")).unwrap_or_default();
            if is_it && words.split('\0').any(|word| word == argument) {
                return Ok(Self { pid });
            }
        }
        bail!("no process runs {} {argument}", program.display())
    }

    /// What it has used so far.
    pub(super) fn usage(&self) -> Result<Usage> {
        let read = |file: &str| {
            fs::read_to_string(format!("/proc/{}/{file}", self.pid)).context("the process has ended")
        };
        let (status, stat) = (read("status")?, read("stat")?);
        let kilobytes = |name: &str| -> Result<u64> {
            let line = status.lines().find(|line| line.starts_with(name)).context("no such line")?;
            Ok(line.split_whitespace().nth(1).context("no value")?.parse::<u64>()? * 1024)
        };
        // The name, in parentheses, may hold anything; user and system time are the 12th and 13th after it.
        let fields: Vec<&str> = stat.rsplit_once(')').context("no name")?.1.split_whitespace().collect();
        let ticks = |at: usize| -> Result<f64> { Ok(fields.get(at).context("no such field")?.parse()?) };
        Ok(Usage {
            cpu_s: (ticks(11)? + ticks(12)?) / TICKS,
            rss_bytes: kilobytes("VmRSS:")?,
            peak_bytes: kilobytes("VmHWM:")?,
        })
    }

    /// Asks it to end.
    pub(super) fn end(&self) -> Result<()> {
        let status = Command::new("kill").arg(self.pid.to_string()).status().context("is there `kill`?")?;
        if !status.success() {
            bail!("process {} cannot be ended", self.pid);
        }
        Ok(())
    }

    /// Waits until it has done next to nothing for a while.
    pub(super) fn settled(&self) -> Result<Usage> {
        let mut usage = self.usage()?;
        let mut quiet = Duration::ZERO;
        while quiet < QUIET {
            thread::sleep(LOOK);
            let now = self.usage()?;
            // Two ticks a look: bookmarks and timers, no more.
            let is_quiet = now.cpu_s - usage.cpu_s <= 2.0 / TICKS;
            quiet = if is_quiet { quiet + LOOK } else { Duration::ZERO };
            usage = now;
        }
        Ok(usage)
    }
}
