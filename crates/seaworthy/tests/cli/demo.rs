//! The demo, where there is no terminal.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::seaworthy::{command, expect_error, run};

#[test]
fn what_the_demo_cannot_be_asked_for() {
    expect_error(&["demo", "--speed", "fast"], 64, &["--speed", "0 to 100"]);
    expect_error(&["demo", "-o", "json"], 64, &["--once"]);
    expect_error(&["demo", "--once", "-o", "yaml"], 64, &["text, json"]);
    expect_error(&["demo", "--once", "--plain"], 64, &["cannot be used with"]);
}

#[test]
fn one_seed_is_one_story_to_the_byte() {
    let play = || std::thread::spawn(|| run(&["demo", "--once", "-o", "json", "--seed", "7"]));
    let [one, other] = [play(), play()].map(|played| played.join().expect("it was played"));
    assert_eq!((one.code, one.err.as_str()), (0, ""));
    assert_eq!(one.out, other.out);
    let story: Value = serde_json::from_str(&one.out).expect("it is JSON");
    for part in ["chapters", "found", "remediations", "sent"] {
        assert!(story[part].as_array().is_some_and(|list| !list.is_empty()), "{part}");
    }
    assert_eq!(story["seed"], 7);
}

/// A pipe gets lines as they come, also where there is no home to write to; a signal ends it in order.
#[test]
fn a_pipe_gets_plain_lines_until_it_is_enough() {
    let mut child = command(&["demo", "--speed", "100"])
        .env("HOME", "/proc/no-such-home")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines().map_while(Result::ok);
    let env = lines.find_map(|line| line.split_once(": source ").map(|(_, path)| PathBuf::from(path)));
    let env = env.expect("it says how others come in");
    assert!(env.exists(), "{}", env.display());
    let healed = lines.find(|line| line.contains("healed"));
    assert!(
        healed.is_some_and(|line| line.contains("shop/web: PodRunningNotReady is healed after EvictPod"))
    );
    kill_process(Pid::from_child(&child), Signal::TERM).expect("it runs");
    let last = lines.last().expect("it says what it came to");
    assert!(last.starts_with("Found: ") && last.contains("Healed: "), "{last}");
    assert!(child.wait().expect("it ends").success());
    assert!(!env.exists(), "{} goes with it", env.display());
}

#[test]
fn whoever_has_read_enough_may_close_the_pipe() {
    let mut child = command(&["demo", "--speed", "100"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    drop(BufReader::new(child.stdout.take().expect("it is piped")).lines().next());
    let ended = child.wait_with_output().expect("it ends");
    assert_eq!((ended.status.code(), ended.stderr.as_slice()), (Some(0), &b""[..]));
}
