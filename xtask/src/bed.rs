//! A testbed of a chore's own, taken down when the chore is over.

use crate::tree;
use sha2::{Digest, Sha256};
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

/// A testbed by name. Another clone's chores have other names, so that both can run at once.
pub(crate) struct Bed {
    name: String,
}

impl Bed {
    /// The testbed for this purpose.
    pub(crate) fn new(purpose: &str) -> Self {
        let clone = Sha256::digest(tree::root().as_os_str().as_encoded_bytes());
        Self { name: format!("{purpose}-{}", hex::encode(&clone[..3])) }
    }

    /// What the testbed is called.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Brings it up and waits until it is ready.
    pub(crate) fn up(&self, real_nodes: u32) -> Command {
        Self::xtask(["testbed", "up", "--name", &self.name, "--real-nodes", &real_nodes.to_string()])
    }

    /// Runs a program inside.
    pub(crate) fn exec(&self, program: &Path) -> Command {
        let mut command = Self::xtask(["testbed", "exec", "--name", &self.name, "--"]);
        command.arg(program);
        command
    }

    /// Any other of its commands.
    pub(crate) fn testbed<const N: usize>(&self, words: [&str; N]) -> Command {
        let mut command = Self::xtask(["testbed"]);
        command.arg(words[0]).args(["--name", &self.name]).args(&words[1..]);
        command
    }

    /// Takes it down, if it is up.
    pub(crate) fn down(&self) {
        let mut down = Self::xtask(["testbed", "down", "--name", &self.name]);
        down.stdin(Stdio::null()).stdout(Stdio::null());
        if let Err(error) = down.status() {
            eprintln!("the testbed {} was not taken down: {error}", self.name);
        }
    }

    /// How a person gets in, and gets rid of it.
    pub(crate) fn hint(&self) -> String {
        let name = &self.name;
        format!(
            "`cargo xtask testbed exec --name {name} -- kubectl get pods -A`; `cargo xtask testbed down --name {name}`"
        )
    }

    /// Takes it down when dropped: also when a chore ends early.
    pub(crate) fn guard(&self) -> Guard<'_> {
        Guard(self)
    }

    /// Another chore of ours, as a person would call it.
    pub(crate) fn xtask<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap_or_else(|_| "xtask".into()));
        command.args(arguments).current_dir(tree::root());
        command
    }
}

/// Takes a testbed down when dropped.
pub(crate) struct Guard<'a>(&'a Bed);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.down();
    }
}
