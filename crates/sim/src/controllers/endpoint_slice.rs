//! EndpointSlices: the pods behind a Service, and whether they take requests.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Context;
use crate::kinds;
use crate::storage::Address;
use crate::view::Pod;
use crate::view::node::ZONE;

/// Which Service a slice is of.
pub const SERVICE: &str = "kubernetes.io/service-name";
/// Most endpoints in one slice: the real controller's default.
const SIZE_MAX: usize = 100;

/// Brings a Service's slices in line with its pods.
pub(super) fn work(cx: &mut Context<'_>, address: &Address) {
    let Some(service) = cx.read(address) else { return };
    let Some(selector) = cx.view.selectors.get(address).filter(|selector| !selector.is_empty()) else {
        return;
    };
    if service["spec"]["type"] == "ExternalName" || !service["metadata"]["deletionTimestamp"].is_null() {
        return;
    }
    let publishes_all = service["spec"]["publishNotReadyAddresses"] == true;
    let pods = cx.view.pods.in_namespace(&address.namespace);
    let behind = pods.filter(|pod| !pod.has_ended() && !pod.ip.is_empty() && selector.matches(&pod.object));
    let endpoints: Vec<Value> = behind.map(|pod| endpoint(cx, pod, publishes_all)).collect();
    let mut slices = slices(cx, &service).into_iter();
    // A Service without pods has one slice without endpoints.
    let none: &[Value] = &[];
    let chunks = endpoints.chunks(SIZE_MAX).chain(endpoints.is_empty().then_some(none));
    for chunk in chunks {
        let ports = if chunk.is_empty() { Value::Null } else { ports(&service) };
        match slices.next() {
            Some(slice) => cx.change(&slice, |slice| {
                slice["endpoints"] = chunk.into();
                slice["ports"] = ports;
            }),
            None => create(cx, address, &service, chunk, &ports),
        }
    }
    for surplus in slices {
        if let Some(object) = cx.registry.storage().get(&surplus) {
            cx.delete(&surplus, &object.uid);
        }
    }
}

fn slices(cx: &Context<'_>, service: &Value) -> Vec<Address> {
    let uid = service["metadata"]["uid"].as_str().unwrap_or_default();
    cx.view.owned(uid).filter(|address| address.kind == kinds::ENDPOINT_SLICE).cloned().collect()
}

fn create(cx: &Context<'_>, address: &Address, service: &Value, endpoints: &[Value], ports: &Value) {
    let mut owner = super::pod_template::owner_reference(kinds::SERVICE, service);
    owner["apiVersion"] = "v1".into();
    let slice = json!({
        "metadata": {
            "generateName": format!("{}-", address.name),
            "labels": {
                SERVICE: address.name,
                "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
            },
            "ownerReferences": [owner],
        },
        "addressType": "IPv4", "endpoints": endpoints, "ports": ports,
    });
    let slices = Address::new(kinds::ENDPOINT_SLICE, &address.namespace, "");
    // What a namespace that is going refuses is not missed.
    let _ = cx.create(&slices, slice);
}

fn endpoint(cx: &Context<'_>, pod: &Arc<Pod>, publishes_all: bool) -> Value {
    let serves = pod.is_ready();
    let mut endpoint = json!({
        "addresses": [pod.ip],
        "conditions": {
            "ready": publishes_all || (serves && !pod.is_terminating()),
            "serving": serves,
            "terminating": pod.is_terminating(),
        },
        "nodeName": pod.node,
        "targetRef": {
            "kind": "Pod", "namespace": pod.address.namespace, "name": pod.address.name, "uid": pod.object.uid,
        },
    });
    if let Some(zone) = cx.view.nodes.get(&pod.node).and_then(|node| node.object.label(ZONE)) {
        endpoint["zone"] = zone.into();
    }
    endpoint
}

fn ports(service: &Value) -> Value {
    let ports = service["spec"]["ports"].as_array().into_iter().flatten();
    ports
        .map(|port| {
            let target = if port["targetPort"].is_number() { &port["targetPort"] } else { &port["port"] };
            json!({
                "name": port["name"].as_str().unwrap_or_default(), "port": target,
                "protocol": port["protocol"].as_str().unwrap_or("TCP"),
            })
        })
        .collect()
}
