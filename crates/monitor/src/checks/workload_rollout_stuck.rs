//! WorkloadRolloutStuck: a Deployment exceeded its progress deadline.

use model::codes;

use super::{Check, Context, Evaluate, Finding, Proof, Verdict, after};
use crate::causes::Explanation;
use crate::kind::Kind;
use crate::world::Deployment;

pub(super) const CHECK: Check = Check {
    code: codes::WORKLOAD_ROLLOUT_STUCK,
    needs: &[Kind::Deployment],
    evaluate: Evaluate::Deployment(evaluate),
    explained_by: &[Explanation::NodesOfNewPods],
    proof: Proof::Replacement,
};

fn evaluate(deployment: &Deployment, context: &Context<'_>) -> Verdict {
    // Who holds a rollout, or wants no pods, waits for no progress.
    let is_ending = deployment.terminating || context.world.is_ending(&deployment.namespace);
    if deployment.paused || deployment.replicas == 0 || is_ending {
        return Verdict::Healthy;
    }
    if !deployment.observed {
        return Verdict::Unknown { reason: "its controller has not seen its newest generation".into() };
    }
    let stalled =
        deployment.stalled.as_ref().filter(|stalled| *stalled.reason == *"ProgressDeadlineExceeded");
    let Some(stalled) = stalled else { return Verdict::Healthy };
    let own = &context.thresholds.workload_rollout_stuck;
    let images = deployment.images.iter().map(|(name, image)| format!("{name}={image}"));
    let revision = context.world.newest_revision(&deployment.namespace, &deployment.name);
    let wanted = deployment.replicas;
    let summary = format!(
        "rollout makes no progress: {} of {wanted} pods are of the new revision, {} ready",
        deployment.updated, deployment.ready
    );
    let finding = Finding::new(own.severity, stalled.since.get(), context.now, summary)
        .fact("reason", &*stalled.reason)
        .fact("message", &*stalled.words)
        .fact("images", images.collect::<Vec<_>>().join(", "))
        .fact("revision", revision.map(|set| set.revision.to_string()).unwrap_or_default())
        .fact("replicaSet", revision.map_or("", |set| &set.name))
        .fact("wanted", wanted)
        .fact("updated", deployment.updated)
        .fact("ready", deployment.ready)
        .fact("creationFails", deployment.failure.as_deref().unwrap_or_default());
    finding.from(after(stalled.since, own.r#for), context.now)
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn each_outcome() {
        let stuck = || deployment("web").stalled("ProgressDeadlineExceeded", 60);
        for (object, expected) in [
            (deployment("web"), Expect::Healthy),
            (stuck(), Expect::Unhealthy("rollout makes no progress")),
            (stuck().paused(), Expect::Healthy),
            (stuck().replicas(0), Expect::Healthy),
            (stuck().deleted(5), Expect::Healthy),
            (stuck().generation(2, 1), Expect::Unknown),
            (deployment("web").stalled("ReplicaSetCreateError", 60), Expect::Healthy),
        ] {
            check("WorkloadRolloutStuck", &[object], expected);
        }
        check("WorkloadRolloutStuck", &[stuck(), namespace("shop").deleted(5)], Expect::Healthy);
    }

    #[test]
    fn the_evidence_names_revision_and_images() {
        let objects = [
            deployment("web").stalled("ProgressDeadlineExceeded", 60),
            replica_set("web-1", "web", 1),
            replica_set("web-2", "web", 2),
        ];
        let found = finding("WorkloadRolloutStuck", &objects);
        assert_eq!((&*found.evidence["revision"], &*found.evidence["replicaSet"]), ("2", "web-2"));
        assert_eq!(found.evidence["images"], "app=registry.example/app:1");
    }

    #[test]
    fn the_threshold_may_give_it_more_time() {
        let object = deployment("web").stalled("ProgressDeadlineExceeded", 60);
        let checks = "WorkloadRolloutStuck: {for: 100s}";
        check_with(checks, "WorkloadRolloutStuck", &[object], Expect::PendingFor(40));
    }
}
