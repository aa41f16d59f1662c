//! Whether a pod fits onto a node, and why not, in the words of the real scheduler.

use crate::view::taint::is_tolerated;
use crate::view::{Node, Pod, Resources, Taint};

/// Why a node is not for a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    /// It is cordoned.
    Unschedulable,
    /// It has a taint that the pod does not bear.
    Taint,
    /// It is not what the pod selects.
    Affinity,
    /// It runs as many pods as it may.
    TooManyPods,
    /// Too little is left of it.
    Cpu,
    /// Too little is left of it.
    Memory,
    /// It never had so much.
    NeverCpu,
    /// It never had so much.
    NeverMemory,
    /// The pods would be spread too unevenly.
    Spread,
    /// A pod that should be near is not.
    Near,
    /// A pod that should be apart is there.
    Apart,
    /// A pod that is there does not want this one near.
    ApartFromOthers,
    /// Another node is the one it must be on.
    Elsewhere,
}

impl Reason {
    /// As it stands in the message.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Unschedulable => "node(s) were unschedulable",
            Self::Taint => "node(s) had untolerated taint(s)",
            Self::Affinity => "node(s) didn't match Pod's node affinity/selector",
            Self::TooManyPods => "Too many pods",
            Self::Cpu | Self::NeverCpu => "Insufficient cpu",
            Self::Memory | Self::NeverMemory => "Insufficient memory",
            Self::Spread => "node(s) didn't match pod topology spread constraints",
            Self::Near => "node(s) didn't match pod affinity rules",
            Self::Apart => "node(s) didn't match pod anti-affinity rules",
            Self::ApartFromOthers => "node(s) didn't satisfy existing pods anti-affinity rules",
            Self::Elsewhere => "node is filtered out by the prefilter result",
        }
    }

    /// Whether the node would do if other pods went from it.
    pub(super) fn is_for_others(self) -> bool {
        !matches!(
            self,
            Self::Unschedulable
                | Self::Taint
                | Self::Affinity
                | Self::Elsewhere
                | Self::Near
                | Self::NeverCpu
                | Self::NeverMemory
        )
    }
}

/// Why the node is not for the pod by itself, all of the reasons of the first filter that refuses.
pub(super) fn refusals(pod: &Pod, requests: Resources, node: &Node, used: Resources) -> Vec<Reason> {
    let placement = &pod.spec.placement;
    let cordon = Taint::new("node.kubernetes.io/unschedulable", "NoSchedule");
    if node.is_unschedulable && !is_tolerated(&cordon, &placement.tolerations) {
        return vec![Reason::Unschedulable];
    }
    let repels =
        |taint: &Taint| taint.effect != "PreferNoSchedule" && !is_tolerated(taint, &placement.tolerations);
    if node.taints.iter().any(repels) {
        return vec![Reason::Taint];
    }
    if !placement.selects(node) {
        return vec![Reason::Affinity];
    }
    let whole = node.allocatable;
    let free = whole.minus(used);
    let mut short = Vec::new();
    for (wanted, left, whole, reason, never) in [
        (requests.pods, free.pods, whole.pods, Reason::TooManyPods, Reason::TooManyPods),
        (requests.cpu_milli, free.cpu_milli, whole.cpu_milli, Reason::Cpu, Reason::NeverCpu),
        (requests.memory_bytes, free.memory_bytes, whole.memory_bytes, Reason::Memory, Reason::NeverMemory),
    ] {
        if wanted > left {
            short.push(if wanted > whole { never } else { reason });
        }
    }
    short
}
