//! `docs/checks.md` has a runbook for every check, where alerts link to it.

use std::path::Path;

#[test]
fn every_check_has_its_runbook() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/checks.md");
    let page = std::fs::read_to_string(page).expect("the page is there");
    let headings: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    for code in model::codes::ALL {
        assert!(headings.contains(&code), "{code} has no runbook");
    }
}
