//! Workloads.

use serde_json::{Value, json};

use super::{pod, set};

pub(super) fn deployment(object: &mut Value) {
    let spec = &mut object["spec"];
    set(spec, "replicas", 1.into());
    set(spec, "revisionHistoryLimit", 10.into());
    set(spec, "progressDeadlineSeconds", 600.into());
    set(spec, "strategy", json!({}));
    set(&mut spec["strategy"], "type", "RollingUpdate".into());
    if spec["strategy"]["type"] == "RollingUpdate" {
        let strategy = &mut spec["strategy"];
        set(strategy, "rollingUpdate", json!({}));
        set(&mut strategy["rollingUpdate"], "maxSurge", "25%".into());
        set(&mut strategy["rollingUpdate"], "maxUnavailable", "25%".into());
    }
    template(spec);
    set(object, "status", json!({}));
}

pub(super) fn replica_set(object: &mut Value) {
    set(&mut object["spec"], "replicas", 1.into());
    template(&mut object["spec"]);
}

pub(super) fn stateful_set(object: &mut Value) {
    let spec = &mut object["spec"];
    set(spec, "replicas", 1.into());
    set(spec, "revisionHistoryLimit", 10.into());
    set(spec, "podManagementPolicy", "OrderedReady".into());
    let strategy = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0, "maxUnavailable": 1}});
    set(spec, "updateStrategy", strategy);
    let retention = json!({"whenDeleted": "Retain", "whenScaled": "Retain"});
    set(spec, "persistentVolumeClaimRetentionPolicy", retention);
    template(spec);
    set(object, "status", json!({"replicas": 0, "availableReplicas": 0}));
}

pub(super) fn daemon_set(object: &mut Value) {
    let spec = &mut object["spec"];
    set(spec, "revisionHistoryLimit", 10.into());
    let strategy = json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}});
    set(spec, "updateStrategy", strategy);
    template(spec);
    let none = json!({
        "currentNumberScheduled": 0, "desiredNumberScheduled": 0, "numberMisscheduled": 0, "numberReady": 0,
    });
    set(object, "status", none);
}

pub(super) fn job(object: &mut Value) {
    let spec = &mut object["spec"];
    set(spec, "backoffLimit", 6.into());
    set(spec, "completions", 1.into());
    set(spec, "parallelism", 1.into());
    set(spec, "completionMode", "NonIndexed".into());
    set(spec, "suspend", false.into());
    template(spec);
}

fn template(spec: &mut Value) {
    if let Some(template) = spec.get_mut("template").and_then(|template| template.get_mut("spec")) {
        pod::fill_spec(template);
    }
}
