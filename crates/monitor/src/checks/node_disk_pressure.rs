//! NodeDiskPressure: a kubelet is short of disk and evicts pods.

use model::codes;

use super::node_condition::pressure;
use super::{Check, Context, Evaluate, Proof, Verdict};
use crate::causes::Explanation;
use crate::kind::Kind;
use crate::world::Node;

pub(super) const CHECK: Check = Check {
    code: codes::NODE_DISK_PRESSURE,
    needs: &[Kind::Node],
    evaluate: Evaluate::Node(evaluate),
    explained_by: &[Explanation::OwnNode],
    proof: Proof::Replacement,
};

fn evaluate(node: &Node, context: &Context<'_>) -> Verdict {
    let own = &context.thresholds.node_disk_pressure;
    pressure(node, node.disk_pressure.as_ref(), "disk", (own.severity, own.r#for), context)
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn it_counts_when_it_lasts() {
        let node = |status, changed| {
            node("n1")
                .condition("DiskPressure", status, changed)
                .reason("KubeletHasDiskPressure", "disk is full")
        };
        for (object, expected) in [
            (node("False", 600), Expect::Healthy),
            (node("True", 10), Expect::PendingFor(20)),
            (node("True", 60), Expect::Unhealthy("short of disk")),
            (node("Unknown", 60), Expect::Unknown),
            (node("True", 60).deleted(10), Expect::Healthy),
        ] {
            check("NodeDiskPressure", &[object], expected);
        }
        let found = finding("NodeDiskPressure", &[node("True", 60)]);
        assert_eq!(found.evidence["message"], "disk is full");
    }
}
