//! NodeNotReady: the kubelet speaks, and says that its node is not ready.

use model::codes;

use super::node_condition::describe;
use super::{Check, Context, Evaluate, Finding, Proof, Verdict, after};
use crate::causes::Explanation;
use crate::kind::Kind;
use crate::world::{Node, Status};

pub(super) const CHECK: Check = Check {
    code: codes::NODE_NOT_READY,
    needs: &[Kind::Node],
    evaluate: Evaluate::Node(evaluate),
    explained_by: &[Explanation::Unreachable],
    proof: Proof::Replacement,
};

fn evaluate(node: &Node, context: &Context<'_>) -> Verdict {
    let own = &context.thresholds.node_not_ready;
    // A node that has no condition yet has only just been made.
    let Some(ready) = &node.ready else { return Verdict::Healthy };
    match ready.status {
        _ if node.terminating => Verdict::Healthy,
        Status::True => Verdict::Healthy,
        Status::Unknown => Verdict::Unknown { reason: "the kubelet has not been heard from".into() },
        Status::False => {
            let finding = Finding::new(
                own.severity,
                ready.since.get(),
                context.now,
                "its kubelet says it is not ready",
            );
            let finding = describe(finding, node, ready).fact("pods", context.world.pods_on(&node.name));
            let first_time_until = after(node.created, own.startup_for);
            let at = after(ready.since, own.r#for);
            // As long as it may still be starting, it is; a node that was ready before and is
            // young counts as starting too, for a few minutes.
            finding.from(at.max(first_time_until), context.now)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn each_outcome() {
        let node = |status, changed| {
            node("n1")
                .created(86_400)
                .condition("Ready", status, changed)
                .reason("KubeletNotReady", "runtime is down")
        };
        for (object, expected) in [
            (node("True", 10), Expect::Healthy),
            (node("False", 10), Expect::PendingFor(20)),
            (node("False", 31), Expect::Unhealthy("not ready")),
            (node("Unknown", 60), Expect::Unknown),
            (node("False", 60).deleted(5), Expect::Healthy),
            (node("False", 60).created(60), Expect::PendingFor(240)),
            (super::super::testing::node("n1"), Expect::Healthy),
        ] {
            check("NodeNotReady", &[object], expected);
        }
    }

    #[test]
    fn the_evidence_says_what_the_kubelet_says() {
        let node = node("n1")
            .created(86_400)
            .condition("Ready", "False", 60)
            .reason("KubeletNotReady", "runtime is down")
            .cordoned();
        let found = finding("NodeNotReady", &[node, pod("p").on("n1")]);
        assert_eq!(found.evidence["message"], "runtime is down");
        assert_eq!((&*found.evidence["cordoned"], &*found.evidence["pods"]), ("true", "1"));
        assert_eq!(found.since, ago(60));
    }
}
