//! PodCrashLoopBackOff: a container exits again and again.

use model::codes;
use model::config::monitor::PodCrashLoopBackOff;

use super::{Check, Context, Evaluate, Finding, Verdict, after};
use crate::causes::Explanation;
use crate::kind::Kind;
use crate::world::{Container, Pod, State};

pub(super) const CHECK: Check = Check {
    code: codes::POD_CRASH_LOOP_BACK_OFF,
    needs: &[Kind::Pod],
    evaluate: Evaluate::Pod(evaluate),
    explained_by: &[Explanation::NodesOfMembers, Explanation::Rollout, Explanation::Kills],
};

fn evaluate(pod: &Pod, context: &Context<'_>) -> Verdict {
    if pod.is_terminating() || pod.is_finished() {
        return Verdict::Healthy;
    }
    let own = &context.thresholds.pod_crash_loop_back_off;
    let looping = pod.containers().iter().filter(|container| container.restarts >= own.restarts);
    looping.map(|container| judge(container, own, context)).find(is_unhealthy).unwrap_or(Verdict::Healthy)
}

fn is_unhealthy(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Unhealthy { .. })
}

/// A container that is between two runs loops; one that runs may only be between two exits, and
/// counts until it has run for a while.
fn judge(container: &Container, own: &PodCrashLoopBackOff, context: &Context<'_>) -> Verdict {
    let Some(end) = container.latest_end() else { return Verdict::Healthy };
    let until = match &container.state {
        State::Waiting { reason, .. } if **reason == *"CrashLoopBackOff" => None,
        State::Waiting { .. } => return Verdict::Healthy,
        State::Ended(_) | State::Running { .. } if end.exit_code == 0 => return Verdict::Healthy,
        State::Ended(_) => None,
        State::Running { since } => match after(*since, own.stable_for) {
            Some(until) if context.now.wall < until => Some(until),
            _ => return Verdict::Healthy,
        },
    };
    let summary = format!(
        "container {} keeps exiting ({}), {} restarts",
        container.name,
        how(end.exit_code, &end.reason),
        container.restarts
    );
    let finding =
        Finding::new(own.severity, end.finished.get(), context.now, summary).of(container).ended(container);
    Verdict::Unhealthy { finding: Box::new(finding), until }
}

fn how(exit_code: i32, reason: &str) -> String {
    if reason.is_empty() || reason == "Error" || reason == "Completed" {
        format!("exit code {exit_code}")
    } else {
        format!("{reason}, exit code {exit_code}")
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    fn crashed(restarts: u32) -> Container {
        container("app").restarts(restarts).last_ended(1, "Error", 20).words("panic: no database")
    }

    #[test]
    fn each_outcome() {
        let looping = |restarts| pod("p").with(crashed(restarts).waiting("CrashLoopBackOff"));
        for (object, expected) in [
            (pod("p"), Expect::Healthy),
            (looping(1), Expect::Healthy),
            (looping(3), Expect::Unhealthy("container app keeps exiting (exit code 1), 3 restarts")),
            (looping(3).deleted(5), Expect::Healthy),
            (looping(3).phase("Failed"), Expect::Healthy),
            (pod("p").with(crashed(4).running(10)), Expect::UnhealthyFor(110)),
            (pod("p").with(crashed(4).running(150)), Expect::Healthy),
            (pod("p").with(crashed(4).ended(2, "Error", 1)), Expect::Unhealthy("exit code 2")),
            (
                pod("p").with(container("app").restarts(9).last_ended(0, "Completed", 20).running(5)),
                Expect::Healthy,
            ),
            (
                pod("p").with(
                    container("app").restarts(9).last_ended(0, "Completed", 20).waiting("CrashLoopBackOff"),
                ),
                Expect::Unhealthy("exit code 0"),
            ),
        ] {
            check("PodCrashLoopBackOff", &[object], expected);
        }
    }

    #[test]
    fn the_evidence_says_how_it_ended_and_what_it_said() {
        let found = finding("PodCrashLoopBackOff", &[pod("p").with(crashed(7).waiting("CrashLoopBackOff"))]);
        assert_eq!(found.container, "app");
        for (fact, value) in [
            ("exitCode", "1"),
            ("restarts", "7"),
            ("lastWords", "panic: no database"),
            ("image", "registry.example/app:1"),
        ] {
            assert_eq!(found.evidence[fact], value, "{fact}");
        }
    }

    #[test]
    fn an_init_container_loops_too() {
        let object = pod("p").phase("Pending").with_init(crashed(5).waiting("CrashLoopBackOff"));
        check("PodCrashLoopBackOff", &[object], Expect::Unhealthy("container app keeps exiting"));
    }
}
