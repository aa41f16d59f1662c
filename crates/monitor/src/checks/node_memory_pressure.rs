//! NodeMemoryPressure: a kubelet is short of memory and evicts pods.

use model::codes;

use super::node_condition::pressure;
use super::{Check, Context, Evaluate, Proof, Verdict};
use crate::causes::Explanation;
use crate::kind::Kind;
use crate::world::Node;

pub(super) const CHECK: Check = Check {
    code: codes::NODE_MEMORY_PRESSURE,
    needs: &[Kind::Node],
    evaluate: Evaluate::Node(evaluate),
    explained_by: &[Explanation::OwnNode],
    proof: Proof::Replacement,
};

fn evaluate(node: &Node, context: &Context<'_>) -> Verdict {
    let own = &context.thresholds.node_memory_pressure;
    pressure(node, node.memory_pressure.as_ref(), "memory", (own.severity, own.r#for), context)
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn it_counts_when_it_lasts() {
        let node = |status, changed| node("n1").condition("MemoryPressure", status, changed);
        for (object, expected) in [
            (node("False", 600), Expect::Healthy),
            (node("True", 10), Expect::PendingFor(20)),
            (node("True", 60), Expect::Unhealthy("short of memory")),
            (node("Unknown", 60), Expect::Unknown),
        ] {
            check("NodeMemoryPressure", &[object], expected);
        }
        check("NodeMemoryPressure", &[super::super::testing::node("n1")], Expect::Healthy);
    }
}
