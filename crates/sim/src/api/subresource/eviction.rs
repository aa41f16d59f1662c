//! Evictions: a deletion that asks the disruption budgets first.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::Server;
use super::super::answer::Answer;
use super::super::call::Asked;
use super::super::object::{read_deletion, text};
use crate::kinds;
use crate::registry::{Operation, Part, Registry, Status, time};
use crate::storage::{Address, Object};
use crate::view::Selector;

/// Most pods that a budget notes as evicted and not yet gone.
const DISRUPTED_MAX: usize = 2000;

/// The server's word when a budget has no room, whatever the cause.
const REFUSAL: &str = "Cannot evict pod as it would violate the pod's disruption budget.";

#[derive(Deserialize, Default)]
#[serde(default)]
struct Budget {
    metadata: Meta,
    spec: Spec,
    status: State,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Meta {
    generation: i64,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    selector: Option<Value>,
    unhealthy_pod_eviction_policy: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct State {
    observed_generation: i64,
    disruptions_allowed: i64,
    current_healthy: i64,
    desired_healthy: i64,
    disrupted_pods: serde_json::Map<String, Value>,
}

impl Server {
    pub(super) fn evict(&self, asked: &Asked<'_>) -> Result<Answer, Status> {
        let (address, eviction) = (asked.address(), asked.call.json()?);
        if text(&eviction["metadata"]["name"]) != address.name {
            return Err(Status::bad_request("name in URL does not match name in Eviction object"));
        }
        let deletion = read_deletion(&eviction["deleteOptions"])?;
        let is_dry = asked.call.query.is_dry_run()? || eviction["deleteOptions"]["dryRun"] == json!(["All"]);
        let pod = self.registry().get(&address)?;
        self.registry().webhooks().admit("pods/eviction", Operation::Create)?;
        let budgets = if needs_no_budget(&pod) { Vec::new() } else { self.budgets_of(&address, &pod) };
        let own = if is_dry { self.registry().rehearsal(&address) } else { self.registry().clone() };
        if let Some(((budget_address, budget), others)) = budgets.split_first() {
            if !others.is_empty() {
                let message = "This pod has more than one PodDisruptionBudget, which the eviction subresource \
                               does not support.";
                return Err(Status::new(500, "", message));
            }
            let is_exempt = may_go_unready(budget) && !is_ready(&pod);
            if !is_exempt {
                check(&budget_address.name, budget)?;
                if !is_dry {
                    take_one(self.registry(), budget_address, &address.name)?;
                }
            }
        }
        // Preconditions come last: a budget may have been asked, and have granted, in vain.
        own.delete(&address, &deletion)?;
        Ok(Answer::success(201, Value::Null))
    }

    /// The budgets that speak of a pod.
    fn budgets_of(&self, address: &Address, pod: &Object) -> Vec<(Address, Budget)> {
        let storage = self.registry().storage();
        let (all, _) = storage.list(kinds::POD_DISRUPTION_BUDGET, Some(&address.namespace));
        let read = all.into_iter().filter_map(|(address, object)| Some((address, object.read::<Budget>()?)));
        let selects = |budget: &Budget| {
            budget.spec.selector.as_ref().is_some_and(|selector| Selector::of(selector).matches(pod))
        };
        read.filter(|(_, budget)| selects(budget)).collect()
    }
}

/// A pod that serves nobody, or is going already, disrupts nothing by going.
fn needs_no_budget(pod: &Object) -> bool {
    let phase = pod.value()["status"]["phase"].as_str().unwrap_or_default().to_owned();
    pod.is_terminating || matches!(phase.as_str(), "Pending" | "Succeeded" | "Failed")
}

fn is_ready(pod: &Object) -> bool {
    let conditions = pod.value()["status"]["conditions"].take();
    conditions
        .as_array()
        .into_iter()
        .flatten()
        .any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

/// Whether a pod that is not ready may go without asking the budget for room.
fn may_go_unready(budget: &Budget) -> bool {
    let State { current_healthy, desired_healthy, .. } = budget.status;
    budget.spec.unhealthy_pod_eviction_policy.as_deref() == Some("AlwaysAllow")
        || (current_healthy >= desired_healthy && desired_healthy > 0)
}

/// Whether the budget has room for one more.
fn check(name: &str, budget: &Budget) -> Result<(), Status> {
    let State { observed_generation, disruptions_allowed, current_healthy, desired_healthy, .. } =
        budget.status;
    if observed_generation < budget.metadata.generation {
        let why = format!("The disruption budget {name} is still being processed by the server.");
        return Err(refused(&why, Some(10)));
    }
    if disruptions_allowed < 0 {
        return Err(forbidden(name, "pdb disruptions allowed is negative"));
    }
    if budget.status.disrupted_pods.len() > DISRUPTED_MAX {
        let why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller";
        return Err(forbidden(name, why));
    }
    if disruptions_allowed == 0 {
        let why = format!(
            "The disruption budget {name} needs {desired_healthy} healthy pods and has {current_healthy} currently"
        );
        return Err(refused(&why, None));
    }
    Ok(())
}

fn forbidden(name: &str, why: &str) -> Status {
    Status::new(403, "Forbidden", format!("poddisruptionbudget.policy \"{name}\" is forbidden: {why}"))
}

fn refused(why: &str, retry_after_seconds: Option<u32>) -> Status {
    let mut status = Status::new(429, "TooManyRequests", REFUSAL);
    status.details = json!({"causes": [{"reason": "DisruptionBudget", "message": why}]});
    if let Some(seconds) = retry_after_seconds {
        status.details["retryAfterSeconds"] = seconds.into();
    }
    status
}

/// Notes that the budget has room for one fewer, until its controller has counted again.
fn take_one(registry: &Registry, budget: &Address, pod: &str) -> Result<(), Status> {
    let now = time(registry.now());
    registry.modify(budget, Part::Status, |object| {
        let status = &mut object["status"];
        let allowed = status["disruptionsAllowed"].as_i64().unwrap_or(0);
        status["disruptionsAllowed"] = (allowed - 1).into();
        status["disruptedPods"][pod] = now.as_str().into();
        Ok(())
    })?;
    Ok(())
}
