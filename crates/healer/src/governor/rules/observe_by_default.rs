//! ObserveByDefault: nothing is enforced that no policy says to enforce, and nothing that a person
//! is to approve before one has.

use std::time::Duration;

use model::policy::Mode;
use model::remediation::ApprovalVerdict;

use crate::Now;
use crate::governor::{Request, Rule, Ruling};

/// An approval is watched for: this is only for the case that the watch fails.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

pub(super) const RULE: Rule = Rule {
    name: super::OBSERVE_BY_DEFAULT,
    judge: |request, _, _, now| {
        // What was enforced may be taken back: no further leave is needed to stop disrupting.
        if request.is_undo {
            return Ruling::Pass;
        }
        match request.spec.mode {
            Mode::Enforce => Ruling::Pass,
            Mode::Observe => Ruling::deny("the policy is in mode Observe"),
            Mode::Approve => approved(request, now),
        }
    },
};

fn approved(request: &Request<'_>, now: Now) -> Ruling {
    let plan = &request.spec.plan_hash;
    let waiting = |reason: String| Ruling::defer(reason, LOOK_AGAIN);
    let Some(approval) = &request.spec.approval else {
        let name = &request.id.remediation;
        return waiting(format!("a person is to allow plan {plan}: seaworthy remediations approve {name}"));
    };
    if approval.verdict == ApprovalVerdict::Rejected {
        return Ruling::deny(format!("rejected by {}", approval.by));
    }
    if approval.plan_hash != *plan || plan.is_empty() {
        return waiting(format!("{} approved another plan than {plan}", approval.by));
    }
    if approval.expires.is_some_and(|expires| expires <= now.wall) {
        return waiting(format!("the approval by {} of plan {plan} has expired", approval.by));
    }
    Ruling::Pass
}

#[cfg(test)]
mod tests {
    use model::remediation::Approval;

    use super::*;
    use crate::governor::tests_support::Bench;
    use crate::machine::tests_support::now;

    #[test]
    fn only_what_is_to_be_enforced_is() {
        let mut bench = Bench::new();
        bench.expect_pass(&RULE);
        bench.remediation.spec.mode = Mode::Observe;
        bench.expect_deny(&RULE, "mode Observe");
        bench.is_undo = true;
        bench.expect_pass(&RULE);
    }

    #[test]
    fn an_approval_covers_one_plan_for_its_time() {
        use ApprovalVerdict::{Approved, Rejected};
        let approval = |verdict, plan: &str, expires: Option<u64>| Approval {
            by: "ada".into(),
            plan_hash: plan.into(),
            verdict,
            expires: expires.map(|second| now(second).wall),
        };
        let mut bench = Bench::new();
        bench.remediation.spec.mode = Mode::Approve;
        bench.expect_defer(&RULE, "a person is to allow plan");
        for (given, expected) in [
            (approval(Approved, "plan", None), Ok(())),
            (approval(Approved, "plan", Some(1_000_000)), Ok(())),
            (approval(Approved, "plan", Some(0)), Err("expired")),
            (approval(Approved, "other", None), Err("another plan")),
        ] {
            bench.remediation.spec.approval = Some(given);
            match expected {
                Ok(()) => bench.expect_pass(&RULE),
                Err(text) => bench.expect_defer(&RULE, text),
            }
        }
        bench.remediation.spec.approval = Some(approval(Rejected, "plan", None));
        bench.expect_deny(&RULE, "rejected by ada");
    }
}
