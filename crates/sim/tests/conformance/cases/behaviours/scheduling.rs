//! Pods that find no node.

use serde_json::json;

use super::super::{PODS, at};
use super::{SERVES, STEADY, becomes, pod};
use crate::step::{Case, post};

pub(super) fn cases() -> Vec<Case> {
    let nowhere = pod("nowhere", "node-9", SERVES);
    let mut large = pod("large", STEADY, SERVES);
    large["spec"]["containers"][0]["resources"] = json!({"requests": {"cpu": "900"}});
    let unscheduled = |name: &str, says: &'static str| {
        becomes(&at(PODS, name), "/status/conditions/0/reason", "Unschedulable")
            .with("/status/conditions/0/message", says)
            .comparing("/status/conditions")
    };
    vec![Case {
        name: "why a pod fits nowhere is said",
        steps: vec![
            post(PODS, nowhere),
            unscheduled(
                "nowhere",
                "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
            ),
            post(PODS, large),
            unscheduled(
                "large",
                "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't match Pod's node affinity/selector. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
            ),
        ],
    }]
}
