//! Work that ends.

use serde_json::{Value, json};

use super::super::{PODS, at};
use super::{COMPLETES, CRASHES, Does, STEADY, becomes, template};
use crate::step::{Case, post};

const JOBS: &str = "/apis/batch/v1/namespaces/{ns}/jobs";

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "work is done",
            steps: vec![
                post(JOBS, job("done", COMPLETES)).comparing_nothing_else(),
                becomes(&at(JOBS, "done"), "/status/succeeded", 1)
                    .with("/status/conditions/1/type", "Complete")
                    .comparing("/status"),
                becomes(PODS, "/items/0/status/phase", "Succeeded")
                    // Its sandbox ends after it, in the kubelet's own time.
                    .with("/items/0/status/conditions/0/reason", "PodSandboxNotReady")
                    .comparing("/items/0/status"),
            ],
        },
        Case {
            name: "work fails, as often as it may",
            steps: vec![
                post(JOBS, job("fails", CRASHES)).comparing_nothing_else(),
                becomes(&at(JOBS, "fails"), "/status/failed", 1)
                    .with("/status/conditions/1/type", "Failed")
                    .comparing("/status"),
                becomes(PODS, "/items/0/status/phase", "Failed")
                    // Its sandbox ends after it, in the kubelet's own time.
                    .with("/items/0/status/conditions/0/reason", "PodSandboxNotReady")
                    .comparing("/items/0/status"),
            ],
        },
    ]
}

fn job(name: &str, does: Does) -> Value {
    let mut template = template(name, STEADY, does);
    template["spec"]["restartPolicy"] = json!("Never");
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name},
        "spec": {"backoffLimit": 0, "template": template},
    })
}
