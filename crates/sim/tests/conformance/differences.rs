//! Where two answers differ, and which differences are meant.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::play::Played;

/// What is meant to differ: a path and a JSON pointer into its answer, and why. Each reason stands in
/// `docs/simulator-api.md`.
const MEANT: &[(&str, &str, &str)] = &[
    ("", r"/managedFields$", "who owns which field is not modelled"),
    (
        "",
        r"/items/\d+/(apiVersion|kind)$",
        "objects in lists say their kind, which lists of built-in kinds leave out",
    ),
    ("/pods|/replicasets", r"/tolerationSeconds$", "the testbed's own, so that nobody waits for minutes"),
    ("/pods", r"/labels/topology.kubernetes.io~1(zone|region)$", "pods do not take over where their node is"),
    (
        "/pods|/poddisruptionbudgets",
        r"/(conditions/)?\d+/observedGeneration$",
        "conditions do not say which generation they are about",
    ),
    ("/pods", r"/observedGeneration$", "kubelets do not say which generation they saw"),
    (
        "/pods",
        r"^/body/(items/\d+/)?(status/)?(allocatedResources|resources)$",
        "what a node has allotted is not modelled",
    ),
    (
        "/pods",
        r"/containerStatuses/\d+/(allocatedResources|resources)$",
        "what a node has allotted is not modelled",
    ),
    ("/pods", r"/(hostIP|hostIPs)$", "nodes have no addresses"),
    ("/pods", r"/imageID$", "images have no content"),
    ("/services", r"/(clusterIP|clusterIPs|ipFamilies|ipFamilyPolicy)$", "Services have no addresses"),
    ("/daemonsets", r"/annotations$", "an annotation of long ago, for clients of long ago"),
    ("/jobs", r"/lastProbeTime$", "the same as when it came to be so"),
    ("/endpointslices", r"/metadata/generation$", "how often a controller looks is its own affair"),
    ("/endpointslices", r"/annotations$", "when endpoints changed is not kept beside them"),
    ("/apis/[^/]+/v[^/]*$", r"/storageVersionHash$", "how objects are stored is the real server's own"),
];

static READY: LazyLock<Vec<(Regex, Regex)>> = LazyLock::new(|| {
    let form = |text: &str| Regex::new(text).expect("a form");
    MEANT.iter().map(|(path, pointer, _)| (form(path), form(pointer))).collect()
});

/// Where what came of a case differs in a way that is not meant.
pub(crate) fn between(simulated: &Played, real: &Played) -> Vec<String> {
    let mut found = Vec::new();
    let (ours, theirs) = (simulated.answers.len(), real.answers.len());
    if ours != theirs {
        found.push(format!("{ours} answers simulated, {theirs} real"));
    }
    for ((what, simulated), (_, real)) in simulated.answers.iter().zip(&real.answers) {
        let mut here = Vec::new();
        differ("", simulated.as_ref(), real.as_ref(), &mut here);
        here.retain(|(pointer, _)| !is_meant(what, pointer));
        found.extend(here.into_iter().map(|(pointer, how)| format!("{what}: {pointer}: {how}")));
    }
    found
}

fn is_meant(what: &str, pointer: &str) -> bool {
    READY.iter().any(|(path, meant)| path.is_match(what) && meant.is_match(pointer))
}

fn differ(pointer: &str, simulated: Option<&Value>, real: Option<&Value>, found: &mut Vec<(String, String)>) {
    if simulated == real || (is_nothing(simulated) && is_nothing(real)) {
        return;
    }
    match (simulated, real) {
        (Some(Value::Object(simulated)), Some(Value::Object(real))) => {
            let names: std::collections::BTreeSet<&String> = simulated.keys().chain(real.keys()).collect();
            for name in names {
                let below = format!("{pointer}/{}", name.replace('/', "~1"));
                differ(&below, simulated.get(name), real.get(name), found);
            }
        }
        (Some(Value::Array(simulated)), Some(Value::Array(real))) => {
            for at in 0..simulated.len().max(real.len()) {
                differ(&format!("{pointer}/{at}"), simulated.get(at), real.get(at), found);
            }
        }
        _ => {
            found.push((pointer.to_owned(), format!("simulated {}, real {}", shown(simulated), shown(real))));
        }
    }
}

/// What no client can tell from a field that is not there. A number can: none asked for is not the
/// same as nothing said.
fn is_nothing(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Object(fields)) => fields.is_empty(),
        Some(_) => false,
    }
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "nothing".to_owned(), Value::to_string)
}
