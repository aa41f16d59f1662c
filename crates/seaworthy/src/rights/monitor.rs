//! The monitor reads what checks and lineages are made of. It writes nothing, and reads no Secrets.

use super::{FOLLOW, Place, Rule, always};

pub(super) const RULES: &[Rule] = &[
    always("", &["pods", "nodes", "services", "namespaces"], FOLLOW),
    always("apps", &["deployments", "replicasets", "statefulsets", "daemonsets"], FOLLOW),
    always("batch", &["jobs"], FOLLOW),
    always("discovery.k8s.io", &["endpointslices"], FOLLOW),
    // Its UID is the cluster's name where the configuration has none.
    always("", &["namespaces"], &["get"]).named(&["kube-system"]),
    // A kubelet's sign of life.
    always("coordination.k8s.io", &["leases"], FOLLOW).at(Place::NodeLeases),
];
