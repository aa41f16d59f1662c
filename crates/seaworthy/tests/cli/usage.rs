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
