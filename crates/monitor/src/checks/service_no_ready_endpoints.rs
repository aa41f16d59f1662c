//! ServiceNoReadyEndpoints: a Service with a selector has nobody to send traffic to.

use std::collections::BTreeSet;

use model::codes;

use super::{Check, Context, Evaluate, Finding, Proof, Verdict, after};
use crate::causes::Explanation;
use crate::kind::Kind;
use crate::world::Service;

pub(super) const CHECK: Check = Check {
    code: codes::SERVICE_NO_READY_ENDPOINTS,
    needs: &[
        Kind::Service,
        Kind::EndpointSlice,
        Kind::Deployment,
        Kind::ReplicaSet,
        Kind::StatefulSet,
        Kind::DaemonSet,
    ],
    evaluate: Evaluate::Service(evaluate),
    explained_by: &[Explanation::BehindService],
    proof: Proof::Replacement,
};

/// Services whose endpoints somebody else keeps are theirs to judge. One that publishes addresses
/// before they are ready has them all marked ready, and fails only when it has none. One behind
/// which every workload was scaled to zero is empty on purpose, and so is one whose namespace is
/// being deleted: pods go first.
fn evaluate(service: &Service, context: &Context<'_>) -> Verdict {
    if service.selector.is_empty() || service.external || service.terminating {
        return Verdict::Healthy;
    }
    if context.world.is_ending(&service.namespace) {
        return Verdict::Healthy;
    }
    let Some(since) = service.empty_since.get() else { return Verdict::Healthy };
    let workloads = context.world.workloads_behind(service);
    if !workloads.is_empty() && workloads.iter().all(|(_, _, pods)| *pods == 0) {
        return Verdict::Healthy;
    }
    let own = &context.thresholds.service_no_ready_endpoints;
    // A pod stands in one slice for each family of addresses and each set of ports.
    let pods = context.world.slices_of(service).flat_map(|slice| &slice.unready_pods);
    let unready = pods.collect::<BTreeSet<_>>().len();
    let summary = match (unready, workloads.is_empty()) {
        (0, true) => "no endpoints: no workload's template has the labels that it selects".to_owned(),
        (0, false) => "no endpoints".to_owned(),
        (1, _) => "no ready endpoints: its one pod is not ready".to_owned(),
        (count, _) => format!("no ready endpoints: {count} pods are not ready"),
    };
    let behind = workloads.iter().map(|(kind, name, _)| format!("{kind}/{name}")).collect::<Vec<_>>();
    let finding = Finding::new(own.severity, Some(since), context.now, summary)
        .fact("selector", &service.selector)
        .fact("workloads", behind.join(", "))
        .fact("unreadyPods", unready);
    finding.from(after(service.empty_since, own.r#for), context.now)
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn each_outcome() {
        let web = || service("web").selector("app", "web");
        let dead = || slice("web-1", "web").endpoint("p1", false);
        for (objects, expected) in [
            (vec![web(), slice("web-1", "web").endpoint("p1", true)], Expect::Healthy),
            (vec![web(), dead()], Expect::PendingFor(30)),
            (vec![web()], Expect::PendingFor(30)),
            // One ready endpoint in any slice is enough.
            (vec![web(), dead(), slice("web-2", "web").endpoint("p2", true)], Expect::Healthy),
            (vec![service("web")], Expect::Healthy),
            (vec![web().external(), dead()], Expect::Healthy),
            (vec![web().deleted(5), dead()], Expect::Healthy),
            (vec![web(), dead(), namespace("shop").deleted(5)], Expect::Healthy),
            (vec![web(), dead(), namespace("shop"), namespace("bank").deleted(5)], Expect::PendingFor(30)),
            (vec![web(), deployment("web").replicas(0).labels("app", "web")], Expect::Healthy),
            (vec![web(), deployment("web").replicas(2).labels("app", "web")], Expect::PendingFor(30)),
            (vec![web(), deployment("other").replicas(0).labels("app", "other")], Expect::PendingFor(30)),
        ] {
            check("ServiceNoReadyEndpoints", &objects, expected);
        }
    }

    /// Such as an Argo Rollout.
    #[test]
    fn what_a_controller_that_is_not_watched_scaled_to_zero_is_empty_on_purpose() {
        let web = || service("web").selector("app", "web");
        let set = |revision: u32, replicas| {
            replica_set(&format!("web-{revision}"), "web", revision)
                .owner("Rollout", "web")
                .labels("app", "web")
                .replicas(replicas)
        };
        for (objects, expected) in [
            (vec![web(), set(1, 0), set(2, 0)], Expect::Healthy),
            (vec![web(), set(1, 0), set(2, 3)], Expect::PendingFor(30)),
            (vec![web(), set(1, 0).labels("app", "other")], Expect::PendingFor(30)),
        ] {
            check("ServiceNoReadyEndpoints", &objects, expected);
        }
        let checks = "ServiceNoReadyEndpoints: {for: 0s}";
        let found = finding_with(checks, "ServiceNoReadyEndpoints", &[web(), set(1, 0), set(2, 3)]);
        assert_eq!(found.evidence["workloads"], "Rollout/web");
    }

    #[test]
    fn a_pod_with_two_addresses_is_one() {
        let dual = |name| slice(name, "web").endpoint("p1", false).endpoint("p2", false);
        let objects = [service("web").selector("app", "web"), dual("web-ipv4"), dual("web-ipv6")];
        let found = finding_with("ServiceNoReadyEndpoints: {for: 0s}", "ServiceNoReadyEndpoints", &objects);
        assert_eq!(found.evidence["unreadyPods"], "2");
    }

    #[test]
    fn it_counts_when_it_lasts_and_says_who_is_behind_it() {
        let objects = [
            service("web").selector("app", "web"),
            slice("web-1", "web").endpoint("p1", false).endpoint("p2", false),
            deployment("web").labels("app", "web"),
        ];
        let checks = "ServiceNoReadyEndpoints: {for: 0s}";
        check_with(checks, "ServiceNoReadyEndpoints", &objects, Expect::Unhealthy("2 pods are not ready"));
        let found = finding_with(checks, "ServiceNoReadyEndpoints", &objects);
        assert_eq!(
            (&*found.evidence["workloads"], &*found.evidence["selector"]),
            ("Deployment/web", "app=web")
        );
    }
}
