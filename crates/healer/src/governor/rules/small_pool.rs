//! SmallPool: a percentage never rounds to zero. In a pool where it would, one is possible, and
//! two never are. Of every other pool Budget speaks.

use crate::governor::pool::pools;
use crate::governor::{Rule, Ruling};

pub(super) const RULE: Rule = Rule {
    name: "SmallPool",
    judge: |request, world, ledger, now| {
        let full = pools(request, world, ledger, now)
            .into_iter()
            .find(|pool| pool.allowance.is_small_pool && !pool.has_room());
        match full {
            Some(pool) => pool.refuses(),
            None => Ruling::Pass,
        }
    },
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::governor::tests_support::Bench;

    #[test]
    fn one_is_possible_and_two_are_not() {
        let mut bench = Bench::of_node();
        bench.nodes_named(3);
        bench.expect_pass(&RULE);
        bench.cordon("n2");
        bench.expect_defer(&RULE, "1 nodes of the cluster are disrupted, 1 at once allowed (10%)");
        bench.nodes_named(20);
        bench.cordon("n2");
        bench.expect_pass(&RULE);
    }

    #[test]
    fn what_is_done_to_a_node_that_is_down_takes_no_other() {
        let mut bench = Bench::of_node();
        bench.nodes_named(3);
        bench.cordon("n1");
        bench.expect_pass(&RULE);
    }
}
