//! The shop: a cluster as people run them, for scenarios and seeds.

use serde_json::json;

use super::{Blueprint, Workload, WorkloadKind, budget, service};
use crate::kinds;

/// 60 nodes in three zones; a shop of stateless services, databases, a queue, batch work, and what
/// every node runs.
pub fn shop() -> Blueprint {
    let mut plan = Blueprint::new().nodes(60, 3);
    for (name, replicas) in
        [("web", 12), ("cart", 6), ("search", 8), ("pay", 4), ("mail", 2), ("api", 10), ("images", 5)]
    {
        plan = plan.workload(&Workload::deployment("shop", name, replicas)).object(
            kinds::SERVICE,
            "shop",
            service(name, name),
        );
    }
    for (name, least) in [("web", json!("75%")), ("pay", json!(3)), ("api", json!("50%"))] {
        plan = plan.object(kinds::POD_DISRUPTION_BUDGET, "shop", budget(name, "minAvailable", least));
    }
    let apart = json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "orders"}}},
    ]}});
    let orders = Workload::stateful_set("data", "orders", 3).pod_spec("affinity", apart);
    let parallel = Workload::stateful_set("data", "queue", 5).spec("podManagementPolicy", "Parallel".into());
    plan.workload(&orders)
        .workload(&parallel)
        .object(kinds::SERVICE, "data", service("orders", "orders"))
        .object(kinds::POD_DISRUPTION_BUDGET, "data", budget("orders", "maxUnavailable", json!(1)))
        .workload(&system_daemon("node-agent"))
        .workload(&system_daemon("network"))
        .workload(
            &Workload::deployment("kube-system", "coredns", 2)
                .pod_spec("priorityClassName", "system-cluster-critical".into())
                .pod_spec("priority", json!(2_000_000_000)),
        )
        .object(kinds::SERVICE, "kube-system", service("kube-dns", "coredns"))
        .workload(&nightly())
}

fn system_daemon(name: &str) -> Workload {
    Workload::new(WorkloadKind::DaemonSet, "kube-system", name)
        .pod_spec("tolerations", json!([{"operator": "Exists"}]))
        .pod_spec("priorityClassName", "system-node-critical".into())
        .pod_spec("priority", json!(2_000_001_000))
}

fn nightly() -> Workload {
    Workload::new(WorkloadKind::Job, "batch", "nightly")
        .spec("completions", json!(6))
        .spec("parallelism", json!(2))
        .behaviour("completes-after=5m")
}
