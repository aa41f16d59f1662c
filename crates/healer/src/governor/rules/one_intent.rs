//! OneIntent: at most one effect for (lineage, episode, step, attempt, object), across crashes and
//! leaders, and one open attempt per lineage, whatever the number of checks that complain.

use std::time::Duration;

use model::remediation::PartState;

use crate::governor::{Rule, Ruling, Stage};

const LOOK_AGAIN: Duration = Duration::from_secs(10);

pub(super) const RULE: Rule = Rule {
    name: "OneIntent",
    judge: |request, _, ledger, _| {
        // An intent is written for what is planned; sent is what has an intent, and once.
        let expected = if request.stage == Stage::Send { PartState::Open } else { PartState::Planned };
        if request.part.state != expected {
            return Ruling::deny(format!("the effect is {:?} already", request.part.state));
        }
        if request.stage == Stage::Begin && request.status.open_attempt().is_some() {
            return Ruling::defer("an attempt of this remediation is open", LOOK_AGAIN);
        }
        for other in ledger.open().filter(|open| open.remediation != request.id.remediation) {
            if other.lineage == request.spec.lineage {
                let reason = format!("{} has an open attempt on {}", other.remediation, other.lineage);
                return Ruling::defer(reason, LOOK_AGAIN);
            }
            if other.touching.iter().any(|object| object.uid == request.part.target.uid) {
                let reason = format!("{} acts on {} at this moment", other.remediation, request.part.target);
                return Ruling::defer(reason, LOOK_AGAIN);
            }
        }
        Ruling::Pass
    },
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::governor::tests_support::Bench;
    use model::remediation::Attempt;

    use crate::machine::tests_support::{attempt, open_part, planned_part};

    #[test]
    fn nothing_is_sent_twice_and_nothing_without_an_intent() {
        let mut bench = Bench::new();
        bench.expect_pass(&RULE);
        bench.stage = Stage::Send;
        bench.expect_deny(&RULE, "Planned already");
        bench.part.state = PartState::Open;
        bench.expect_pass(&RULE);
        bench.part.state = PartState::Happened;
        bench.expect_deny(&RULE, "Happened already");
    }

    #[test]
    fn one_open_attempt_per_lineage_whatever_the_checks() {
        let mut bench = Bench::new();
        let mut other = bench.remediation.clone();
        other.metadata.name = Some("r-9-1".into());
        other.spec.check = "PodOOMKilled".into();
        let planned = Attempt { parts: vec![planned_part("web-9", "p-9")], ..attempt() };
        other.status.as_mut().unwrap().attempts = vec![planned];
        bench.others = vec![other.clone()];
        bench.expect_defer(&RULE, "r-9-1 has an open attempt on Deployment/shop/web");
        other.spec.lineage = "Node/n1".parse().unwrap();
        let mut touching = attempt();
        touching.parts = vec![open_part("web-1", "p-1")];
        other.status.as_mut().unwrap().attempts = vec![touching];
        bench.others = vec![other];
        bench.expect_defer(&RULE, "r-9-1 acts on Pod/shop/web-1");
    }
}
