//! Services and where they lead.

use serde_json::Value;

use super::column::{AGE, Column, NAME, count, items, labels, or, text, wide};

/// So many ports and addresses of a slice are named.
const SHOWN_MAX: usize = 3;

pub(super) const SERVICES: &[Column] = &[
    NAME,
    text("Type", |service, _| or(&service["spec"]["type"], "ClusterIP").into()),
    text("Cluster-IP", |service, _| or(&service["spec"]["clusterIP"], "<none>").into()),
    text("External-IP", |service, _| external(service).into()),
    text("Port(s)", |service, _| ports(service).into()),
    AGE,
    wide("Selector", |service, _| labels(&service["spec"]["selector"]).into()),
];

pub(super) const ENDPOINT_SLICES: &[Column] = &[
    NAME,
    text("AddressType", |slice, _| or(&slice["addressType"], "").into()),
    text("Ports", |slice, _| few(items(&slice["ports"]).map(port)).into()),
    text("Endpoints", |slice, _| {
        let addresses = items(&slice["endpoints"]).flat_map(|endpoint| items(&endpoint["addresses"]));
        few(addresses.map(|address| or(address, "").to_owned())).into()
    }),
    AGE,
];

fn external(service: &Value) -> String {
    let spec = &service["spec"];
    let mut all: Vec<&str> = items(&service["status"]["loadBalancer"]["ingress"])
        .map(|ingress| or(&ingress["ip"], or(&ingress["hostname"], "")))
        .collect();
    all.extend(items(&spec["externalIPs"]).filter_map(Value::as_str));
    match (spec["type"].as_str(), all.is_empty()) {
        (Some("ExternalName"), _) => or(&spec["externalName"], "").to_owned(),
        (Some("LoadBalancer"), true) => "<pending>".to_owned(),
        (_, true) => "<none>".to_owned(),
        (_, false) => all.join(","),
    }
}

fn ports(service: &Value) -> String {
    let written = |port: &Value| {
        let (own, protocol) = (count(&port["port"]), or(&port["protocol"], "TCP"));
        match count(&port["nodePort"]) {
            0 => format!("{own}/{protocol}"),
            node => format!("{own}:{node}/{protocol}"),
        }
    };
    let all: Vec<String> = items(&service["spec"]["ports"]).map(written).collect();
    if all.is_empty() { "<none>".to_owned() } else { all.join(",") }
}

fn port(port: &Value) -> String {
    match &port["port"] {
        Value::Null => or(&port["name"], "*").to_owned(),
        number => number.to_string(),
    }
}

/// The first ones, and how many more there are.
fn few(all: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = all.collect();
    match all.len() {
        0 => "<unset>".to_owned(),
        count if count > SHOWN_MAX => {
            format!("{} + {} more...", all[..SHOWN_MAX].join(","), count - SHOWN_MAX)
        }
        _ => all.join(","),
    }
}
