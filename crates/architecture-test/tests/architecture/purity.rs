//! Cores are pure: time and randomness are arguments, and nothing is sent or waited for.

use crate::expect_nothing;
use crate::source::{Source, under};

/// The files of each service that may do I/O, wait, and ask for the time. Everything else of a service is core.
/// A name without an ending is a folder.
const SHELL: &[(&str, &[&str])] = &[
    ("crates/monitor/src", &["service.rs", "service"]),
    ("crates/healer/src", &["service.rs", "service"]),
    ("crates/alerter/src", &["service.rs", "service", "api", "metrics.rs", "receivers", "store"]),
];

/// Crates that mean I/O, waiting or chance.
const IMPURE_CRATES: &[&str] = &[
    "tokio",
    "kube",
    "axum",
    "hyper",
    "hyper_util",
    "sqlx",
    "rustls",
    "tokio_rustls",
    "tower",
    "lettre",
    "environment",
    "net",
];

/// Sequences that reach the operating system or the clock.
const IMPURE_WORDS: &[&[&str]] = &[
    &["std", "::", "fs"],
    &["std", "::", "net", "::", "Tcp"],
    &["std", "::", "process"],
    &["std", "::", "env"],
    &["std", "::", "thread"],
    &["SystemTime"],
    &["Instant"],
    &["Timestamp", "::", "now"],
    &["Zoned", "::", "now"],
    &["HashMap"],
    &["HashSet"],
    &["await"],
];

/// Of `kube`, the vocabulary may use what describes resources, not what reaches a server.
const NOT_IN_MODEL: &[&[&str]] = &[
    &["kube", "::", "Client"],
    &["kube", "::", "Api"],
    &["kube", "::", "client"],
    &["kube", "::", "api"],
    &["kube", "::", "runtime"],
];

fn is_shell(path: &str, folder: &str, shell: &[&str]) -> bool {
    let inside = path.strip_prefix(folder).unwrap_or(path).trim_start_matches('/');
    shell
        .iter()
        .any(|name| inside == *name || inside.strip_prefix(name).is_some_and(|rest| rest.starts_with('/')))
}

fn impurities(source: &Source, crates: &[&str], words: &[&[&str]]) -> Vec<String> {
    let crates = crates
        .iter()
        .filter_map(|name| Some(source.complain(source.names_crate(name)?, &format!("uses `{name}`"))));
    let words = words.iter().filter_map(|words| {
        let at = source.find(words).next()?;
        Some(source.complain(source.tokens[at].line, &format!("uses `{}`", words.concat())))
    });
    crates.chain(words).collect()
}

#[test]
fn the_vocabulary_does_nothing() {
    let crates: Vec<&str> = IMPURE_CRATES.iter().copied().filter(|name| *name != "kube").collect();
    let words = [IMPURE_WORDS, NOT_IN_MODEL].concat();
    let found: Vec<String> =
        under("crates/model/src").iter().flat_map(|source| impurities(source, &crates, &words)).collect();
    expect_nothing("model has no I/O and no async:", &found);
}

#[test]
fn the_cores_of_the_services_are_pure() {
    let mut found = Vec::new();
    for (folder, shell) in SHELL {
        for source in under(folder).iter().filter(|source| !is_shell(&source.path, folder, shell)) {
            found.extend(impurities(source, IMPURE_CRATES, IMPURE_WORDS));
        }
    }
    expect_nothing("a core takes time and chance as arguments, and a shell module does the rest:", &found);
}

#[test]
fn no_exemption_is_stale() {
    let mut found = Vec::new();
    for (folder, shell) in SHELL {
        let sources = under(folder);
        for name in *shell {
            let mut exempt = sources.iter().filter(|source| is_shell(&source.path, folder, &[name]));
            if exempt.all(|source| impurities(source, IMPURE_CRATES, IMPURE_WORDS).is_empty()) {
                found.push(format!("{folder}/{name}"));
            }
        }
    }
    expect_nothing("SHELL lists what is not there or is pure by now: take it out", &found);
}

#[test]
fn an_impurity_is_found() {
    let check = |text, expected| {
        let found = impurities(&Source::from_text("x.rs", text), IMPURE_CRATES, IMPURE_WORDS);
        assert_eq!(found.len(), expected, "{text}: {found:?}");
    };
    check("use std::collections::BTreeMap; fn f(now: jiff::Timestamp) {}", 0);
    check("use tokio::time::sleep;", 1);
    check("fn f() -> jiff::Timestamp { jiff::Timestamp::now() }", 1);
    check("fn f() { println!(\"{:?}\", std::time::SystemTime::now()) }", 1);
}
