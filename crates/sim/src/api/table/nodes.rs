//! Nodes.

use serde_json::Value;

use super::column::{AGE, Column, NAME, items, or, text, wide};

pub(super) const COLUMNS: &[Column] = &[
    NAME,
    text("Status", |node, _| status(node).into()),
    text("Roles", |node, _| roles(node).into()),
    AGE,
    text("Version", |node, _| or(&node["status"]["nodeInfo"]["kubeletVersion"], "").into()),
    wide("Internal-IP", |node, _| address(node, "InternalIP").into()),
    wide("External-IP", |node, _| address(node, "ExternalIP").into()),
    wide("OS-Image", |node, _| or(&node["status"]["nodeInfo"]["osImage"], "<unknown>").into()),
    wide("Kernel-Version", |node, _| kernel(node).into()),
    wide("Container-Runtime", |node, _| {
        or(&node["status"]["nodeInfo"]["containerRuntimeVersion"], "<unknown>").into()
    }),
];

fn status(node: &Value) -> String {
    let ready = items(&node["status"]["conditions"]).find(|own| own["type"] == "Ready");
    let mut status = match ready {
        None => "Unknown",
        Some(ready) if ready["status"] == "True" => "Ready",
        Some(_) => "NotReady",
    }
    .to_owned();
    if node["spec"]["unschedulable"] == true {
        status.push_str(",SchedulingDisabled");
    }
    status
}

fn roles(node: &Value) -> String {
    let labels = node["metadata"]["labels"].as_object().into_iter().flatten();
    let role = |(name, value): (&'_ String, &'_ Value)| match name.strip_prefix("node-role.kubernetes.io/") {
        Some(role) => Some(role.to_owned()),
        None if name == "kubernetes.io/role" => value.as_str().map(str::to_owned),
        None => None,
    };
    let mut roles: Vec<String> = labels.filter_map(role).filter(|role| !role.is_empty()).collect();
    roles.sort();
    roles.dedup();
    if roles.is_empty() { "<none>".to_owned() } else { roles.join(",") }
}

fn address<'a>(node: &'a Value, kind: &str) -> &'a str {
    let found = items(&node["status"]["addresses"]).find(|own| own["type"] == kind);
    found.map_or("<none>", |own| or(&own["address"], "<none>"))
}

fn kernel(node: &Value) -> String {
    let info = &node["status"]["nodeInfo"];
    let kernel = or(&info["kernelVersion"], "<unknown>");
    match or(&info["architecture"], "") {
        "" => kernel.to_owned(),
        architecture => format!("{kernel} ({architecture})"),
    }
}
