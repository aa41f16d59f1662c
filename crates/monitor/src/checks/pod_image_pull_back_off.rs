//! PodImagePullBackOff: an image cannot be pulled.

use model::codes;

use super::{Check, Context, Evaluate, Finding, Proof, Verdict, after};
use crate::causes::Explanation;
use crate::kind::Kind;
use crate::world::{Pod, State};

pub(super) const CHECK: Check = Check {
    code: codes::POD_IMAGE_PULL_BACK_OFF,
    needs: &[Kind::Pod],
    evaluate: Evaluate::Pod(evaluate),
    explained_by: &[Explanation::NodesOfMembers, Explanation::Rollout],
    proof: Proof::Replacement,
};

/// The kubelet's words for an image that does not come. It goes to and fro between the first two.
const REASONS: &[&str] = &[
    "ImagePullBackOff",
    "ErrImagePull",
    "ErrImageNeverPull",
    "InvalidImageName",
    "RegistryUnavailable",
    "ImageInspectError",
    "SignatureValidationFailed",
];

fn evaluate(pod: &Pod, context: &Context<'_>) -> Verdict {
    if pod.is_terminating() || pod.is_finished() {
        return Verdict::Healthy;
    }
    let waiting = pod.containers().iter().filter_map(|container| match &container.state {
        State::Waiting { reason, message } if REASONS.contains(&&**reason) => {
            Some((container, reason, message))
        }
        _ => None,
    });
    let Some((container, reason, message)) = waiting.into_iter().next() else { return Verdict::Healthy };
    let own = &context.thresholds.pod_image_pull_back_off;
    // The kubelet does not say since when; the pull began when the pod got its node, or anew
    // with a restart, long after.
    let began = container.latest_end().map_or(pod.scheduled_changed, |end| end.finished);
    let summary = format!("image {} of container {} cannot be pulled", container.image, container.name);
    let finding = Finding::new(own.severity, began.get(), context.now, summary)
        .of(container)
        .fact("reason", &**reason)
        .fact("message", &**message);
    finding.from(after(began, own.r#for), context.now)
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn each_outcome() {
        let waiting = |reason| pod("p").phase("Pending").scheduled(60).with(container("app").waiting(reason));
        for (object, expected) in [
            (waiting("ContainerCreating"), Expect::Healthy),
            (
                waiting("ErrImagePull"),
                Expect::Unhealthy("image registry.example/app:1 of container app cannot be pulled"),
            ),
            (waiting("ImagePullBackOff"), Expect::Unhealthy("cannot be pulled")),
            (waiting("InvalidImageName"), Expect::Unhealthy("cannot be pulled")),
            (waiting("ImagePullBackOff").deleted(1), Expect::Healthy),
            (waiting("ImagePullBackOff").scheduled(4), Expect::PendingFor(6)),
        ] {
            check("PodImagePullBackOff", &[object], expected);
        }
    }

    #[test]
    fn the_evidence_says_which_image_and_why() {
        let container = container("app").waiting("ImagePullBackOff").message("not found");
        let found =
            finding("PodImagePullBackOff", &[pod("p").phase("Pending").scheduled(60).with(container)]);
        assert_eq!(
            (&*found.evidence["image"], &*found.evidence["message"]),
            ("registry.example/app:1", "not found")
        );
    }
}
