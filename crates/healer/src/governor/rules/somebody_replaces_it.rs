//! SomebodyReplacesIt: a pod that no controller makes anew is not removed, unless the policy names
//! the loss. An owner that is named but not there replaces nothing either. And a workload is not
//! restarted whose controller would replace none of its pods.

use std::time::Duration;

use model::policy::ActionName;

use crate::facts::Found;
use crate::governor::{Request, Rule, Ruling};

const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// The controllers that make a pod anew when it is removed, and that can be read.
const REPLACING: [&str; 4] = ["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"];

pub(super) const RULE: Rule = Rule {
    name: "SomebodyReplacesIt",
    judge: |request, _, _, _| {
        if request.action.name == ActionName::RolloutRestart {
            return restart(request);
        }
        if request.part.target.kind != "Pod" {
            return Ruling::Pass;
        }
        // What is gone is for ConditionStillTrue to say.
        let Some(Found::There(pod)) = request.facts.pod(&request.part.target) else { return Ruling::Pass };
        if pod.is_mirror() {
            return Ruling::deny("it is the image of a static pod, which only its kubelet's files change");
        }
        let Some(owner) = pod.metadata.controller() else {
            return if request.spec.accept_loss_of_bare_pods {
                Ruling::Pass
            } else {
                Ruling::deny("no controller replaces it; a policy would have to accept its loss")
            };
        };
        if !REPLACING.contains(&owner.kind.as_str()) {
            let reason =
                format!("its owner is a {}, which the healer does not know to replace it", owner.kind);
            return Ruling::deny(reason);
        }
        match &request.facts.owner {
            Some(Found::There(found)) if found.reference.uid == owner.uid => Ruling::Pass,
            Some(Found::There(_) | Found::Absent) => {
                Ruling::deny(format!("its owner {} {} does not exist (any more)", owner.kind, owner.name))
            }
            // What cannot be read is FreshView's to say, which waits without a word to people.
            Some(Found::Unreadable(_)) => Ruling::Pass,
            None => Ruling::defer("its owner was not read", LOOK_AGAIN),
        }
    },
};

fn restart(request: &Request<'_>) -> Ruling {
    match request.facts.workload().and_then(|workload| workload.replaces_none) {
        Some(why) => Ruling::deny(format!("a restart would replace nothing: {why}")),
        None => Ruling::Pass,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::governor::rules::FRESH_VIEW;
    use crate::governor::tests_support::Bench;
    use crate::machine::tests_support::{bare_pod, workload};

    #[test]
    fn a_bare_pod_stays_unless_its_loss_is_accepted() {
        let mut bench = Bench::new();
        bench.expect_pass(&RULE);
        bench.facts.pods.insert(("shop".into(), "web-1".into()), Found::There(bare_pod("web-1", "p-1")));
        bench.facts.owner = None;
        bench.expect_deny(&RULE, "no controller replaces it");
        bench.remediation.spec.accept_loss_of_bare_pods = true;
        bench.expect_pass(&RULE);
    }

    #[test]
    fn an_owner_that_is_not_there_replaces_nothing() {
        let mut bench = Bench::new();
        bench.facts.owner = Some(Found::Absent);
        bench.expect_deny(&RULE, "does not exist");
        let mut other = workload(3, 2);
        other.reference.uid = "another".into();
        bench.facts.owner = Some(Found::There(other));
        bench.expect_deny(&RULE, "does not exist");
        bench.facts.owner = None;
        bench.expect_defer(&RULE, "was not read");
        bench.facts.owner = Some(Found::Unreadable("503".into()));
        bench.expect_pass(&RULE);
        assert_eq!(bench.admits(), Err(FRESH_VIEW));
    }

    #[test]
    fn a_workload_whose_controller_would_replace_nothing_is_not_restarted() {
        let mut bench = Bench::of_workload();
        bench.expect_pass(&RULE);
        bench.workload().replaces_none = Some("its strategy is OnDelete");
        bench.expect_deny(&RULE, "a restart would replace nothing: its strategy is OnDelete");
        bench.action = crate::actions::get(ActionName::EvictPod);
        bench.expect_pass(&RULE);
    }
}
