//! What stands in the tree but is made from code is current.

use std::fmt::Write;

use crate::seaworthy::{in_tree, run};

#[test]
fn files_made_from_code_are_current() {
    let mut stale = String::new();
    for (path, arguments) in [
        ("docs/cli.md", &["reference"][..]),
        ("manifests/crds.yaml", &["crds"]),
        ("manifests/rbac.yaml", &["rbac"]),
    ] {
        let made = run(arguments).out;
        let kept = std::fs::read_to_string(in_tree(path)).unwrap_or_default();
        if made != kept {
            let (line, is, should) = first_difference(&kept, &made);
            let command = arguments.join(" ");
            let _ = write!(stale, "\n{path} line {line} is {is:?}; `seaworthy {command}` prints {should:?}");
        }
    }
    assert!(stale.is_empty(), "run `cargo xtask docs` and commit what it writes:{stale}");
}

/// The number of the first line that differs, as it stands in either text; a text that ended has no such line.
fn first_difference<'a>(kept: &'a str, made: &'a str) -> (usize, Option<&'a str>, Option<&'a str>) {
    let (mut kept, mut made) = (kept.lines(), made.lines());
    let mut number = 1;
    loop {
        let (is, should) = (kept.next(), made.next());
        if is != should || is.is_none() {
            return (number, is, should);
        }
        number += 1;
    }
}
