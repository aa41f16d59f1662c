//! OneIntent: at most one effect for (lineage, episode, step, attempt, object), across crashes and
//! leaders, and one open attempt per lineage, whatever the number of checks that complain.

use std::time::Duration;

use model::codes;
use model::policy::ActionName;
use model::remediation::PartState;

use crate::Now;
use crate::governor::{Request, Rule, Ruling, Stage};
use crate::ledger::{Ledger, whole};

const LOOK_AGAIN: Duration = Duration::from_secs(10);

pub(super) const RULE: Rule = Rule {
    name: super::ONE_INTENT,
    judge: |request, _, ledger, now| {
        // An intent is written for what is planned; sent is what has an intent, and once.
        let expected = if request.stage == Stage::Send { PartState::Open } else { PartState::Planned };
        if request.part.state != expected {
            return Ruling::deny(format!("the effect is {:?} already", request.part.state));
        }
        if request.stage == Stage::Begin && request.status.open_attempt().is_some() {
            return Ruling::defer("an attempt of this remediation is open", LOOK_AGAIN);
        }
        let is_restart = request.action.name == ActionName::RolloutRestart;
        for other in ledger.open().filter(|open| open.remediation != request.id.remediation) {
            let is_of_the_workload = is_restart && whole(&other.lineage) == whole(&request.spec.lineage);
            // What only takes back waits for a change of the very object, not for an attempt's end.
            if is_of_the_workload || !request.is_undo && other.is_on(&request.spec.lineage) {
                let reason = format!("{} has an open attempt on {}", other.remediation, other.lineage);
                return Ruling::defer(reason, LOOK_AGAIN);
            }
            if other.touching.iter().any(|object| object.uid == request.part.target.uid) {
                let reason = format!("{} acts on {} at this moment", other.remediation, request.part.target);
                return Ruling::defer(reason, LOOK_AGAIN);
            }
        }
        if is_restart { restart(request, ledger, now) } else { Ruling::Pass }
    },
};

/// A restart is one for all instances, and not begun upon a rollout that is under way. The one
/// that another instance's trouble has led to is given the time that this one's would have.
fn restart(request: &Request<'_>, ledger: &Ledger, now: Now) -> Ruling {
    let steps = request.spec.steps.iter().filter(|step| step.action == ActionName::RolloutRestart);
    let patience = steps.map(|step| step.timeout.0).max().unwrap_or_default();
    let lineage = &request.spec.lineage;
    let last = ledger.restarted(lineage, patience, now);
    if let Some(last) = last.filter(|last| last.remediation != request.id.remediation) {
        let passed = now.since(last.intended);
        let reason = format!("{} restarted {} {}s ago", last.remediation, whole(lineage), passed.as_secs());
        return Ruling::defer(reason, patience.saturating_sub(passed).min(LOOK_AGAIN));
    }
    let is_rolling =
        request.facts.workload().is_some_and(|workload| workload.is_rolling && !workload.is_stuck);
    if is_rolling && request.spec.check != codes::WORKLOAD_ROLLOUT_STUCK {
        return Ruling::defer(format!("a rollout of {} is under way", whole(lineage)), LOOK_AGAIN);
    }
    Ruling::Pass
}

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
    fn a_workload_is_restarted_once_for_all_its_instances() {
        let mut bench = Bench::of_workload();
        bench.remediation.spec.lineage = "StatefulSet/shop/db/db-0".parse().unwrap();
        bench.expect_pass(&RULE);
        bench.restarted_ago("db-1", 300, None);
        bench.expect_defer(&RULE, "r-9-1 has an open attempt on StatefulSet/shop/db/db-1");
        bench.restarted_ago("db-1", 59, Some(50));
        bench.expect_defer(&RULE, "r-9-1 restarted StatefulSet/shop/db 59s ago");
        bench.restarted_ago("db-1", 60, Some(50));
        bench.expect_pass(&RULE);
        // Nor are pods taken from under it one by one.
        let mut bench = Bench::new();
        bench.remediation.spec.lineage = "StatefulSet/shop/db/db-0".parse().unwrap();
        bench.restarted_ago("db-1", 300, None);
        bench.expect_defer(&RULE, "r-9-1 has an open attempt");
    }

    #[test]
    fn a_restart_waits_for_the_rollout_under_way() {
        let mut bench = Bench::of_workload();
        bench.workload().is_rolling = true;
        bench.expect_defer(&RULE, "a rollout of Deployment/shop/web is under way");
        bench.workload().is_stuck = true;
        bench.expect_pass(&RULE);
        bench.workload().is_stuck = false;
        bench.remediation.spec.check = codes::WORKLOAD_ROLLOUT_STUCK.into();
        bench.expect_pass(&RULE);
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
        bench.is_undo = true;
        bench.expect_pass(&RULE);
        bench.is_undo = false;
        other.spec.lineage = "Node/n1".parse().unwrap();
        let mut touching = attempt();
        touching.parts = vec![open_part("web-1", "p-1")];
        other.status.as_mut().unwrap().attempts = vec![touching];
        bench.others = vec![other];
        bench.expect_defer(&RULE, "r-9-1 acts on Pod/shop/web-1");
        bench.is_undo = true;
        bench.expect_defer(&RULE, "r-9-1 acts on Pod/shop/web-1");
    }
}
