//! The program: where it is, and how it is run.

use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// kubectl, with a home of its own.
pub(crate) struct Kubectl {
    program: PathBuf,
    home: tempfile::TempDir,
}

/// kubectl, speaking to one cluster.
pub(crate) struct Speaking<'a> {
    kubectl: &'a Kubectl,
    config: PathBuf,
    /// What it remembers of the cluster.
    cache: PathBuf,
}

/// What it said.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The testbed's, which is of the version that the simulator follows, or one in the path.
pub(crate) fn find() -> Option<Kubectl> {
    let home = tempfile::tempdir().ok()?;
    let testbed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testbed/bin/testbed");
    let built = std::env::var_os("SEAWORTHY_E2E_TESTBED").map_or(testbed, PathBuf::from);
    if let Ok(built) = built.canonicalize() {
        // It is every component of Kubernetes, by the name that it is called by.
        let program = home.path().join("kubectl");
        symlink(built, &program).ok()?;
        return Some(Kubectl { program, home });
    }
    let is_there = Command::new("kubectl").args(["version", "--client"]).output().is_ok();
    is_there.then(|| Kubectl { program: "kubectl".into(), home })
}

/// Says that a test was not run, and how it would be.
pub(crate) fn skipped(test: &str) {
    let _ = writeln!(
        std::io::stderr(),
        "SKIPPED {test}: no kubectl here; `cargo xtask testbed up` builds one, and a real cluster is in a testbed only"
    );
}

impl Kubectl {
    /// It, with a kubeconfig; with a copy, since commands change it.
    pub(crate) fn at(&self, config: &Path) -> Speaking<'_> {
        let cache = self.home.path().join(config.to_string_lossy().replace('/', "-"));
        let own = cache.with_added_extension("config");
        std::fs::copy(config, &own).expect("a kubeconfig is copied");
        Speaking { kubectl: self, config: own, cache }
    }
}

impl Speaking<'_> {
    /// Runs it to its end.
    pub(crate) fn run(&self, arguments: &str, input: &str) -> Said {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().expect("kubectl starts");
        let mut stdin = child.stdin.take().expect("piped above");
        // One that needs no input may have ended.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let output = child.wait_with_output().expect("kubectl ends");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said {
            code: output.status.code().unwrap_or(-1),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// It, with all that it needs to run.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(&self.kubectl.program);
        command
            .args(arguments.split_whitespace())
            .env("KUBECONFIG", &self.config)
            .env("HOME", self.kubectl.home.path())
            .env("KUBECACHEDIR", &self.cache)
            .env("EDITOR", "sed -i s/old/new/")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}
