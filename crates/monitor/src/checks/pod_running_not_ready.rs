//! PodRunningNotReady: a pod's containers run, and it does not become or stay ready.

use model::codes;

use super::{Check, Context, Evaluate, Finding, Proof, Verdict, after};
use crate::causes::Explanation;
use crate::kind::Kind;
use crate::world::{Container, Phase, Pod};

pub(super) const CHECK: Check = Check {
    code: codes::POD_RUNNING_NOT_READY,
    needs: &[Kind::Pod],
    evaluate: Evaluate::Pod(evaluate),
    explained_by: &[Explanation::NodesOfMembers, Explanation::Rollout],
    proof: Proof::Replacement,
};

/// Containers that do not run are other checks' business. One that has only just started is given
/// more time than one that was ready and is not any more.
fn evaluate(pod: &Pod, context: &Context<'_>) -> Verdict {
    if pod.phase != Phase::Running || pod.ready || pod.is_terminating() {
        return Verdict::Healthy;
    }
    let Some(trouble) = &pod.trouble else { return Verdict::Healthy };
    let mut unready = trouble.containers.iter().filter(|container| !container.ready && !container.init);
    let unready: Vec<&Container> = unready.by_ref().collect();
    if unready.iter().any(|container| container.running_since().is_none()) {
        return Verdict::Healthy;
    }
    let own = &context.thresholds.pod_running_not_ready;
    // Where all containers are ready, it is a gate that is not open, and may never have been.
    let started = unready.iter().filter_map(|container| container.running_since()).max();
    let started = started.unwrap_or(trouble.started);
    // A pod turns unready before its containers start. When it did so after, it was ready.
    let was_ready = pod.ready_changed > started;
    let (since, at) = if was_ready {
        (pod.ready_changed, after(pod.ready_changed, own.r#for))
    } else {
        (started, after(started, own.startup_for))
    };
    let summary = summary(&unready, was_ready, &trouble.gates);
    let mut finding = Finding::new(own.severity, since.get(), context.now, summary)
        .fact("reason", trouble.reason.as_deref().unwrap_or_default())
        .fact("message", &*trouble.words)
        .time("unreadySince", since)
        .fact("unmetGates", trouble.gates.iter().map(|gate| &**gate).collect::<Vec<_>>().join(", "));
    if let Some(container) = unready.first() {
        let starting = if container.started { "" } else { "its startup probe has not succeeded" };
        finding = finding.of(container).time("startedAt", started).fact("startup", starting);
    }
    finding.from(at, context.now)
}

fn summary<T>(unready: &[&Container], was_ready: bool, gates: &[T]) -> String {
    match unready.first() {
        Some(container) if was_ready => {
            format!("container {} runs and is not ready any more", container.name)
        }
        Some(container) => format!("container {} runs and does not become ready", container.name),
        None if gates.is_empty() => "runs and is not ready".into(),
        None => "runs and waits for a readiness gate".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn each_outcome() {
        let running = |started, unready_for| {
            pod("p").with(container("app").running(started).unready()).ready("False", unready_for)
        };
        for (object, expected) in [
            (pod("p"), Expect::Healthy),
            // It lost its readiness long after it started.
            (running(3600, 10), Expect::PendingFor(20)),
            (running(3600, 31), Expect::Unhealthy("container app runs and is not ready any more")),
            (running(3600, 31).deleted(5), Expect::Healthy),
            (running(3600, 31).phase("Succeeded"), Expect::Healthy),
            // It has been starting.
            (running(60, 61), Expect::PendingFor(540)),
            (running(700, 702), Expect::Unhealthy("does not become ready")),
            // Another container waits: that is another check's business.
            (
                running(3600, 31).with(container("side").waiting("CrashLoopBackOff").unready()),
                Expect::Healthy,
            ),
        ] {
            check("PodRunningNotReady", &[object], expected);
        }
    }

    #[test]
    fn a_gate_that_nobody_opens_is_told() {
        let object = pod("p").gate("acme/lb").ready("False", 700).with(container("app").running(3600));
        let found = finding("PodRunningNotReady", &[object]);
        assert_eq!(found.evidence["unmetGates"], "acme/lb");
        assert!(found.summary.contains("readiness gate"));
    }

    /// A load balancer takes its time to find a new pod healthy.
    #[test]
    fn a_gate_of_a_pod_that_has_only_just_started_may_take_as_long_as_a_start() {
        let starting = |ago| pod("p").gate("acme/lb").with(container("app").running(ago));
        for (object, expected) in [
            (starting(100).ready("False", 102), Expect::PendingFor(500)),
            (starting(601).ready("False", 603), Expect::Unhealthy("waits for a readiness gate")),
            // It was open, and was closed.
            (starting(100).ready("False", 31), Expect::Unhealthy("waits for a readiness gate")),
        ] {
            check("PodRunningNotReady", &[object], expected);
        }
    }

    #[test]
    fn a_slow_start_says_that_it_is_one() {
        let object = pod("p").with(container("app").running(700).unready().starting()).ready("False", 702);
        let found = finding("PodRunningNotReady", &[object]);
        assert_eq!(found.evidence["startup"], "its startup probe has not succeeded");
    }
}
