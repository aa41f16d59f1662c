//! Wrong command lines, and those that ask for help.

use crate::seaworthy::{expect_error, run};

#[test]
fn a_wrong_command_line_is_64_and_says_what_would_be_right() {
    expect_error(&[], 64, &["Usage"]);
    expect_error(&["chekc"], 64, &["chekc", "--help"]);
    expect_error(&["issues", "--alertr", "x"], 64, &["--alertr", "--alerter"]);
    expect_error(&["issues", "-o", "xml"], 64, &["xml", "json", "yaml"]);
    expect_error(&["explain", "web"], 64, &["KIND/NAME"]);
    expect_error(&["pause", "--for", "soon"], 64, &["soon", "1h30m"]);
    expect_error(&["issues", "--log", "monitor=loud"], 64, &["error, warn, info, debug, trace"]);
    expect_error(&["remediations", "-A", "-n", "shop"], 64, &["cannot be used with"]);
    // An empty name comes from a script's variable that was never set.
    expect_error(&["check", "-n", ""], 64, &["--namespace", "1 to 63"]);
    expect_error(&["rbac", "-n", "Bad Name"], 64, &["--namespace", "a-z"]);
    expect_error(&["rbac", "--actions", "Evict"], 64, &["EvictPod"]);
    expect_error(&["completions", "tcsh"], 64, &["bash", "zsh"]);
    expect_error(&["config"], 64, &["validate", "show"]);
    expect_error(&["config", "show", "x.yaml", "-o", "table"], 64, &["yaml", "json"]);
    expect_error(&["alerter"], 64, &["--config"]);
    expect_error(&["ack", "deploy/web", "--by", ""], 64, &["--by"]);
    // Where the environment does not say who asks either.
    expect_error(&["ack", "deploy/web"], 64, &["USER is not set", "--by NAME"]);
    expect_error(&["remediations", "approve"], 64, &["<NAME>"]);
    expect_error(&["remediations", "approve", "pod/web"], 64, &["seaworthy remediations"]);
}

#[test]
fn what_would_last_no_time_is_refused() {
    expect_error(&["pause", "--for", "0s"], 64, &["--for", "30m"]);
    expect_error(&["remediations", "approve", "x", "--for", "0s"], 64, &["--for"]);
    expect_error(&["ack", "deploy/web", "--by", "me", "--for", "0m"], 64, &["--for"]);
    expect_error(&["certs", "--out", "/nowhere", "--validity", "0d"], 64, &["--validity"]);
}

#[test]
fn help_and_version_are_no_errors() {
    for arguments in [&["--help"][..], &["--version"], &["help"], &["issues", "-h"], &["version"]] {
        let ended = run(arguments);
        assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{arguments:?}");
        assert!(!ended.out.is_empty());
    }
}

#[test]
fn answers_to_programs_are_what_they_say() {
    let ended = run(&["version", "-o", "json"]);
    let version: serde_json::Value = serde_json::from_str(&ended.out).expect("JSON");
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(version["customResources"], "seaworthy.dev/v1alpha1");
}

#[test]
fn every_shell_has_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = run(&["completions", shell]);
        assert!(ended.code == 0 && ended.out.contains("seaworthy"), "{shell}");
    }
}

#[test]
fn a_pipe_has_no_colours() {
    assert!(!run(&["version"]).out.contains('\x1b'));
}
