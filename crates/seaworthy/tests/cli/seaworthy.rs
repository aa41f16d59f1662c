//! Runs the binary.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a run said and how it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// The binary with these arguments, knowing nothing of whoever runs the tests.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seaworthy"));
    command
        .args(arguments)
        .env_clear()
        // An empty folder of ours as home: no kubeconfig to find by accident.
        .env("HOME", env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::null());
    command
}

/// Runs it to its end.
pub(crate) fn run(arguments: &[&str]) -> Ended {
    end(&mut command(arguments))
}

/// Runs a prepared command to its end.
pub(crate) fn end(command: &mut Command) -> Ended {
    let output = command.output().expect("the binary starts");
    Ended {
        code: output.status.code().expect("the binary ends by itself"),
        out: String::from_utf8(output.stdout).expect("output is text"),
        err: String::from_utf8(output.stderr).expect("errors are text"),
    }
}

/// Fails unless the run ended with this code and said all of these on standard error.
pub(crate) fn expect_error(arguments: &[&str], code: i32, says: &[&str]) {
    let ended = run(arguments);
    assert_eq!(ended.code, code, "{arguments:?}: {ended:?}");
    for text in says {
        assert!(ended.err.contains(text), "{arguments:?} should say {text:?}, says:\n{}", ended.err);
    }
    assert!(!ended.err.contains("panicked"), "{}", ended.err);
}

/// Where a file of the tests' lies.
pub(crate) fn file_of(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// A file of this test's with this content.
pub(crate) fn file(name: &str, content: &str) -> PathBuf {
    let path = file_of(name);
    std::fs::write(&path, content).expect("the tests' folder can be written");
    path
}

/// A file of the repository's.
pub(crate) fn in_tree(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("crates/ lies in the repository")
        .join(path)
}
