//! What the checks of a node's conditions have in common.

use model::{DurationText, Severity};

use super::{Context, Finding, Verdict, after};
use crate::world::{Condition, Node, Status};

/// A condition that should be false and is true.
pub(super) fn pressure(
    node: &Node,
    condition: Option<&Condition>,
    what: &str,
    (severity, duration): (Severity, DurationText),
    context: &Context<'_>,
) -> Verdict {
    let Some(condition) = condition else { return Verdict::Healthy };
    match condition.status {
        _ if node.terminating => Verdict::Healthy,
        Status::False => Verdict::Healthy,
        Status::Unknown => Verdict::Unknown { reason: "the kubelet has not been heard from".into() },
        Status::True => {
            let finding =
                Finding::new(severity, condition.since.get(), context.now, format!("short of {what}"));
            let finding = describe(finding, node, condition).fact("pods", context.world.pods_on(&node.name));
            finding.from(after(condition.since, duration), context.now)
        }
    }
}

/// The facts about a node's condition.
pub(super) fn describe(finding: Finding, node: &Node, condition: &Condition) -> Finding {
    finding
        .fact("reason", &*condition.reason)
        .fact("message", &*condition.words)
        .time("changedAt", condition.since)
        .fact("kubelet", &*node.kubelet_version)
        .fact("cordoned", if node.cordoned { "true" } else { "" })
        .fact("controlPlane", if node.control_plane { "true" } else { "" })
}
