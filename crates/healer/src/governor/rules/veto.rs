//! Veto: anybody can put an object, a node or a namespace out of bounds, the configuration can
//! protect namespaces, and the Brake stops everything. Absent or unreadable, it counts as paused.

use std::time::Duration;

use model::policy::ActionName;

use crate::Now;
use crate::facts::is_excluded;
use crate::governor::{BrakeState, Request, Rule, Ruling, World};

/// The Brake is watched; a veto is looked for again in half a minute.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

pub(super) const RULE: Rule = Rule {
    name: "Veto",
    judge: |request, world, _, now| {
        if let Some(ruling) = paused(world.brake, now) {
            return ruling;
        }
        if let Some(reason) = vetoed(request, world) {
            return Ruling::defer(reason, LOOK_AGAIN);
        }
        if let Some(reason) = target_vetoed(request, world) {
            // One of a node's pods does not keep the others from their turn.
            let is_one_of_many = request.spec.lineage.kind == "Node";
            return if is_one_of_many { Ruling::deny(reason) } else { Ruling::defer(reason, LOOK_AGAIN) };
        }
        match held(request) {
            Some(reason) => Ruling::deny(format!("{} is not restarted: {reason}", request.part.target)),
            None => Ruling::Pass,
        }
    },
};

fn paused(brake: &BrakeState, now: Now) -> Option<Ruling> {
    match brake {
        BrakeState::Off => None,
        BrakeState::Unreadable(why) => {
            let reason = format!("the Brake cannot be read, which counts as paused: {why}");
            Some(Ruling::defer(reason, Duration::from_secs(5)))
        }
        BrakeState::On { reason, until } => {
            let wait = until.map_or(LOOK_AGAIN, |until| {
                Duration::try_from(until.duration_since(now.wall)).unwrap_or(LOOK_AGAIN).min(LOOK_AGAIN)
            });
            let why = if reason.is_empty() { "no reason given" } else { reason };
            Some(Ruling::defer(format!("paused: {why}"), wait))
        }
    }
}

/// The lineage, where it lives and where it runs.
fn vetoed(request: &Request<'_>, world: &World<'_>) -> Option<String> {
    if let Some(reason) = out_of_bounds(&request.spec.lineage.namespace, world) {
        return Some(reason);
    }
    let subject = request.facts.subject.as_ref().and_then(|found| found.there());
    if subject.is_some_and(crate::facts::Subject::is_excluded) {
        return Some(format!("{} is excluded by its annotation", request.spec.lineage));
    }
    let node = &request.part.node;
    if world.nodes.get(node).is_some_and(|found| is_excluded(&found.metadata)) {
        return Some(format!("node {node} is excluded by its annotation"));
    }
    None
}

/// Why nothing is done in a namespace, if nothing is.
pub(crate) fn out_of_bounds(namespace: &str, world: &World<'_>) -> Option<String> {
    if world.config.protected_namespaces.iter().any(|name| name == namespace) {
        return Some(format!("namespace {namespace} is protected by the configuration"));
    }
    let found = world.namespaces.get(namespace)?;
    is_excluded(&found.metadata).then(|| format!("namespace {namespace} is excluded by its annotation"))
}

/// The object itself: of a drained node's pods each is another's. What is said of a workload is
/// said of its pods, which do not inherit it.
fn target_vetoed(request: &Request<'_>, world: &World<'_>) -> Option<String> {
    let target = &request.part.target;
    let pod = request.facts.pod(target).and_then(|found| found.there());
    if pod.is_some_and(|pod| is_excluded(&pod.metadata)) {
        return Some(format!("{target} is excluded by its annotation"));
    }
    // A Deployment's revision bears copies of its annotations, which stay when somebody takes back the
    // originals: where both are there, the Deployment's own word counts.
    if let Some(owner) = request.facts.owners().last().filter(|owner| owner.is_excluded) {
        return Some(format!("{} is excluded by its annotation", owner.reference));
    }
    out_of_bounds(&target.namespace, world)
}

