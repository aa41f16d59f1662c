//! OneActorPerTarget: nothing is begun on a node that somebody else works on, as the Lease for that
//! node says by which node remediation operators keep out of each other's way.

use std::time::Duration;

use crate::facts::Claim;
use crate::governor::{Rule, Ruling};

const LOOK_AGAIN: Duration = Duration::from_secs(15);

pub(super) const RULE: Rule = Rule {
    name: "OneActorPerTarget",
    judge: |request, _, _, _| {
        if request.is_recovery() {
            return Ruling::Pass;
        }
        match &request.facts.claim {
            Claim::Held(holder) => {
                Ruling::defer(format!("{holder} works on the node and holds the lease for it"), LOOK_AGAIN)
            }
            // What could not be read is FreshView's; and of what is no node there are no such leases.
            Claim::Unread | Claim::Free | Claim::Unreadable(_) => Ruling::Pass,
        }
    },
};

#[cfg(test)]
mod tests {
    use model::policy::ActionName;

    use super::*;
    use crate::actions;
    use crate::governor::tests_support::Bench;

    #[test]
    fn who_holds_the_lease_has_the_node_and_what_is_ours_is_taken_back() {
        let mut bench = Bench::of_node();
        bench.facts.claim = Claim::Free;
        bench.expect_pass(&RULE);
        bench.facts.claim = Claim::Held("node-healthcheck".into());
        bench.expect_defer(&RULE, "node-healthcheck works on the node");
        bench.action = actions::get(ActionName::ReleaseNode);
        bench.expect_pass(&RULE);
    }
}
