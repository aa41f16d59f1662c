//! Who sees what happens, while it happens: each a stream of JSON, read in a thread of its own, so that nothing waits for
//! its turn to be looked at.

use super::facts::Fact;
use anyhow::{Context, Result};
use serde_json::{Deserializer, Value};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

/// How often a log is looked at for more. Less than anybody notices.
const LOOK: Duration = Duration::from_millis(20);

/// What was seen at once: what it says, and what of the story it settles.
pub(super) struct Seen {
    pub(super) facts: Vec<Fact>,
    pub(super) end: Option<End>,
}

/// What the story waits for.
pub(super) enum End {
    Healed,
    Reported,
}

/// Makes of an object what is to be told.
pub(super) type Look = fn(&Value) -> Seen;

/// A running program that watches; it ends with this.
pub(super) struct Watch(Child);

impl Watch {
    /// `kubectl get … --watch`, object by object.
    pub(super) fn start(what: &[&str], look: Look, seen: Sender<Seen>) -> Result<Self> {
        let mut kubectl = Command::new("kubectl")
            .arg("get")
            .args(what)
            .args(["--watch", "-o", "json"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("kubectl does not start")?;
        let objects = Deserializer::from_reader(BufReader::new(kubectl.stdout.take().expect("piped above")));
        thread::spawn(move || tell(objects.into_iter::<Value>().map_while(Result::ok), look, &seen));
        Ok(Self(kubectl))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A log of JSON lines, from its beginning on, for as long as anybody listens.
pub(super) fn follow(log: &Path, look: Look, seen: Sender<Seen>) -> Result<()> {
    let mut log = BufReader::new(File::open(log).with_context(|| format!("cannot read {}", log.display()))?);
    thread::spawn(move || {
        let mut line = String::new();
        // A line that is not whole yet is read on.
        while log.read_line(&mut line).is_ok() {
            if line.ends_with('\n') {
                let object = serde_json::from_str(&line).ok();
                if !tell(object.into_iter(), look, &seen) {
                    return;
                }
                line.clear();
            } else {
                thread::sleep(LOOK);
            }
        }
    });
    Ok(())
}

/// Whether anybody still listens.
fn tell(mut objects: impl Iterator<Item = Value>, look: Look, seen: &Sender<Seen>) -> bool {
    objects.all(|object| seen.send(look(&object)).is_ok())
}
