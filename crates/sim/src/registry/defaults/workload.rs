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
    set(spec, "updateStrategy", json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}));
    template(spec);
}

pub(super) fn daemon_set(object: &mut Value) {
    let spec = &mut object["spec"];
    set(spec, "revisionHistoryLimit", 10.into());
    let strategy = json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}});
    set(spec, "updateStrategy", strategy);
    template(spec);
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
