//! `select!` without `biased` picks by chance, which no seed of ours governs.

use crate::expect_nothing;
use crate::source::{Source, under};

fn unbiased(source: &Source) -> Vec<String> {
    source
        .find(&["select", "!"])
        .filter(|&at| !source.at(at + 3, &["biased", ";"]))
        .map(|at| source.complain(source.tokens[at].line, "select! without `biased;` as its first line"))
        .collect()
}

#[test]
fn every_select_is_biased() {
    let found: Vec<String> = under("crates").iter().flat_map(unbiased).collect();
    expect_nothing("every select! says its order:", &found);
}

#[test]
fn an_unbiased_select_is_found() {
    let check =
        |text, expected| assert_eq!(unbiased(&Source::from_text("x.rs", text)).len(), expected, "{text}");
    check("fn f() { tokio::select! { biased; _ = a => {} } }", 0);
    check("fn f() { tokio::select! { _ = a => {} } }", 1);
    check("fn f() { outer!(select! { _ = a => {} }); }", 1);
}
