//! What makes pods, and what protects them.

use jiff::Timestamp;
use serde_json::Value;

use super::age;
use super::column::{AGE, Column, NAME, count, items, joined, labels, number, or, selector, text, wide};

const CONTAINERS: Column = wide("Containers", |object, _| joined(containers(object), "name").into());
const IMAGES: Column = wide("Images", |object, _| joined(containers(object), "image").into());
const SELECTOR: Column = wide("Selector", |object, _| selector(&object["spec"]["selector"]).into());

pub(super) const DEPLOYMENTS: &[Column] = &[
    NAME,
    text("Ready", |object, _| ready(object).into()),
    text("Up-to-date", |object, _| count(&object["status"]["updatedReplicas"]).into()),
    text("Available", |object, _| count(&object["status"]["availableReplicas"]).into()),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

pub(super) const REPLICA_SETS: &[Column] = &[
    NAME,
    number("Desired", |object, _| count(&object["spec"]["replicas"]).into()),
    number("Current", |object, _| count(&object["status"]["replicas"]).into()),
    number("Ready", |object, _| count(&object["status"]["readyReplicas"]).into()),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

pub(super) const STATEFUL_SETS: &[Column] =
    &[NAME, text("Ready", |object, _| ready(object).into()), AGE, CONTAINERS, IMAGES];

pub(super) const DAEMON_SETS: &[Column] = &[
    NAME,
    number("Desired", |object, _| count(&object["status"]["desiredNumberScheduled"]).into()),
    number("Current", |object, _| count(&object["status"]["currentNumberScheduled"]).into()),
    number("Ready", |object, _| count(&object["status"]["numberReady"]).into()),
    number("Up-to-date", |object, _| count(&object["status"]["updatedNumberScheduled"]).into()),
    number("Available", |object, _| count(&object["status"]["numberAvailable"]).into()),
    text("Node Selector", |object, _| labels(&object["spec"]["template"]["spec"]["nodeSelector"]).into()),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

pub(super) const JOBS: &[Column] = &[
    NAME,
    text("Status", |object, _| job_status(object).into()),
    text("Completions", |object, _| completions(object).into()),
    text("Duration", |object, now| took(object, now).into()),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

pub(super) const CRON_JOBS: &[Column] = &[
    NAME,
    text("Schedule", |object, _| or(&object["spec"]["schedule"], "").into()),
    text("Timezone", |object, _| or(&object["spec"]["timeZone"], "<none>").into()),
    text("Suspend", |object, _| if object["spec"]["suspend"] == true { "True" } else { "False" }.into()),
    number("Active", |object, _| items(&object["status"]["active"]).len().into()),
    text("Last Schedule", |object, now| match &object["status"]["lastScheduleTime"] {
        Value::Null => "<none>".into(),
        time => age::since(time, now).into(),
    }),
    AGE,
    wide("Containers", |object, _| joined(containers(&object["spec"]["jobTemplate"]), "name").into()),
    wide("Images", |object, _| joined(containers(&object["spec"]["jobTemplate"]), "image").into()),
    wide("Selector", |object, _| selector(&object["spec"]["jobTemplate"]["spec"]["selector"]).into()),
];

pub(super) const CONTROLLER_REVISIONS: &[Column] = &[
    NAME,
    text("Controller", |object, _| controller(object).into()),
    text("Revision", |object, _| object["revision"].clone()),
    AGE,
];

pub(super) const BUDGETS: &[Column] = &[
    NAME,
    text("Min Available", |object, _| amount(&object["spec"]["minAvailable"]).into()),
    text("Max Unavailable", |object, _| amount(&object["spec"]["maxUnavailable"]).into()),
    number("Allowed Disruptions", |object, _| count(&object["status"]["disruptionsAllowed"]).into()),
    AGE,
];

fn containers(object: &Value) -> &Value {
    &object["spec"]["template"]["spec"]["containers"]
}

fn ready(object: &Value) -> String {
    format!("{}/{}", count(&object["status"]["readyReplicas"]), count(&object["spec"]["replicas"]))
}

fn job_status(job: &Value) -> &'static str {
    let has = |kind: &str| {
        items(&job["status"]["conditions"]).any(|own| own["type"] == kind && own["status"] == "True")
    };
    match () {
        () if has("Complete") => "Complete",
        () if has("Failed") => "Failed",
        () if !job["metadata"]["deletionTimestamp"].is_null() => "Terminating",
        () if has("Suspended") => "Suspended",
        () if has("FailureTarget") => "FailureTarget",
        () if has("SuccessCriteriaMet") => "SuccessCriteriaMet",
        () => "Running",
    }
}

fn completions(job: &Value) -> String {
    let done = count(&job["status"]["succeeded"]);
    match (&job["spec"]["completions"], count(&job["spec"]["parallelism"])) {
        (Value::Null, parallelism @ 2..) => format!("{done}/1 of {parallelism}"),
        (Value::Null, _) => format!("{done}/1"),
        (all, _) => format!("{done}/{all}"),
    }
}

fn took(job: &Value, now: Timestamp) -> String {
    let (start, end) = (&job["status"]["startTime"], &job["status"]["completionTime"]);
    match (start.is_null(), end.is_null()) {
        (true, _) => String::new(),
        (false, true) => age::since(start, now),
        (false, false) => age::between(start, end).unwrap_or_default(),
    }
}

fn controller(revision: &Value) -> String {
    let owner = items(&revision["metadata"]["ownerReferences"]).find(|own| own["controller"] == true);
    let Some(owner) = owner else { return "<none>".to_owned() };
    let group = or(&owner["apiVersion"], "").split_once('/').map_or("", |(group, _)| group);
    let kind = or(&owner["kind"], "").to_lowercase();
    let dot = if group.is_empty() { "" } else { "." };
    format!("{kind}{dot}{group}/{}", or(&owner["name"], ""))
}

/// A number or a share; what a budget does not say is not applicable.
fn amount(value: &Value) -> String {
    match value {
        Value::Null => "N/A".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
