//! NodeUnreachable: nobody has heard from a node's kubelet.

use jiff::SignedDuration;
use model::codes;

use super::node_condition::describe;
use super::{Check, Context, Evaluate, Finding, Proof, Verdict};
use crate::kind::Kind;
use crate::world::{Lease, Node, Status};

pub(super) const CHECK: Check = Check {
    code: codes::NODE_UNREACHABLE,
    needs: &[Kind::Node, Kind::Lease],
    evaluate: Evaluate::Node(evaluate),
    explained_by: &[],
    proof: Proof::Replacement,
};

/// How soon to look again while the clock by which leases age stands still.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(5);

/// Either the control plane says so (it sets the condition to Unknown), or the lease lapsed, which
/// also tells when the control plane itself is away.
fn evaluate(node: &Node, context: &Context<'_>) -> Verdict {
    if node.terminating {
        return Verdict::Healthy;
    }
    if let Some(ready) = node.ready.as_ref().filter(|ready| ready.status == Status::Unknown) {
        let found =
            unreachable(node, context).fact("reason", "the control plane has not heard from its kubelet");
        let found = describe(found, node, ready);
        return found.from(None, context.now);
    }
    // A node that has never had a lease is judged by its condition alone.
    let Some(lease) = context.world.lease_of(&node.name) else { return Verdict::Healthy };
    let (listening, now) = (context.world.listening(), context.now);
    // A kubelet that says it renews less often is not silent sooner than it says.
    let after = context.thresholds.node_unreachable.after.signed().max(lease.lasts);
    let left = after - lease.silence(listening, now.steady);
    if left.is_positive() {
        let standing = listening.has_stopped(now.steady);
        let wait = if standing { left.max(LOOK_AGAIN) } else { left };
        return Verdict::HealthyUntil(now.wall.saturating_add(wait).unwrap_or(now.wall));
    }
    unreachable(node, context).fact("reason", "its lease lapsed").from(None, now)
}

fn unreachable(node: &Node, context: &Context<'_>) -> Finding {
    let lease = context.world.lease_of(&node.name);
    let renewed = lease.and_then(Lease::renewed_at);
    let ready_since = node.ready.as_ref().and_then(|ready| ready.since.get());
    let severity = context.thresholds.node_unreachable.severity;
    Finding::new(severity, renewed.or(ready_since), context.now, "cannot be reached, its kubelet is silent")
        .fact("lastRenewal", renewed.map(|time| time.to_string()).unwrap_or_default())
        .fact("pods", context.world.pods_on(&node.name))
        .fact("kubelet", &*node.kubelet_version)
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn each_outcome() {
        let ready = || node("n1").created(86_400).condition("Ready", "True", 3600);
        for (objects, expected) in [
            (vec![ready()], Expect::Healthy),
            (vec![ready(), lease("n1", 5)], Expect::HealthyFor(40)),
            // The node's clock may be a minute off when its lease is seen for the first time.
            (vec![ready(), lease("n1", 70)], Expect::HealthyFor(30)),
            (vec![ready(), lease("n1", 120)], Expect::Unhealthy("its kubelet is silent")),
            // It renews every fifty seconds, and says so.
            (vec![ready(), lease("n1", 120).lasting(200)], Expect::HealthyFor(140)),
            (vec![ready(), lease("n1", 120).lasting(8)], Expect::Unhealthy("its kubelet is silent")),
            (vec![ready().deleted(5), lease("n1", 3600)], Expect::Healthy),
            (
                vec![node("n1").condition("Ready", "Unknown", 20), lease("n1", 5)],
                Expect::Unhealthy("its kubelet is silent"),
            ),
        ] {
            check("NodeUnreachable", &objects, expected);
        }
    }

    #[test]
    fn it_began_when_it_was_last_heard_from() {
        let found =
            finding("NodeUnreachable", &[node("n1").condition("Ready", "True", 3600), lease("n1", 300)]);
        assert_eq!(found.since, ago(300));
        assert_eq!(found.evidence["lastRenewal"], ago(300).to_string());
    }
}
