//! There are two kinds of writes to Kubernetes, and each has its one place.

use crate::expect_nothing;
use crate::source::{Source, under};

/// Who may write. A name without an ending is a folder.
const WRITERS: &[&str] = &[
    // Seaworthy's own API group, its Leases, Events; `write.rs` is their common hand, private to the crate.
    "crates/cluster/src/bookkeeping",
    "crates/cluster/src/lease",
    "crates/cluster/src/write.rs",
    // Everything else, with an Admit of the governor in hand.
    "crates/cluster/src/effects",
    // Asks the API server who the user is, which the API has sent as a `create` and which creates nothing.
    "crates/seaworthy/src/whoami.rs",
    // Sets up and breaks clusters that are there to be broken.
    "crates/e2e",
    // Others at work in a simulated cluster; nothing that leaves the process.
    "crates/sim/src/actors",
];

/// Methods of `kube::Api` and of request builders that change something.
const WRITING_CALLS: &[&str] = &[
    "create",
    "create_subresource",
    "replace",
    "replace_status",
    "replace_scale",
    "replace_subresource",
    "patch",
    "patch_status",
    "patch_scale",
    "patch_metadata",
    "patch_subresource",
    "patch_ephemeral_containers",
    "delete",
    "delete_collection",
    "evict",
    "restart",
    "cordon",
    "uncordon",
    "exec",
    "attach",
    "portforward",
];

/// Raw requests, by method.
const WRITING_METHODS: &[&str] = &["POST", "PUT", "PATCH", "DELETE"];

fn may_write(path: &str) -> bool {
    WRITERS.iter().any(|writer| is_of(path, writer))
}

fn is_of(path: &str, writer: &str) -> bool {
    path == writer || path.strip_prefix(writer).is_some_and(|rest| rest.starts_with('/'))
}

/// Writing calls in a file that has a Kubernetes client at hand. Files without one cannot reach the server.
fn writes(source: &Source) -> Vec<String> {
    if source.names_crate("kube").is_none() {
        return Vec::new();
    }
    let calls = WRITING_CALLS.iter().flat_map(|call| {
        let found: Vec<usize> = source.find(&[".", call, "("]).collect();
        found.into_iter().map(move |at| source.complain(source.tokens[at].line, &format!("calls `{call}`")))
    });
    let methods = WRITING_METHODS.iter().flat_map(|method| {
        let found: Vec<usize> = source.find(&["Method", "::", method]).collect();
        found.into_iter().map(move |at| source.complain(source.tokens[at].line, &format!("sends a {method}")))
    });
    calls.chain(methods).collect()
}

#[test]
fn only_the_two_writers_write() {
    let found: Vec<String> =
        under("crates").iter().filter(|source| !may_write(&source.path)).flat_map(writes).collect();
    expect_nothing("Kubernetes is written to by cluster::bookkeeping and cluster::effects alone:", &found);
}

#[test]
fn no_writer_is_stale() {
    let sources = under("crates");
    let writes_there = |writer: &str| {
        let mut own = sources.iter().filter(|source| is_of(&source.path, writer));
        own.any(|source| !writes(source).is_empty())
    };
    let found: Vec<String> =
        WRITERS.iter().filter(|writer| !writes_there(writer)).map(|writer| (*writer).to_owned()).collect();
    expect_nothing("WRITERS lists what is not there or does not write any more: take it out", &found);
}

#[test]
fn the_hand_that_writes_is_private() {
    let found: Vec<String> = under("crates/cluster/src")
        .iter()
        .flat_map(|source| source.find(&["pub", "mod", "write"]).map(|at| (source, at)).collect::<Vec<_>>())
        .map(|(source, at)| source.complain(source.tokens[at].line, "`write` writes whatever it is told"))
        .collect();
    expect_nothing("what may be written is said by the module around the hand:", &found);
}

#[test]
fn a_write_is_found() {
    let check =
        |text, expected| assert_eq!(writes(&Source::from_text("x.rs", text)).len(), expected, "{text}");
    check("use kube::Api; fn f(api: Api<Pod>) { api.list(&p); }", 0);
    check("use kube::Api; fn f(api: Api<Pod>) { api.patch(n, &p, &q); }", 1);
    check("use kube::Client; fn f() { Request::builder().method(Method::DELETE); }", 1);
    check("fn f(file: &File) { file.delete(); }", 0);
}
