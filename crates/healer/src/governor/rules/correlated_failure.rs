//! CorrelatedFailure: when a large share of the nodes fails together, it is one failure, of the
//! network or the control plane as likely as not. Everything but recovery is held. And since
//! those that fall together are not all seen at once, nothing is done to a node in its first
//! moments of trouble.

use std::time::Duration;

use crate::governor::{Rule, Ruling};

const LOOK_AGAIN: Duration = Duration::from_secs(10);

pub(super) const RULE: Rule = Rule {
    name: super::CORRELATED_FAILURE,
    judge: |request, world, _, now| {
        if request.is_recovery() {
            return Ruling::Pass;
        }
        if let Some(reason) = world.correlation.holds(world.config, now) {
            return Ruling::defer(reason, LOOK_AGAIN);
        }
        let lineage = &request.spec.lineage;
        let Some(since) = world.troubled.get(&lineage.name).filter(|_| lineage.kind == "Node") else {
            return Ruling::Pass;
        };
        let settle = world.config.correlated.settle.0;
        match settle.checked_sub(now.monotonic.saturating_sub(*since)).filter(|rest| !rest.is_zero()) {
            Some(rest) => Ruling::defer("waits to see whether other nodes fail with it", rest),
            None => Ruling::Pass,
        }
    },
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions;
    use crate::governor::tests_support::Bench;
    use model::policy::ActionName;

    #[test]
    fn a_large_share_holds_everything_but_recovery() {
        for (unhealthy, total, holds) in [
            (1, 1, false),
            (1, 2, false),
            (2, 2, true),
            (2, 6, true),
            (2, 7, false),
            (30, 100, true),
            (29, 100, false),
        ] {
            for mut bench in [Bench::new(), Bench::of_node()] {
                let config = bench.config.clone();
                bench.correlation.observe(unhealthy, total, &config, bench.now);
                if holds {
                    bench.expect_defer(&RULE, "are taken for one failure");
                    bench.action = actions::get(ActionName::ReleaseNode);
                }
                bench.expect_pass(&RULE);
            }
        }
    }

    #[test]
    fn it_opens_slowly() {
        let mut bench = Bench::new();
        let config = bench.config.clone();
        bench.correlation.observe(5, 10, &config, bench.now);
        bench.now.monotonic += Duration::from_secs(59);
        bench.correlation.observe(0, 10, &config, bench.now);
        bench.expect_defer(&RULE, "many more were, or may have been, 59s ago");
        bench.now.monotonic += Duration::from_secs(1);
        bench.expect_pass(&RULE);
    }

    #[test]
    fn a_node_is_left_alone_in_its_first_moments_of_trouble() {
        let mut bench = Bench::of_node();
        bench.troubled.insert("n1".into(), bench.now.monotonic.checked_sub(Duration::from_secs(14)).unwrap());
        bench.expect_defer(&RULE, "waits to see");
        bench.troubled.insert("n1".into(), bench.now.monotonic.checked_sub(Duration::from_secs(15)).unwrap());
        bench.expect_pass(&RULE);
    }
}
