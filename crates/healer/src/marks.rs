//! Marks on the cluster's objects: our own, and those by which others hold nodes down.

use cluster::views::{Node, Taint};

/// The taint that keeps new pods off a node, and the annotation that says which remediation put it
/// there. Not a cordon: `unschedulable` is one bit, and a person's later cordon would be lost in
/// ours.
pub const QUARANTINE: &str = "seaworthy.dev/quarantine";
/// The taint's effect.
pub const NO_SCHEDULE: &str = "NoSchedule";
/// The annotation or label by which anybody puts an object, node or namespace out of bounds.
pub const EXCLUDE: &str = "seaworthy.dev/exclude";

/// Taints by which others take nodes down or are about to, and who they are. Not looked at are marks
/// that stand elsewhere than on the node: kured's lock on its DaemonSet, the deletion of a Cluster
/// API Machine before its node is cordoned, a NodeMaintenance that has not begun.
const FOREIGN_TAINTS: &[(&str, &str)] = &[
    ("karpenter.sh/disrupted", "Karpenter"),
    ("karpenter.sh/disruption", "Karpenter"),
    ("ToBeDeletedByClusterAutoscaler", "the cluster autoscaler"),
    ("medik8s.io/drain", "NodeMaintenance"),
    ("medik8s.io/remediation", "a medik8s remediation"),
    ("kured.dev/rebooting", "kured"),
    ("weave.works/kured-node-reboot", "kured"),
    ("node.cluster.x-k8s.io/uninitialized", "Cluster API"),
    ("node.kubernetes.io/out-of-service", "somebody who fenced it"),
];

/// The taint of a quarantine by `remediation`.
pub fn quarantine() -> Taint {
    Taint::new(QUARANTINE, "", NO_SCHEDULE)
}

/// Whether the node bears the taint of a quarantine, whoever put it there.
pub fn has_taint(node: &Node) -> bool {
    node.spec.taints.iter().any(|taint| taint.key == QUARANTINE)
}

/// Which remediation quarantined the node, if it is marked as ours.
pub fn quarantined_by(node: &Node) -> Option<&str> {
    node.metadata.annotations.get(QUARANTINE).filter(|_| has_taint(node))
}

/// Who else holds the node down, if anybody does: a person or controller that cordoned it, or one
/// that says so by a taint.
pub fn held_down_by(node: &Node) -> Option<&'static str> {
    let by_taint = node
        .spec
        .taints
        .iter()
        .find_map(|taint| FOREIGN_TAINTS.iter().find(|(key, _)| taint.key == *key).map(|(_, who)| *who));
    if by_taint.is_some() {
        return by_taint;
    }
    if node.metadata.is_terminating() {
        return Some("whoever deletes it");
    }
    node.spec.unschedulable.then_some("whoever cordoned it")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::tests_support::node;

    #[test]
    fn each_way_to_hold_a_node_down_is_known() {
        assert_eq!(held_down_by(&node("n1", &["nvidia.com/gpu", QUARANTINE])), None);
        for (taint, who) in FOREIGN_TAINTS {
            assert_eq!(held_down_by(&node("n1", &["nvidia.com/gpu", taint])), Some(*who), "{taint}");
        }
        let mut cordoned = node("n1", &[]);
        cordoned.spec.unschedulable = true;
        assert_eq!(held_down_by(&cordoned), Some("whoever cordoned it"));
        let mut going = node("n1", &[]);
        going.metadata.deletion_timestamp = Some(jiff::Timestamp::UNIX_EPOCH);
        assert_eq!(held_down_by(&going), Some("whoever deletes it"));
    }
}
