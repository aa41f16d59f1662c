//! Disruption budgets, and evictions of what runs.

use serde_json::{Value, json};

use super::super::{DEPLOYMENTS, PODS, at};
use super::{becomes, serving};
use crate::step::{Case, Step, get, merge, post};

const BUDGETS: &str = "/apis/policy/v1/namespaces/{ns}/poddisruptionbudgets";

pub(super) fn cases() -> Vec<Case> {
    let budget = at(BUDGETS, "web");
    let web = at(DEPLOYMENTS, "web");
    vec![Case {
        name: "a budget knows its pods, grants what it can, and recovers",
        steps: vec![
            post(DEPLOYMENTS, serving("web", 2)).comparing_nothing_else(),
            post(BUDGETS, self::budget("maxUnavailable", &json!(1))),
            becomes(&web, "/status/readyReplicas", 2).comparing("/status"),
            becomes(&budget, "/status/disruptionsAllowed", 1)
                .with("/status/currentHealthy", 2)
                .with("/status/desiredHealthy", 1)
                .with("/status/expectedPods", 2),
            get(PODS)
                .keep("name", "/items/0/metadata/name")
                .keep("uid", "/items/0/metadata/uid")
                .comparing_nothing_else(),
            evict().gives(201).with("/status", "Success"),
            get(&at(PODS, "{name}")).refused(404, "NotFound").in_the_end(),
            becomes(&budget, "/status/disruptionsAllowed", 1).with("/status/currentHealthy", 2),
            merge(&budget, json!({"spec": {"maxUnavailable": "0%"}})),
            becomes(&budget, "/status/disruptionsAllowed", 0).with("/status/desiredHealthy", 2),
            get(PODS)
                .keep("name", "/items/0/metadata/name")
                .keep("uid", "/items/0/metadata/uid")
                .comparing_nothing_else(),
            evict()
                .refused(429, "TooManyRequests")
                .with("/details/causes/0/reason", "DisruptionBudget")
                .with(
                    "/details/causes/0/message",
                    "The disruption budget web needs 2 healthy pods and has 2 currently",
                ),
        ],
    }]
}

fn evict() -> Step {
    let eviction = json!({
        "apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "{name}", "namespace": "{ns}"},
        "deleteOptions": {"preconditions": {"uid": "{uid}"}},
    });
    post(&at(PODS, "{name}/eviction"), eviction)
}

fn budget(field: &str, amount: &Value) -> Value {
    let mut budget = json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}},
    });
    budget["spec"][field] = amount.clone();
    budget
}
