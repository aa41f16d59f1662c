//! PodCrashLoopBackOff: a container exits again and again.

use jiff::SignedDuration;
use model::codes;
use model::config::monitor::PodCrashLoopBackOff;

use super::{Check, Context, Evaluate, Finding, Proof, Verdict, after};
use crate::causes::Explanation;
use crate::kind::Kind;
use crate::now::Now;
use crate::world::{Container, Ended, Pod, State};

pub(super) const CHECK: Check = Check {
    code: codes::POD_CRASH_LOOP_BACK_OFF,
    needs: &[Kind::Pod],
    evaluate: Evaluate::Pod(evaluate),
    explained_by: &[Explanation::NodesOfMembers, Explanation::Rollout, Explanation::Kills],
    proof: Proof::Replacement,
};

/// The kubelet forgets that a container exited when it has run for so long since, twice its longest
/// back-off, and so does this.
const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_mins(10);

fn evaluate(pod: &Pod, context: &Context<'_>) -> Verdict {
    if pod.is_terminating() || pod.is_finished() {
        return Verdict::Healthy;
    }
    let own = &context.thresholds.pod_crash_loop_back_off;
    let looping = pod.containers().iter().filter(|container| container.restarts >= own.restarts);
    let verdicts = looping.map(|container| judge(container, own, context));
    verdicts.min_by_key(weight).unwrap_or(Verdict::Healthy)
}

fn weight(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::Unhealthy { .. } => 0,
        Verdict::Lingers { .. } => 1,
        _ => 2,
    }
}

/// A container that waits for its next run loops, and so does one that has just failed. One that
/// runs may only be between two exits, and counts until it has run for a while. After an exit in
/// order nothing is wrong with it, but a loop that was found is not over before that either: a
/// liveness probe ends many a container in order, again and again.
fn judge(container: &Container, own: &PodCrashLoopBackOff, context: &Context<'_>) -> Verdict {
    let Some(end) = container.latest_end() else { return Verdict::Healthy };
    let finding = || Box::new(found(container, end, own, context.now));
    let unhealthy = |until| Verdict::Unhealthy { finding: finding(), until };
    let in_order = end.exit_code == 0;
    let until = match &container.state {
        State::Waiting { reason, .. } if **reason == *"CrashLoopBackOff" => {
            return unhealthy(None);
        }
        State::Waiting { .. } => return Verdict::Healthy,
        // However often it was restarted in all its life: with its node, month by month.
        _ if end.ran_for() >= Some(FORGOTTEN_AFTER) => return Verdict::Healthy,
        State::Ended(_) if !in_order => return unhealthy(None),
        State::Ended(_) => after(end.finished, own.stable_for),
        State::Running { since } => after(*since, own.stable_for),
    };
    let Some(until) = until.filter(|until| context.now.wall < *until) else { return Verdict::Healthy };
    if in_order { Verdict::Lingers { finding: finding(), until } } else { unhealthy(Some(until)) }
}

fn found(container: &Container, end: &Ended, own: &PodCrashLoopBackOff, now: Now) -> Finding {
    let summary = format!(
        "container {} keeps exiting ({}), {} restarts",
        container.name,
        how(end.exit_code, &end.reason),
        container.restarts
    );
    Finding::new(own.severity, end.finished.get(), now, summary).of(container).ended(container)
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
                Expect::LingersFor(115),
            ),
            (pod("p").with(container("app").restarts(9).ended(0, "Completed", 20)), Expect::LingersFor(100)),
            (
                pod("p").with(container("app").restarts(9).last_ended(0, "Completed", 200).running(190)),
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

    /// A node that is restarted every month takes its pods' restarts beyond any threshold.
    #[test]
    fn an_exit_after_a_long_run_is_no_loop() {
        let restarted = |ran_for| crashed(12).last_ran_for(ran_for).running(10);
        for (container, expected) in [
            (restarted(86_400 * 30), Expect::Healthy),
            (restarted(600), Expect::Healthy),
            (restarted(599), Expect::UnhealthyFor(110)),
            (crashed(12).last_ran_for(600).waiting("CrashLoopBackOff"), Expect::Unhealthy("keeps exiting")),
        ] {
            check("PodCrashLoopBackOff", &[pod("p").with(container)], expected);
        }
    }

    #[test]
    fn the_worst_container_is_told() {
        let resting = container("side").restarts(9).last_ended(0, "Completed", 20).running(5);
        let object = pod("p").with(resting).with(crashed(5).waiting("CrashLoopBackOff"));
        assert_eq!(finding("PodCrashLoopBackOff", &[object]).container, "app");
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
