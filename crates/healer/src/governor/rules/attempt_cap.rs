//! AttemptCap: attempts are counted per lineage over all its remediations and checks, from when
//! their intent is written, with a wait that doubles; then a person.

use std::time::Duration;

use model::config::healer::Attempts;

use crate::governor::{Rule, Ruling, Stage};
use crate::ledger::Tried;

const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// The wait after an attempt that had no effect. There is nothing that has to show whether it helps, but what is
/// written to at this moment, as a node is that falls silent, may be again.
const AFTER_NOTHING: Duration = Duration::from_secs(5);

pub(super) const RULE: Rule = Rule {
    name: super::ATTEMPT_CAP,
    judge: |request, world, ledger, now| {
        // An attempt that has begun counts already, and recovery is not held back.
        if request.stage != Stage::Begin || request.is_undo {
            return Ruling::Pass;
        }
        let limits = &world.config.attempts;
        let tried: Vec<_> = ledger.tried(&request.spec.lineage, limits.window.0, now).collect();
        let cap = limits.per_lineage.min(request.spec.attempts_max.unwrap_or(u32::MAX));
        // What is open elsewhere may come to nothing, and be on no record in a moment.
        let is_open = |tried: &&Tried| tried.is_open && tried.remediation != request.id.remediation;
        if tried.len() >= cap as usize {
            if let Some(open) = tried.iter().copied().find(is_open) {
                let reason = format!("{} has an open attempt on {}", open.remediation, open.lineage);
                return Ruling::defer(reason, LOOK_AGAIN);
            }
            return Ruling::deny(format!(
                "{} attempts on {} within {}, at most {cap}",
                tried.len(),
                request.spec.lineage,
                limits.window
            ));
        }
        let Some(last) = tried.iter().max_by_key(|tried| tried.intended) else { return Ruling::Pass };
        let wait = back_off(limits, tried.len());
        let wait = if last.is_void { wait.min(AFTER_NOTHING) } else { wait };
        match wait.checked_sub(now.since(last.intended)).filter(|rest| !rest.is_zero()) {
            Some(rest) => Ruling::defer(
                format!(
                    "attempt {} on {} waits {}s after the one before",
                    tried.len() + 1,
                    request.spec.lineage,
                    wait.as_secs()
                ),
                rest,
            ),
            None => Ruling::Pass,
        }
    },
};

/// The wait after so many attempts: doubling, bounded.
pub(crate) fn back_off(limits: &Attempts, attempts: usize) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX).min(20);
    limits.back_off.0.saturating_mul(1 << doublings).min(limits.back_off_max.0)
}

#[cfg(test)]
mod tests {
    use model::remediation::AttemptResult;

    use super::*;
    use crate::governor::tests_support::Bench;

    #[test]
    fn attempts_are_spaced_and_then_over() {
        let mut bench = Bench::new();
        bench.expect_pass(&RULE);
        bench.attempted_ago(&[10]);
        bench.expect_defer(&RULE, "attempt 2");
        bench.attempted_ago(&[31]);
        bench.expect_pass(&RULE);
        bench.attempted_ago(&[100, 31]);
        bench.expect_defer(&RULE, "waits 60s");
        bench.attempted_ago(&[5000, 4000, 3000, 2000, 1000]);
        bench.expect_deny(&RULE, "5 attempts on Deployment/shop/web");
        bench.attempted_ago(&[50_000, 4000, 3000, 2000, 1000]);
        bench.expect_pass(&RULE);
    }

    #[test]
    fn after_an_attempt_without_an_effect_the_next_comes_soon() {
        let mut bench = Bench::new();
        let without_effect = |bench: &mut Bench, seconds: &[u64]| {
            bench.attempted_ago(seconds);
            let attempts = &mut bench.others[0].status.as_mut().unwrap().attempts;
            attempts.last_mut().unwrap().result = AttemptResult::NotHappened;
        };
        without_effect(&mut bench, &[100, 4]);
        bench.expect_defer(&RULE, "waits 5s");
        without_effect(&mut bench, &[100, 5]);
        bench.expect_pass(&RULE);
        without_effect(&mut bench, &[5000, 4000, 3000, 2000, 1000]);
        bench.expect_deny(&RULE, "5 attempts");
    }

    #[test]
    fn what_is_open_elsewhere_at_the_cap_is_waited_for() {
        let mut bench = Bench::of_workload();
        bench.remediation.spec.lineage = "StatefulSet/shop/db/db-0".parse().unwrap();
        bench.remediation.spec.attempts_max = Some(1);
        bench.restarted_ago("db-1", 10, None);
        bench.expect_defer(&RULE, "has an open attempt on StatefulSet/shop/db/db-1");
        bench.restarted_ago("db-1", 10, Some(5));
        bench.expect_deny(&RULE, "1 attempts on StatefulSet/shop/db/db-0");
    }

    #[test]
    fn a_restart_counts_for_every_instance() {
        let mut bench = Bench::of_workload();
        bench.remediation.spec.lineage = "StatefulSet/shop/db/db-0".parse().unwrap();
        bench.restarted_ago("db-1", 10, Some(5));
        bench.expect_defer(&RULE, "attempt 2 on StatefulSet/shop/db/db-0");
    }

    #[test]
    fn a_policy_may_narrow_the_cap_and_never_widen_it() {
        let mut bench = Bench::new();
        bench.attempted_ago(&[5000]);
        bench.remediation.spec.attempts_max = Some(1);
        bench.expect_deny(&RULE, "at most 1");
        bench.remediation.spec.attempts_max = Some(99);
        bench.attempted_ago(&[5000, 4000, 3000, 2000, 1000]);
        bench.expect_deny(&RULE, "at most 5");
    }

    #[test]
    fn an_attempt_that_has_begun_goes_on() {
        let mut bench = Bench::new();
        bench.attempted_ago(&[5, 4, 3, 2, 1]);
        bench.stage = Stage::Send;
        bench.expect_pass(&RULE);
    }
}
