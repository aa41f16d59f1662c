//! The healer reads what its rules count, keeps its own books, and may do what the allowed actions take.

use model::policy::ActionName::{DrainNode, EvictPod, QuarantineNode, ReleaseNode, RolloutRestart};

use super::{FOLLOW, Place, Rule, always};

pub(super) const RULES: &[Rule] = &[
    // What is there, to count by and to look at again before acting.
    always("", &["nodes", "pods"], &["get", "list", "watch"]),
    always("", &["namespaces"], FOLLOW),
    always("apps", &["deployments", "replicasets", "statefulsets", "daemonsets"], &["get"]),
    // Those of kubelets, and those by which others that work on nodes say so, which have a namespace
    // only where such others are installed.
    always("coordination.k8s.io", &["leases"], &["get"]),
    // Its books.
    always("seaworthy.dev", &["remediations"], &["get", "list", "watch", "create", "delete"]),
    always("seaworthy.dev", &["healingpolicies", "brakes"], &["get", "list", "watch"]),
    always("seaworthy.dev", &["remediations/status", "healingpolicies/status"], &["update"]),
    always("events.k8s.io", &["events"], &["create", "patch"]),
    // Who leads. A create cannot be narrowed to a name, since the name is not known to the authorizer.
    always("coordination.k8s.io", &["leases"], &["create"]).at(Place::Own),
    always("coordination.k8s.io", &["leases"], &["get", "update"])
        .at(Place::Own)
        .named(&["seaworthy-healer"]),
    // Effects.
    always("", &["pods/eviction"], &["create"]).only_for(&[EvictPod, DrainNode]),
    always("apps", &["deployments", "statefulsets", "daemonsets"], &["patch"]).only_for(&[RolloutRestart]),
    always("", &["nodes"], &["patch"]).only_for(&[QuarantineNode, DrainNode, ReleaseNode]),
];
