//! The shop: sixty nodes in three zones, and what a shop runs.

use serde_json::json;
use sim::blueprint::{Blueprint, Machine, Workload, WorkloadKind, budget, service};
use sim::kinds;

/// Nodes in each zone.
const ZONE_SIZE: usize = 20;

/// Deployments that answer requests: namespace, name, pods.
const DEPLOYMENTS: [(&str, &str, u32); 9] = [
    ("shop", "web", 12),
    ("shop", "cart", 6),
    ("shop", "search", 8),
    ("shop", "checkout", 4),
    ("shop", "images", 5),
    ("shop", "reviews", 4),
    ("shop", "stock", 4),
    ("pay", "payments", 4),
    ("mail", "mailer", 2),
];

/// What keeps data.
const STATEFUL_SETS: [(&str, &str, u32); 3] =
    [("data", "orders", 3), ("data", "sessions", 3), ("pay", "ledger", 3)];

/// The plan of the cluster.
pub(super) fn shop() -> Blueprint {
    let mut plan = nodes(Blueprint::new());
    for (namespace, name, pods) in DEPLOYMENTS {
        let workload = Workload::deployment(namespace, name, pods).container("resources", resources());
        plan = plan.workload(&workload).object(kinds::SERVICE, namespace, service(name, name));
    }
    for (namespace, name, pods) in STATEFUL_SETS {
        let workload = Workload::stateful_set(namespace, name, pods);
        plan = plan.workload(&workload).object(kinds::SERVICE, namespace, service(name, name)).object(
            kinds::POD_DISRUPTION_BUDGET,
            namespace,
            budget(name, "maxUnavailable", json!(1)),
        );
    }
    for (name, least) in [("web", json!("75%")), ("checkout", json!(3))] {
        plan = plan.object(kinds::POD_DISRUPTION_BUDGET, "shop", budget(name, "minAvailable", least));
    }
    system(plan)
}

fn resources() -> serde_json::Value {
    json!({"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}})
}

fn nodes(plan: Blueprint) -> Blueprint {
    ["a", "b", "c"].into_iter().fold(plan, |plan, letter| {
        (1..=ZONE_SIZE).fold(plan, |plan, number| {
            plan.machine(Machine::new(&format!("{letter}-{number:02}"), &format!("eu-1{letter}")))
        })
    })
}

/// What every cluster runs.
fn system(plan: Blueprint) -> Blueprint {
    let agent = Workload::new(WorkloadKind::DaemonSet, "kube-system", "node-agent")
        .pod_spec("tolerations", json!([{"operator": "Exists"}]))
        .pod_spec("priorityClassName", "system-node-critical".into())
        .pod_spec("priority", json!(2_000_001_000));
    let names = Workload::deployment("kube-system", "coredns", 2)
        .pod_spec("priorityClassName", "system-cluster-critical".into())
        .pod_spec("priority", json!(2_000_000_000));
    plan.workload(&agent).workload(&names).object(
        kinds::SERVICE,
        "kube-system",
        service("kube-dns", "coredns"),
    )
}
