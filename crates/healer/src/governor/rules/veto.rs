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
                Duration::try_from(until.duration_since(now.wall)).unwrap_or(LOOK_AGAIN)
            });
            let why = if reason.is_empty() { "no reason given" } else { reason };
            Some(Ruling::defer(format!("paused: {why}"), wait))
        }
    }
}

fn vetoed(request: &Request<'_>, world: &World<'_>) -> Option<String> {
    let own = request.spec.lineage.namespace.as_str();
    if !own.is_empty() && world.config.protected_namespaces.iter().any(|name| name == own) {
        return Some(format!("namespace {own} is protected by the configuration"));
    }
    for namespace in [own, request.part.target.namespace.as_str()] {
        if world.namespaces.get(namespace).is_some_and(|found| is_excluded(&found.metadata)) {
            return Some(format!("namespace {namespace} is excluded by its annotation"));
        }
    }
    let subject = request.facts.subject.as_ref().and_then(|found| found.there());
    if subject.is_some_and(crate::facts::Subject::is_excluded) {
        return Some(format!("{} is excluded by its annotation", request.spec.lineage));
    }
    let target = request.facts.pod(&request.part.target).and_then(|found| found.there());
    if target.is_some_and(|pod| is_excluded(&pod.metadata)) {
        return Some(format!("{} is excluded by its annotation", request.part.target));
    }
    let node = &request.part.node;
    if world.nodes.get(node).is_some_and(|found| is_excluded(&found.metadata)) {
        return Some(format!("node {node} is excluded by its annotation"));
    }
    None
}

/// Why the one who runs a workload does not want it rolled out, or not by others.
fn held(request: &Request<'_>) -> Option<&'static str> {
    let is_restart = request.action.name == ActionName::RolloutRestart;
    request.facts.workload().filter(|_| is_restart)?.holds_rollouts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Found, Subject};
    use crate::governor::tests_support::Bench;
    use crate::machine::tests_support::{namespace, node, now, workload};

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
    }
}
