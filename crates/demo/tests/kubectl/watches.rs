//! Watches that run beside each other.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use crate::kubectl::Speaking;

/// How long a line may be waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A watch, and what it says. It ends when it is dropped.
pub(crate) struct Watch {
    child: Child,
    lines: Receiver<String>,
}

impl Watch {
    pub(crate) fn start(kubectl: &Speaking<'_>, kind: &str) -> Self {
        let mut command = kubectl.command(&format!("get {kind} -A --watch"));
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().expect("kubectl starts");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let (tell, lines) = mpsc::channel();
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
        Self { child, lines }
    }

    /// Whether a line with this text comes.
    pub(crate) fn says(&self, text: &str) -> bool {
        std::iter::from_fn(|| self.lines.recv_timeout(PATIENCE).ok()).any(|line| line.contains(text))
    }

    /// Whether it goes on.
    pub(crate) fn is_open(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|ended| ended.is_none())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
