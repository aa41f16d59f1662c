//! Budget: so many at once of the cluster, a zone, a namespace and an owner, and so many within
//! the hour. What is in flight and what has not recovered counts, and so does what others hold
//! down.

use std::time::Duration;

use crate::actions::Disrupts;
use crate::governor::pool::pools;
use crate::governor::{Rule, Ruling, Stage};
use crate::ledger::Unit;

const LOOK_AGAIN: Duration = Duration::from_secs(15);

pub(super) const RULE: Rule = Rule {
    name: "Budget",
    judge: |request, world, ledger, now| {
        if request.is_recovery() {
            return Ruling::Pass;
        }
        let pools = pools(request, world, ledger, now);
        // Of those that a percentage rounds to nothing SmallPool has spoken.
        if let Some(full) = pools.iter().find(|pool| !pool.allowance.is_small_pool && !pool.has_room()) {
            return full.refuses();
        }
        let budgets = &world.config.budgets;
        let hourly =
            [(Unit::Pod, budgets.pods.per_hour, "pods"), (Unit::Node, budgets.nodes.per_hour, "nodes")];
        for (unit, limit, name) in hourly {
            let counts = match (unit, request.action.disrupts) {
                (Unit::Pod, Disrupts::Pods | Disrupts::NodeAndPods) => true,
                // A node is counted once, when the attempt on it begins.
                (Unit::Node, Disrupts::Node | Disrupts::NodeAndPods) => request.stage == Stage::Begin,
                (Unit::Pod, Disrupts::Node | Disrupts::Nothing)
                | (Unit::Node, Disrupts::Pods | Disrupts::Nothing) => false,
            };
            let used = ledger.within_the_hour(unit, &request.id, &request.spec.lineage.name, now);
            let takes = if unit == Unit::Pod { request.part.pods.unwrap_or(1) } else { 1 };
            if counts && used + takes as usize > limit as usize {
                return Ruling::defer(
                    format!("{used} {name} were disrupted within the hour, {limit} allowed"),
                    LOOK_AGAIN,
                );
            }
        }
        Ruling::Pass
    },
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Found;
    use crate::governor::tests_support::Bench;
    use crate::machine::tests_support::{marked, pod, workload};

    #[test]
    fn each_pool_has_its_limit() {
        for (elsewhere, expected) in [
            (("a", "n9", "Deployment/a/x", 9), None),
            (("a", "n9", "Deployment/a/x", 10), Some("10 pods of the cluster are disrupted, 10 at once")),
            (("shop", "n9", "Deployment/shop/x", 3), Some("3 pods of namespace shop")),
            (("a", "n1", "Deployment/a/x", 5), Some("5 pods of zone z1")),
        ] {
            let mut bench = Bench::new();
            let (namespace, node, owner, count) = elsewhere;
            bench.disrupted(namespace, node, owner, count);
            match expected {
                None => bench.expect_pass(&RULE),
                Some(text) => bench.expect_defer(&RULE, text),
            }
        }
    }

    #[test]
    fn an_owner_keeps_most_of_its_pods() {
        let mut bench = Bench::new();
        bench.facts.owner = Some(Found::There(workload(8, 8)));
        bench.disrupted("shop", "n1", "Deployment/shop/web", 1);
        bench.expect_pass(&RULE);
        bench.disrupted("shop", "n1", "Deployment/shop/web", 2);
        bench.expect_defer(&RULE, "2 pods of Deployment/shop/web are disrupted, 2 at once allowed (25%)");
    }

    #[test]
    fn a_pod_that_serves_is_not_taken_while_others_are_away() {
        let mut bench = Bench::new();
        bench.facts.owner = Some(Found::There(workload(8, 6)));
        bench.expect_pass(&RULE);
        bench.facts.pods.insert(("shop".into(), "web-1".into()), Found::There(pod("web-1", "p-1", true)));
        bench.expect_defer(&RULE, "2 pods of Deployment/shop/web are disrupted");
    }

    #[test]
    fn a_rollout_is_not_made_worse() {
        let mut bench = Bench::new();
        bench.facts.pods.insert(("shop".into(), "web-1".into()), Found::There(pod("web-1", "p-1", true)));
        // The old revision has all of its seven, the Deployment seven of its ten.
        bench.facts.owner = Some(Found::There(workload(7, 7)));
        bench.facts.subject = None;
        bench.expect_pass(&RULE);
        bench.facts.top = Some(Found::There(workload(10, 7)));
        bench.expect_defer(&RULE, "3 pods of Deployment/shop/web are disrupted, 2 at once");
    }

    #[test]
    fn a_restart_takes_what_its_strategy_says() {
        let mut bench = Bench::of_workload();
        bench.expect_pass(&RULE);
        bench.disrupted("shop", "n9", "Deployment/shop/x", 2);
        bench.expect_defer(
            &RULE,
            "2 pods of namespace shop are disrupted, 3 at once allowed (3), and it takes 2",
        );
        bench.disrupted("a", "n1", "Deployment/a/x", 4);
        bench.expect_defer(&RULE, "4 pods of zone z1 are disrupted");
        bench.others.clear();
        bench.part.pods = Some(3);
        bench.expect_deny(&RULE, "it takes 3 pods of Deployment/shop/web at once, 2 allowed (25%)");
    }

    #[test]
    fn a_restart_under_way_counts_for_others() {
        let mut bench = Bench::of_workload();
        bench.restarted_ago("", 30, None);
        bench.others[0].spec.lineage = "Deployment/shop/x".parse().unwrap();
        bench.expect_defer(&RULE, "2 pods of namespace shop are disrupted");
        bench.config.budgets.pods.namespace = 100;
        bench.config.budgets.pods.zone = 3;
        bench.expect_defer(&RULE, "2 pods of zone z1 are disrupted");
        bench.config.budgets.pods.zone = 100;
        bench.config.budgets.pods.per_hour = 3;
        bench.expect_defer(&RULE, "2 pods were disrupted within the hour");
    }

    #[test]
    fn the_hour_has_its_limit_too() {
        let mut bench = Bench::new();
        bench.config.budgets.pods.per_hour = 2;
        bench.settled("a", 2);
        bench.expect_defer(&RULE, "2 pods were disrupted within the hour");
        bench.config.budgets.pods.per_hour = 3;
        bench.expect_pass(&RULE);
    }

    #[test]
    fn nodes_that_others_hold_down_count() {
        let mut bench = Bench::of_node();
        bench.nodes_named(20);
        bench.expect_pass(&RULE);
        bench.cordon("n2");
        bench.expect_pass(&RULE);
        bench.cordon("n3");
        bench.expect_defer(&RULE, "2 nodes of the cluster are disrupted, 2 at once allowed (10%)");
    }

    #[test]
    fn a_mark_that_no_remediation_speaks_of_counts() {
        let mut bench = Bench::of_node();
        bench.nodes_named(10);
        bench.expect_pass(&RULE);
        bench.nodes.insert("n2".into(), marked("n2", &[crate::marks::QUARANTINE], "r-9-1"));
        bench.expect_defer(&RULE, "1 nodes of the cluster are disrupted");
    }
}
