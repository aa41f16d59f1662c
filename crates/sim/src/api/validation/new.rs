//! What every object of a kind must have.

use serde_json::Value;

use super::{Errors, error, is_one_of};
use crate::kinds::{self, Kind};
use crate::storage::Object;
use crate::view::Selector;

/// The kinds that run pods from a template.
const WITH_TEMPLATE: &[Kind] =
    &[kinds::DEPLOYMENT, kinds::REPLICA_SET, kinds::STATEFUL_SET, kinds::DAEMON_SET];

const EFFECTS: &[&str] = &["NoSchedule", "PreferNoSchedule", "NoExecute"];

pub(super) fn check(kind: Kind, object: &Value) -> Errors {
    let mut errors = labels(&object["metadata"]["labels"]);
    let spec = &object["spec"];
    if kind == kinds::POD {
        errors.extend(containers("spec", spec));
    }
    if kind == kinds::NODE {
        errors.extend(taints(&spec["taints"]));
    }
    if is_one_of(kind, WITH_TEMPLATE) {
        errors.extend(workload(spec));
    }
    if kind == kinds::EVENT_EVENTS {
        let needed = ["action", "reason", "reportingController", "reportingInstance"];
        let missing = needed.iter().filter(|field| object[**field].as_str().unwrap_or_default().is_empty());
        errors.extend(missing.map(|field| error(field, "Required value")));
    }
    if kind == kinds::LEASE && spec["leaseDurationSeconds"].as_i64().is_some_and(|seconds| seconds <= 0) {
        errors.push(error("spec.leaseDurationSeconds", "Invalid value: 0: must be greater than 0"));
    }
    if kind == kinds::POD_DISRUPTION_BUDGET
        && !spec["minAvailable"].is_null()
        && !spec["maxUnavailable"].is_null()
    {
        errors.push(error("spec", "Invalid value: minAvailable and maxUnavailable cannot be both set"));
    }
    errors
}

fn labels(labels: &Value) -> Errors {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_good = |text: &str| {
        let ends = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
        text.len() <= 63
            && text.chars().all(is_letter)
            && ends(text.chars().next())
            && ends(text.chars().next_back())
    };
    let values = labels.as_object().into_iter().flatten().filter_map(|(_, value)| value.as_str());
    let bad = values.filter(|value| !is_good(value));
    bad.map(|value| {
        let why = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and \
                   must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', \
                   regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
        error("metadata.labels", &format!("Invalid value: \"{value}\": {why}"))
    })
    .collect()
}

fn containers(path: &str, spec: &Value) -> Errors {
    let Some(containers) = spec["containers"].as_array().filter(|all| !all.is_empty()) else {
        return vec![error(&format!("{path}.containers"), "Required value")];
    };
    let mut errors = Errors::new();
    for (at, container) in containers.iter().enumerate() {
        for field in ["name", "image"] {
            if container[field].as_str().unwrap_or_default().is_empty() {
                errors.push(error(&format!("{path}.containers[{at}].{field}"), "Required value"));
            }
        }
        let name = &container["name"];
        if containers[..at].iter().any(|other| other["name"] == *name) {
            errors.push(error(&format!("{path}.containers[{at}].name"), &format!("Duplicate value: {name}")));
        }
    }
    errors
}

fn taints(taints: &Value) -> Errors {
    let mut errors = Errors::new();
    let all = taints.as_array().map_or(&[][..], Vec::as_slice);
    for (at, taint) in all.iter().enumerate() {
        let path = format!("spec.taints[{at}]");
        if taint["key"].as_str().unwrap_or_default().is_empty() {
            errors.push(error(&format!("{path}.key"), "Required value"));
        }
        let effect = taint["effect"].as_str().unwrap_or_default();
        if !EFFECTS.contains(&effect) {
            let known: Vec<String> = EFFECTS.iter().map(|effect| format!("\"{effect}\"")).collect();
            let why = format!("Unsupported value: \"{effect}\": supported values: {}", known.join(", "));
            errors.push(error(&format!("{path}.effect"), &why));
        }
        let is_same = |other: &Value| other["key"] == taint["key"] && other["effect"] == taint["effect"];
        if all[..at].iter().any(is_same) {
            errors.push(error(&path, &format!("Duplicate value: {taint}")));
        }
    }
    errors
}

fn workload(spec: &Value) -> Errors {
    let mut errors = Errors::new();
    if let Some(replicas) = spec["replicas"].as_i64().filter(|replicas| *replicas < 0) {
        let why = format!("Invalid value: {replicas}: must be greater than or equal to 0");
        errors.push(error("spec.replicas", &why));
    }
    let template = &spec["template"];
    if !spec["selector"].is_object() {
        errors.push(error("spec.selector", "Required value"));
    } else if !Selector::of(&spec["selector"]).matches(&Object::new(template)) {
        let labels = &template["metadata"]["labels"];
        let why = format!("Invalid value: {labels}: `selector` does not match template `labels`");
        errors.push(error("spec.template.metadata.labels", &why));
    }
    errors.extend(containers("spec.template.spec", &template["spec"]));
    errors
}
