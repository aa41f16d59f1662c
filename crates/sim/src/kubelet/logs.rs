//! What containers have written: a few lines of a beginning and of an end, as they would be.

use std::fmt::Write;

use jiff::Timestamp;

use super::Fleet;
use super::behaviour::Ending;
use super::container::{Exit, State};
use crate::registry::time;

impl Fleet {
    /// The log of a container of a pod, by the pod's UID, or of its run before; `None` where there
    /// was none, or where its kubelet does not answer.
    pub fn log(&self, uid: &str, container: &str, previous: bool) -> Option<String> {
        let local = self.pods.get(uid)?;
        if !self.machines.get(&local.node)?.acts() {
            return None;
        }
        let number = local.spec.containers.iter().position(|own| own.name == container)?;
        let (run, image) = (&local.runs[number], &local.spec.containers[number].image);
        match &run.state {
            State::Running(life) if !previous => Some(lines(image, life.started, None)),
            State::Ended { exit, .. } if !previous => Some(lines(image, exit.started, Some(exit))),
            _ => run.last.as_deref().map(|exit| lines(image, exit.started, Some(exit))),
        }
    }
}

fn lines(image: &str, started: Timestamp, exit: Option<&Exit>) -> String {
    let mut log = String::new();
    let mut line = |at: Timestamp, level: &str, text: &str| {
        // A text takes everything.
        let _ = writeln!(log, "{} {level} {text}", time(at));
    };
    line(started, "INFO", &format!("starting {image}"));
    line(started, "INFO", "listening on :8080");
    if let Some(exit) = exit {
        let at = exit.finished;
        match exit.ending {
            Ending::Exit(0) => line(at, "INFO", "done"),
            Ending::Exit(code) => line(at, "FATAL", &format!("cannot go on, exiting with {code}")),
            // The kernel does not ask: the last word is from before.
            Ending::OutOfMemory => line(at, "WARN", "cache grows: memory is nearly used up"),
            Ending::Killed | Ending::Lost => {}
        }
    }
    log
}
