//! ConditionStillTrue: the trouble is looked at again, live, on the very object, at the moment of
//! acting. What takes back wants the opposite: that the trouble is over, and that the node is ready,
//! whichever check it was quarantined for: one that answers again, or is out of its memory pressure,
//! may still be of no use.

use std::time::Duration;

use model::policy::ActionName;

use crate::conditions::{self, Truth};
use crate::facts::Found;
use crate::governor::{Request, Rule, Ruling};
use crate::inbox::Standing;

/// A crash loop shows itself again within its back-off.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

pub(super) const RULE: Rule = Rule {
    name: super::CONDITION_STILL_TRUE,
    judge: |request, _, _, _| {
        if let Some(reason) = replaced(request) {
            return Ruling::defer(reason, LOOK_AGAIN);
        }
        let is_release = request.action.name == ActionName::ReleaseNode;
        match (truth(request), is_release) {
            (Truth::Holds, false) => Ruling::Pass,
            (Truth::Over(_), true) => match request.facts.node().and_then(conditions::unready) {
                Some(reason) => Ruling::defer(reason, LOOK_AGAIN),
                None => Ruling::Pass,
            },
            (Truth::Over(what), false) => Ruling::defer(format!("it is over: {what}"), LOOK_AGAIN),
            (Truth::Holds, true) => Ruling::defer(format!("{} still holds", request.spec.check), LOOK_AGAIN),
            (Truth::Unknown(why), _) => Ruling::defer(format!("it cannot be told: {why}"), LOOK_AGAIN),
        }
    },
};

/// Whether the object is not the one recorded any more.
fn replaced(request: &Request<'_>) -> Option<String> {
    let target = &request.part.target;
    if target.kind == "Pod" {
        return match request.facts.pod(target) {
            Some(Found::There(pod)) if pod.metadata.uid != target.uid => {
                Some(format!("another pod is named {} now", target.name))
            }
            Some(Found::There(pod)) if pod.metadata.is_terminating() => {
                Some(format!("{} is being deleted already", target.name))
            }
            Some(Found::There(_)) => None,
            Some(Found::Absent) => Some(format!("{} is gone", target.name)),
            Some(Found::Unreadable(_)) | None => Some(format!("{} was not read", target.name)),
        };
    }
    let found = request.facts.subject.as_ref().and_then(|found| found.there());
    match found.map(crate::facts::Subject::reference) {
        Some(found) if found.uid == target.uid => None,
        Some(_) => Some(format!("another object is named {} now", target.name)),
        None => Some(format!("{} is gone or was not read", target.name)),
    }
}

fn truth(request: &Request<'_>) -> Truth {
    let check = &request.spec.check;
    let is_pods_own = request.part.target.kind == "Pod" && conditions::is_on_pods(check);
    let pod = request.facts.pod(&request.part.target).and_then(|found| found.there());
    match (is_pods_own, pod) {
        (true, Some(pod)) => {
            let containers = containers(request);
            let truths: Vec<Truth> =
                containers.iter().map(|container| conditions::pod(check, pod, container)).collect();
            let holds = truths.iter().find(|truth| **truth == Truth::Holds);
            holds.or(truths.first()).cloned().unwrap_or(Truth::Unknown("no container is named".to_owned()))
        }
        _ => conditions::lineage(check, request.facts),
    }
}

/// The containers that the issue names for this pod; one empty name for any.
fn containers(request: &Request<'_>) -> Vec<String> {
    let (Standing::Firing(issue) | Standing::Folded(issue)) = request.standing else {
        return vec![String::new()];
    };
    let named = issue.members.iter().filter(|member| member.object.uid == request.part.target.uid);
    let named: Vec<String> = named.map(|member| member.container.clone()).collect();
    if named.is_empty() { vec![String::new()] } else { named }
}

#[cfg(test)]
mod tests {
    use cluster::views::{Condition, Status};
    use model::codes;

    use super::*;
    use crate::actions;
    use crate::facts::{LeaseAge, Subject};
    use crate::governor::tests_support::Bench;
    use crate::machine::tests_support::{node, pod, unready};

    #[test]
    fn a_pod_must_be_the_same_and_still_sick() {
        let mut bench = Bench::new();
        bench.expect_pass(&RULE);
        for (found, expected) in [
            (Found::There(pod("web-1", "p-1", true)), "it is over: the pod is ready"),
            (Found::There(pod("web-1", "p-2", false)), "another pod is named web-1"),
            (Found::Absent, "is gone"),
            (Found::Unreadable("503".into()), "was not read"),
        ] {
            bench.facts.pods.insert(("shop".into(), "web-1".into()), found);
            bench.expect_defer(&RULE, expected);
        }
    }

    #[test]
    fn a_node_is_released_when_its_trouble_is_over_and_not_before() {
        let mut bench = Bench::of_node();
        bench.facts.subject = Some(Found::There(Subject::Node(unready("n1"))));
        bench.expect_pass(&RULE);
        bench.action = actions::get(ActionName::ReleaseNode);
        bench.expect_defer(&RULE, "NodeNotReady still holds");
        bench.facts.subject = Some(Found::There(Subject::Node(node("n1", &[]))));
        bench.expect_pass(&RULE);
        bench.action = actions::get(ActionName::QuarantineNode);
        bench.expect_defer(&RULE, "it is over");
    }

    /// Whatever it was quarantined for: it answers again, and is not ready.
    #[test]
    fn a_node_that_is_not_ready_is_not_released() {
        let unchanged = LeaseAge::Unchanged { so_long: Duration::ZERO, duration: Duration::from_secs(40) };
        for check in [codes::NODE_NOT_READY, codes::NODE_UNREACHABLE, codes::NODE_MEMORY_PRESSURE] {
            let mut bench = Bench::of_node();
            bench.action = actions::get(ActionName::ReleaseNode);
            bench.remediation.spec.check = check.into();
            bench.facts.lease = unchanged.clone();
            let mut sick = node("n1", &[]);
            let pressure = Condition {
                kind: "MemoryPressure".into(),
                status: Status::False,
                ..sick.status.conditions[0].clone()
            };
            sick.status.conditions.push(pressure);
            for (status, passes) in [(Status::True, true), (Status::False, false), (Status::Unknown, false)] {
                sick.status.conditions[0].status = status;
                bench.facts.subject = Some(Found::There(Subject::Node(sick.clone())));
                if passes { bench.expect_pass(&RULE) } else { bench.expect_defer(&RULE, "") }
            }
            sick.status.conditions.remove(0);
            bench.facts.subject = Some(Found::There(Subject::Node(sick)));
            bench.expect_defer(&RULE, "has not said");
        }
    }
}
