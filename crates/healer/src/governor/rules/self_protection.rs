//! SelfProtection: never our own pods, never the node that the leader runs on, never the last
//! ready replica of the cluster's DNS.

use std::time::Duration;

use cluster::views::{Node, Pod};
use model::policy::ActionName;

use crate::facts::{Found, is_dns, is_ready};
use crate::governor::{Request, Rule, Ruling, World};

const LOOK_AGAIN: Duration = Duration::from_secs(30);

pub(super) const RULE: Rule = Rule {
    name: "SelfProtection",
    judge: |request, world, _, _| {
        if request.is_recovery() {
            return Ruling::Pass;
        }
        ourselves(request, world).unwrap_or_else(|| dns(request))
    },
};

fn ourselves(request: &Request<'_>, world: &World<'_>) -> Option<Ruling> {
    let own = &world.own.namespace;
    let (lineage, target) = (&request.spec.lineage, &request.part.target);
    if !own.is_empty() && (lineage.namespace == *own || target.namespace == *own) {
        return Some(Ruling::deny(format!("namespace {own} is Seaworthy's own")));
    }
    let node = &world.own.node;
    if lineage.kind == "Node" && !node.is_empty() && lineage.name == *node {
        return Some(Ruling::deny(format!("the healer that leads runs on {node}")));
    }
    if lineage.kind == "Node" && node.is_empty() && world.own.is_in_cluster {
        let reason = "which node the healer itself runs on is not known: set NODE_NAME (the downward API's \
                      spec.nodeName) or leader.node";
        return Some(Ruling::defer(reason, LOOK_AGAIN));
    }
    let is_drain = request.action.name == ActionName::DrainNode;
    if is_drain && request.facts.node().is_some_and(Node::is_control_plane) {
        // What serves the API and keeps its data is moved by a person, one at a time.
        return Some(Ruling::deny(format!("{} is a node of the control plane", lineage.name)));
    }
    None
}

fn dns(request: &Request<'_>) -> Ruling {
    if request.action.name == ActionName::RolloutRestart {
        let workload = request.facts.workload();
        let is_single = workload
            .is_some_and(|workload| workload.desired < 2 && is_dns(|key| workload.labels.get(key).cloned()));
        return if is_single {
            Ruling::deny("it is the only replica of the cluster's DNS")
        } else {
            Ruling::Pass
        };
    }
    let Some(Found::There(pod)) = request.facts.pod(&request.part.target) else { return Ruling::Pass };
    if !is_dns_pod(pod) || !is_ready(pod) {
        return Ruling::Pass;
    }
    match &request.facts.other_ready_dns {
        Some(Found::There(0) | Found::Absent) => {
            Ruling::defer("it is the last ready replica of the cluster's DNS", LOOK_AGAIN)
        }
        // What cannot be read is FreshView's to say, which waits without a word to people.
        Some(Found::There(_) | Found::Unreadable(_)) => Ruling::Pass,
        None => Ruling::defer("whether other DNS replicas are ready was not read", LOOK_AGAIN),
    }
}

fn is_dns_pod(pod: &Pod) -> bool {
    is_dns(|key| pod.metadata.labels.get(key).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions;
    use crate::facts::Subject;
    use crate::governor::rules::FRESH_VIEW;
    use crate::governor::tests_support::Bench;
    use crate::machine::tests_support::{pod, unready};

    #[test]
    fn it_does_not_touch_itself() {
        let mut bench = Bench::new();
        bench.expect_pass(&RULE);
        bench.own.namespace = "shop".into();
        bench.expect_deny(&RULE, "Seaworthy's own");
        let mut bench = Bench::of_node();
        bench.expect_pass(&RULE);
        bench.own.node = "n1".into();
        bench.expect_deny(&RULE, "that leads runs on n1");
        bench.own.node = String::new();
        bench.expect_defer(&RULE, "set NODE_NAME");
        bench.own.is_in_cluster = false;
        bench.expect_pass(&RULE);
    }

    #[test]
    fn the_control_plane_is_not_drained() {
        let mut bench = Bench::of_node();
        let mut node = unready("n1");
        node.metadata.labels = [("node-role.kubernetes.io/control-plane", "")].into_iter().collect();
        bench.facts.subject = Some(Found::There(Subject::Node(node)));
        bench.expect_pass(&RULE);
        bench.action = actions::get(ActionName::DrainNode);
        bench.expect_deny(&RULE, "n1 is a node of the control plane");
    }

    #[test]
    fn the_last_ready_dns_replica_stays() {
        for (ready, others, passes) in [
            (true, Some(Found::There(0)), false),
            (true, Some(Found::There(1)), true),
            (true, None, false),
            (false, Some(Found::There(0)), true),
        ] {
            let mut bench = Bench::new();
            let mut dns = pod("web-1", "p-1", ready);
            dns.metadata.labels = [("k8s-app", "kube-dns")].into_iter().collect();
            bench.facts.pods.insert(("shop".into(), "web-1".into()), Found::There(dns));
            bench.facts.other_ready_dns = others;
            if passes {
                bench.expect_pass(&RULE);
            } else {
                bench.expect_defer(&RULE, "DNS");
            }
            bench.facts.other_ready_dns = Some(Found::Unreadable("503".into()));
            assert_eq!(bench.admits(), Err(FRESH_VIEW));
        }
    }
}
