//! PodStuckTerminating: a deleted pod is still there after its grace period.

use jiff::SignedDuration;
use model::codes;

use super::{Check, Context, Evaluate, Finding, Proof, Verdict, after};
use crate::causes::Explanation;
use crate::kind::Kind;
use crate::world::Pod;

pub(super) const CHECK: Check = Check {
    code: codes::POD_STUCK_TERMINATING,
    needs: &[Kind::Pod],
    evaluate: Evaluate::Pod(evaluate),
    // What is being deleted is not what a rollout brings.
    explained_by: &[Explanation::NodesOfMembers],
    proof: Proof::None,
};

/// `deletionTimestamp` is when the grace ends, not when the deletion was asked for.
fn evaluate(pod: &Pod, context: &Context<'_>) -> Verdict {
    let Some(grace_ends) = pod.deleted.get() else { return Verdict::Healthy };
    let own = &context.thresholds.pod_stuck_terminating;
    let (finalizers, grace_s) = pod.trouble.as_ref().map_or((Vec::new(), 0), |trouble| {
        (trouble.finalizers.iter().map(|name| &**name).collect::<Vec<_>>(), trouble.grace_s)
    });
    let asked = grace_ends.saturating_sub(SignedDuration::from_secs(grace_s.into())).unwrap_or(grace_ends);
    let why = if finalizers.is_empty() { "" } else { ", held by a finalizer" };
    let summary = format!("still there after its deletion and {grace_s}s of grace{why}");
    let finding = Finding::new(own.severity, Some(grace_ends), context.now, summary)
        .fact("deletedAt", asked)
        .fact("grace", format!("{grace_s}s"))
        .fact("finalizers", finalizers.join(", "))
        .fact("node", pod.node.as_deref().unwrap_or_default());
    finding.from(after(pod.deleted, own.r#for), context.now)
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn each_outcome() {
        for (object, expected) in [
            (pod("p"), Expect::Healthy),
            // Thirty seconds of grace, asked for ten seconds ago.
            (pod("p").deleted_with_grace(10, 30), Expect::PendingFor(80)),
            (pod("p").deleted_with_grace(60, 30), Expect::PendingFor(30)),
            (pod("p").deleted_with_grace(91, 30), Expect::Unhealthy("still there")),
        ] {
            check("PodStuckTerminating", &[object], expected);
        }
    }

    #[test]
    fn the_evidence_names_who_holds_it() {
        let found = finding(
            "PodStuckTerminating",
            &[pod("p").on("n1").deleted_with_grace(600, 30).finalizer("acme/guard")],
        );
        assert_eq!((&*found.evidence["finalizers"], &*found.evidence["node"]), ("acme/guard", "n1"));
        assert_eq!(found.since, ago(570));
        assert!(found.summary.contains("finalizer"));
    }
}
