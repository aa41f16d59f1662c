//! tokio's `watch` wakes those who wait in an order that it draws by chance, which no seed of ours governs. Where several
//! may wait, `Notify`, `SetOnce` and `CancellationToken` wake them in the order in which they came.

use crate::expect_nothing;
use crate::source::{Source, under};

/// What the simulator does not run.
const OUTSIDE: &[&str] =
    &["crates/e2e/", "crates/net/src/server", "crates/net/src/tls/", "crates/seaworthy/"];

/// Where a `watch` is made that one task alone waits for.
const LONELY: &[&str] = &[
    // The engine waits; what writes only looks.
    "crates/cluster/src/lease/elector.rs",
    // Whoever ends a service, and the service's own shell.
    "crates/environment/src/tasks.rs",
    // As the elector's, whose place it takes in a build for the simulator.
    "crates/healer/src/service/unfenced.rs",
    // The core; the other one sends.
    "crates/monitor/src/service.rs",
    "crates/monitor/src/service/reload.rs",
];

/// The places where a source makes one.
fn makes(source: &Source) -> Vec<String> {
    [&["watch", "::", "channel"], &["watch", "::", "Sender"]]
        .into_iter()
        .flat_map(|words| source.find(words))
        .map(|at| source.complain(source.tokens[at].line, "makes a `watch`"))
        .collect()
}

#[test]
fn a_watch_has_one_who_waits() {
    let sources = under("crates");
    let inside =
        sources.iter().filter(|source| !OUTSIDE.iter().any(|folder| source.path.starts_with(folder)));
    let found: Vec<String> =
        inside.filter(|source| !LONELY.contains(&source.path.as_str())).flat_map(makes).collect();
    expect_nothing("several who wait are woken in the order in which they came:", &found);
}

#[test]
fn no_exception_is_stale() {
    let sources = under("crates");
    let is_made = |path: &str| sources.iter().any(|source| source.path == path && !makes(source).is_empty());
    let stale: Vec<String> =
        LONELY.iter().filter(|path| !is_made(path)).map(|path| (*path).to_owned()).collect();
    expect_nothing("LONELY lists what makes no watch: take it out", &stale);
}

#[test]
fn a_watch_is_found() {
    let check =
        |text, expected| assert_eq!(makes(&Source::from_text("x.rs", text)).len(), expected, "{text}");
    check("fn f() { let (a, b) = watch::channel(1); }", 1);
    check("struct S { a: tokio::sync::watch::Sender<u8> }", 1);
    check("fn f(a: watch::Receiver<u8>) { watch::watch(a) }", 0);
}
