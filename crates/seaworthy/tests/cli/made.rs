//! What stands in the tree but is made from code is current.

use crate::seaworthy::{in_tree, run};

#[test]
fn files_made_from_code_are_current() {
    for (path, arguments) in [
        ("docs/cli.md", &["reference"][..]),
        ("manifests/crds.yaml", &["crds"]),
        ("manifests/rbac.yaml", &["rbac"]),
    ] {
        let made = run(arguments).out;
        let kept = std::fs::read_to_string(in_tree(path)).unwrap_or_default();
        assert!(
            made == kept,
            "{path} is not what `seaworthy {}` prints: run `cargo xtask docs`",
            arguments.join(" ")
        );
    }
}