/// Why the one who runs a workload does not want it rolled out, or not by others.
fn held(request: &Request<'_>) -> Option<&'static str> {
    let is_restart = request.action.name == ActionName::RolloutRestart;
    request.facts.workload().filter(|_| is_restart)?.holds_rollouts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Found, Subject, Workload};
    use crate::governor::tests_support::Bench;
    use crate::machine::tests_support::{namespace, node, now, pod, workload};

    #[test]
    fn the_brake_stops_everything_and_so_does_not_knowing() {
        let mut bench = Bench::new();
        bench.expect_pass(&RULE);
        bench.brake = BrakeState::On { reason: "release".into(), until: Some(now(3600).wall) };
        bench.expect_defer(&RULE, "paused: release");
        bench.brake = BrakeState::Unreadable("not found".into());
        bench.expect_defer(&RULE, "counts as paused");
        bench.is_undo = true;
        bench.expect_defer(&RULE, "counts as paused");
    }

    #[test]
    fn a_workload_that_is_not_to_be_rolled_out_is_not_restarted() {
        let mut bench = Bench::of_workload();
        bench.expect_pass(&RULE);
        bench.workload().holds_rollouts = Some("its rollouts are paused");
        bench.expect_deny(&RULE, "Deployment/shop/web is not restarted: its rollouts are paused");
        bench.action = crate::actions::get(ActionName::EvictPod);
        bench.expect_pass(&RULE);
    }

    #[test]
    fn each_place_where_a_veto_can_stand_is_looked_at() {
        let mut bench = Bench::new();
        bench.namespaces.insert("shop".into(), namespace("shop", true));
        bench.expect_defer(&RULE, "namespace shop is excluded");

        let mut bench = Bench::new();
        let mut excluded = workload(3, 2);
        excluded.is_excluded = true;
        bench.facts.subject = Some(Found::There(Subject::Workload(excluded)));
        bench.expect_defer(&RULE, "Deployment/shop/web is excluded");

        let mut bench = Bench::new();
        let mut excluded = node("n1", &[]);
        excluded.metadata.labels = [(crate::marks::EXCLUDE, "true")].into_iter().collect();
        bench.nodes.insert("n1".into(), excluded);
        bench.expect_defer(&RULE, "node n1 is excluded");

        let mut bench = Bench::new();
        bench.config.protected_namespaces.push("shop".into());
        bench.expect_defer(&RULE, "protected by the configuration");

        let mut bench = Bench::new();
        let mut excluded = pod("web-1", "p-1", false);
        excluded.metadata.labels = [(crate::marks::EXCLUDE, "true")].into_iter().collect();
        bench.facts.pods.insert(("shop".into(), "web-1".into()), Found::There(excluded));
        bench.expect_defer(&RULE, "Pod/shop/web-1 is excluded");
    }

    #[test]
    fn a_veto_that_was_taken_back_does_not_live_on_in_a_revision() {
        let mut revision = workload(3, 2);
        revision.is_excluded = true;
        let mut bench = Bench::new();
        bench.facts.owner = Some(Found::There(revision));
        bench.expect_defer(&RULE, "is excluded");
        bench.facts.top = Some(Found::There(workload(3, 2)));
        bench.expect_pass(&RULE);
    }

    /// A drain meets pods of everybody's.
    #[test]
    fn a_drain_walks_past_what_is_vetoed() {
        type Change = fn(&mut Bench);
        let exclude = |found: &mut Option<Found<Workload>>| {
            let mut excluded = workload(3, 3);
            excluded.is_excluded = true;
            *found = Some(Found::There(excluded));
        };
        let cases: [(Change, &str); 3] = [
            (|b| b.config.protected_namespaces.push("shop".into()), "namespace shop is protected"),
            (
                |b| drop(b.namespaces.insert("shop".into(), namespace("shop", true))),
                "namespace shop is excluded",
            ),
            (|b| b.part.target.namespace = "kube-system".into(), "namespace kube-system is protected"),
        ];
        let drain = || {
            let mut bench = Bench::new();
            bench.remediation.spec.lineage = "Node/n1".parse().unwrap();
            bench.facts.subject = None;
            bench.action = crate::actions::get(ActionName::DrainNode);
            bench
        };
        drain().expect_pass(&RULE);
        for (change, expected) in cases {
            let mut bench = drain();
            change(&mut bench);
            bench.expect_deny(&RULE, expected);
        }
        let mut bench = drain();
        exclude(&mut bench.facts.owner);
        bench.expect_deny(&RULE, "Deployment/shop/web is excluded");
        let mut bench = drain();
        exclude(&mut bench.facts.top);
        bench.expect_deny(&RULE, "Deployment/shop/web is excluded");
    }
}
