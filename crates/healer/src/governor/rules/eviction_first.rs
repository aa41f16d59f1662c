//! EvictionFirst: pods are removed through the eviction API and nothing else, and its answer, with
//! every disruption budget's, is final for the attempt. Another attempt follows later, within the
//! cap; none is forced.

use model::policy::ActionName;
use model::remediation::{AttemptResult, PartState};

use super::attempt_cap::back_off;
use crate::governor::{Rule, Ruling, Stage};

pub(super) const RULE: Rule = Rule {
    name: super::EVICTION_FIRST,
    judge: |request, world, ledger, now| {
        if request.part.state == PartState::Refused {
            return Ruling::deny("the eviction API has refused it in this attempt");
        }
        // Taking a mark off evicts nobody.
        if request.stage != Stage::Begin || request.is_undo {
            return Ruling::Pass;
        }
        let is_eviction = |action| matches!(action, ActionName::EvictPod | ActionName::DrainNode);
        let refused = request
            .status
            .attempts
            .last()
            .filter(|last| last.result == AttemptResult::Refused && is_eviction(last.action));
        let Some(closed) = refused.and_then(|last| last.closed) else { return Ruling::Pass };
        // The wait is AttemptCap's; the name that stands in the status is the reason for it.
        let limits = &world.config.attempts;
        let tried = ledger.tried(&request.spec.lineage, limits.window.0, now).count();
        let wait = back_off(limits, tried.max(1));
        match wait.checked_sub(now.since(closed)).filter(|rest| !rest.is_zero()) {
            Some(rest) => {
                let words = refused.map_or("", |last| last.detail.as_str());
                Ruling::defer(format!("the eviction was refused: {words}"), rest)
            }
            None => Ruling::Pass,
        }
    },
};

#[cfg(test)]
mod tests {
    use model::remediation::Attempt;

    use super::*;
    use crate::governor::tests_support::Bench;
    use crate::machine::tests_support::{attempt, now};

    #[test]
    fn a_refusal_is_final_for_the_attempt() {
        let mut bench = Bench::new();
        bench.expect_pass(&RULE);
        bench.part.state = PartState::Refused;
        bench.expect_deny(&RULE, "refused");
    }

    #[test]
    fn the_next_attempt_waits() {
        let mut bench = Bench::new();
        let refused = Attempt {
            result: AttemptResult::Refused,
            closed: Some(bench.now.wall),
            detail: "no room in pdb web".into(),
            ..attempt()
        };
        bench.remediation.status.as_mut().unwrap().attempts = vec![refused.clone()];
        bench.expect_defer(&RULE, "no room in pdb web");
        bench.is_undo = true;
        bench.expect_pass(&RULE);
        bench.is_undo = false;
        let earlier = Attempt { closed: Some(now(0).wall), ..refused };
        bench.remediation.status.as_mut().unwrap().attempts = vec![earlier];
        bench.expect_pass(&RULE);
    }
}
