//! The demo is interrupted where there is no terminal, at any moment.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::seaworthy::{command, file_of};

/// What the demo listens to.
const SIGNALS: [Signal; 2] = [Signal::INT, Signal::TERM];
/// What ends a process that listens to nothing. An interrupt does not where the tests run in the background of a
/// shell: it is ignored there, and a process that is started inherits that.
const DEFAULT: Signal = Signal::TERM;

/// An empty folder for temporary files.
pub(crate) fn empty_folder(name: &str) -> PathBuf {
    let folder = file_of(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir(&folder).expect("the tests' folder can be written");
    folder
}

pub(crate) fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).expect("it is there").next().is_none()
}

/// Starts the demo; what it says is ours to read.
fn begin(demo: &mut Command) -> Child {
    demo.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts")
}

/// Ends it at this moment; what it still said. It is little, and waits in the pipe for who reads already.
fn interrupted(child: Child, signal: Signal) -> Output {
    kill_process(Pid::from_child(&child), signal).expect("it runs");
    child.wait_with_output().expect("it ends")
}

#[test]
fn plain_lines_end_with_what_it_came_to_and_the_kubeconfig_is_gone() {
    for signal in SIGNALS {
        let folder = empty_folder("interrupted-lines");
        let mut child = begin(command(&["demo", "--plain"]).env("TMPDIR", &folder));
        let mut out = BufReader::new(child.stdout.take().expect("it is piped")).lines().map_while(Result::ok);
        assert!(out.any(|line| line.contains(folder.to_str().expect("our own name"))), "{signal:?}");
        assert!(!is_empty(&folder), "the kubeconfig is there");
        let ended = interrupted(child, signal);
        let last = out.last().expect("it says what it came to");
        assert!(last.starts_with("Found: "), "{signal:?}: {last}");
        assert_eq!((ended.status.code(), ended.stderr.as_slice()), (Some(0), &b""[..]), "{signal:?}");
        assert!(is_empty(&folder), "{signal:?}");
    }
}

/// Until it listens to signals, one ends it as it ends every process; later it ends in order. Either way soon,
/// without a word of trouble, and with nothing left behind.
#[test]
fn an_interrupt_at_the_very_beginning_leaves_nothing_behind() {
    let folder = empty_folder("interrupted-at-once");
    let child = begin(command(&["demo", "--plain"]).env("TMPDIR", &folder));
    let ended = interrupted(child, DEFAULT);
    let is_in_order = ended.status.success() || ended.status.signal() == Some(DEFAULT.as_raw());
    assert!(is_in_order && ended.stderr.is_empty(), "{ended:?}");
    assert!(is_empty(&folder));
}

/// A story that is played at once is told whole or not at all.
#[test]
fn a_whole_story_that_is_interrupted_is_not_told() {
    let child = begin(&mut command(&["demo", "--once"]));
    let ended = interrupted(child, DEFAULT);
    assert_eq!(ended.status.signal(), Some(DEFAULT.as_raw()), "{ended:?}");
    assert!(ended.stdout.is_empty() && ended.stderr.is_empty(), "{ended:?}");
}
