//! PodUnschedulable: the scheduler finds no node for a pod.

use model::codes;

use super::{Check, Context, Evaluate, Finding, Proof, Verdict, after};
use crate::causes::Explanation;
use crate::kind::Kind;
use crate::world::{Phase, Pod};

pub(super) const CHECK: Check = Check {
    code: codes::POD_UNSCHEDULABLE,
    needs: &[Kind::Pod],
    evaluate: Evaluate::Pod(evaluate),
    // A pod without a node has none to blame.
    explained_by: &[Explanation::Rollout],
    proof: Proof::Replacement,
};

/// A pod that waits behind a scheduling gate is not looked at by the scheduler, and not by this.
fn evaluate(pod: &Pod, context: &Context<'_>) -> Verdict {
    if !pod.unschedulable || pod.phase != Phase::Pending || pod.is_terminating() {
        return Verdict::Healthy;
    }
    let own = &context.thresholds.pod_unschedulable;
    let words = pod.trouble.as_ref().map_or("", |trouble| &trouble.words);
    let finding = Finding::new(own.severity, pod.scheduled_changed.get(), context.now, "no node fits")
        .fact("scheduler", words)
        .time("changedAt", pod.scheduled_changed);
    finding.from(after(pod.scheduled_changed, own.r#for), context.now)
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn each_outcome() {
        let waiting =
            |reason, ago| pod("p").unscheduled(reason, "0/3 nodes are available: 3 Insufficient cpu.", ago);
        for (object, expected) in [
            (pod("p"), Expect::Healthy),
            (waiting("Unschedulable", 20), Expect::PendingFor(40)),
            (waiting("Unschedulable", 61), Expect::Unhealthy("no node fits")),
            (waiting("SchedulingGated", 600), Expect::Healthy),
            (waiting("Unschedulable", 600).deleted(5), Expect::Healthy),
        ] {
            check("PodUnschedulable", &[object], expected);
        }
        let found = finding("PodUnschedulable", &[waiting("Unschedulable", 90)]);
        assert_eq!(found.evidence["scheduler"], "0/3 nodes are available: 3 Insufficient cpu.");
        assert_eq!(found.since, ago(90));
    }
}
