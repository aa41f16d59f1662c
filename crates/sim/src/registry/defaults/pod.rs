//! Pods, by themselves and in templates.

use serde_json::{Value, json};

use super::set;

/// How long a pod stays on a node that is not ready or unreachable, in seconds, unless it says.
const TOLERATED_S: u64 = 300;

/// A pod.
pub(super) fn fill(pod: &mut Value) {
    fill_spec(&mut pod["spec"]);
    let spec = &mut pod["spec"];
    set(spec, "priority", 0.into());
    set(spec, "preemptionPolicy", "PreemptLowerPriority".into());
    set(spec, "serviceAccountName", "default".into());
    let account = spec["serviceAccountName"].clone();
    set(spec, "serviceAccount", account);
    set(spec, "enableServiceLinks", true.into());
    tolerate_node_trouble(spec);
    let class = quality(spec);
    set(&mut pod["status"], "phase", "Pending".into());
    set(&mut pod["status"], "qosClass", class.into());
}

/// What a pod has from its template on.
pub(super) fn fill_spec(spec: &mut Value) {
    for (field, value) in [
        ("restartPolicy", json!("Always")),
        ("terminationGracePeriodSeconds", json!(30)),
        ("dnsPolicy", json!("ClusterFirst")),
        ("schedulerName", json!("default-scheduler")),
        ("securityContext", json!({})),
    ] {
        set(spec, field, value);
    }
    // The same by its old name.
    if let Some(account) = spec.get("serviceAccountName").cloned() {
        set(spec, "serviceAccount", account);
    }
    for containers in ["containers", "initContainers"] {
        spec.get_mut(containers).and_then(Value::as_array_mut).into_iter().flatten().for_each(fill_container);
    }
}

fn fill_container(container: &mut Value) {
    let image = container["image"].as_str().unwrap_or_default();
    let name = image.rsplit('/').next().unwrap_or_default();
    let is_floating = image.ends_with(":latest") || !name.contains([':', '@']);
    set(container, "imagePullPolicy", if is_floating { "Always" } else { "IfNotPresent" }.into());
    set(container, "resources", json!({}));
    set(container, "terminationMessagePath", "/dev/termination-log".into());
    set(container, "terminationMessagePolicy", "File".into());
    // What is limited and not requested is requested in full.
    if let Some(limits) = container["resources"].get("limits").and_then(Value::as_object).cloned() {
        set(&mut container["resources"], "requests", json!({}));
        for (resource, limit) in limits {
            set(&mut container["resources"]["requests"], &resource, limit);
        }
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = container.get_mut(probe).filter(|probe| probe.is_object()) {
            for (field, value) in [
                ("timeoutSeconds", 1),
                ("periodSeconds", 10),
                ("successThreshold", 1),
                ("failureThreshold", 3),
            ] {
                set(probe, field, value.into());
            }
        }
    }
    for port in container.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        set(port, "protocol", "TCP".into());
    }
}

/// The admission plug-in `DefaultTolerationSeconds`.
fn tolerate_node_trouble(spec: &mut Value) {
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let own = spec["tolerations"].as_array().cloned().unwrap_or_default();
        let is_tolerated = own.iter().any(|toleration| {
            let of = |field: &str| toleration[field].as_str().unwrap_or_default();
            (of("key") == key || of("key").is_empty()) && matches!(of("effect"), "" | "NoExecute")
        });
        if !is_tolerated {
            let toleration = json!({
                "key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": TOLERATED_S,
            });
            spec["tolerations"] = own.into_iter().chain([toleration]).collect();
        }
    }
}

/// The pod's quality of service.
fn quality(spec: &Value) -> &'static str {
    let containers = || {
        ["containers", "initContainers"]
            .into_iter()
            .flat_map(|field| spec[field].as_array().into_iter().flatten())
    };
    let names = |container: &Value, field: &str| {
        container["resources"][field].as_object().is_some_and(|all| !all.is_empty())
    };
    if !containers().any(|container| names(container, "requests") || names(container, "limits")) {
        return "BestEffort";
    }
    let is_guaranteed = containers().all(|container| {
        let resources = &container["resources"];
        ["cpu", "memory"].into_iter().all(|resource| {
            !resources["limits"][resource].is_null()
                && resources["limits"][resource] == resources["requests"][resource]
        })
    });
    if is_guaranteed { "Guaranteed" } else { "Burstable" }
}
