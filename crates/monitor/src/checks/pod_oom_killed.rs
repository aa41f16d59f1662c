//! PodOOMKilled: a container was killed for exceeding its memory limit, or its node's memory.

use model::codes;

use super::{Check, Context, Evaluate, Finding, Proof, Verdict, after};
use crate::causes::Explanation;
use crate::kind::Kind;
use crate::world::{Container, Ended, Pod, State};

pub(super) const CHECK: Check = Check {
    code: codes::POD_OOM_KILLED,
    needs: &[Kind::Pod],
    evaluate: Evaluate::Pod(evaluate),
    // A kill for memory is the container's own doing, not its node's.
    explained_by: &[Explanation::Rollout],
    proof: Proof::Replacement,
};

/// A container is usually running again by the time anybody looks, so a kill counts for a while.
fn evaluate(pod: &Pod, context: &Context<'_>) -> Verdict {
    if pod.is_terminating() {
        return Verdict::Healthy;
    }
    let kills = pod.containers().iter().filter_map(|container| Some((container, latest_kill(container)?)));
    let Some((container, kill)) = kills.max_by_key(|(_, kill)| kill.finished) else {
        return Verdict::Healthy;
    };
    let own = &context.thresholds.pod_oom_killed;
    let until = after(kill.finished, own.window);
    if until.is_some_and(|until| until <= context.now.wall) {
        return Verdict::Healthy;
    }
    let limit = container.memory_limit.as_deref();
    let against = limit.map_or("without a limit of its own".to_owned(), |limit| format!("limit {limit}"));
    let summary = format!("container {} was killed for its use of memory ({against})", container.name);
    let finding = Finding::new(own.severity, kill.finished.get(), context.now, summary)
        .of(container)
        .fact("memoryLimit", limit.unwrap_or("none"))
        .fact("exitCode", kill.exit_code)
        .fact("exitReason", &*kill.reason)
        .fact("lastWords", &*kill.message)
        .time("killedAt", kill.finished);
    Verdict::Unhealthy { finding: Box::new(finding), until }
}

fn latest_kill(container: &Container) -> Option<&Ended> {
    let current = match &container.state {
        State::Ended(ended) => Some(&**ended),
        _ => None,
    };
    current
        .filter(|end| end.is_oom_kill())
        .or_else(|| container.last.as_deref().filter(|end| end.is_oom_kill()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn each_outcome() {
        let killed = |ago| container("app").limit("64Mi").restarts(1).last_ended(137, "OOMKilled", ago);
        for (object, expected) in [
            (pod("p"), Expect::Healthy),
            (pod("p").with(killed(60).running(59)), Expect::UnhealthyFor(540)),
            (pod("p").with(killed(601).running(600)), Expect::Healthy),
            (pod("p").with(killed(60).running(59)).deleted(5), Expect::Healthy),
            (
                pod("p").with(container("app").ended(137, "OOMKilled", 5)),
                Expect::Unhealthy("without a limit"),
            ),
            // A Job's pod that was killed will not run again, and is news all the same.
            (
                pod("p").phase("Failed").with(container("app").ended(137, "OOMKilled", 5)),
                Expect::Unhealthy("memory"),
            ),
            (
                pod("p").with(container("app").restarts(1).last_ended(137, "Error", 5).running(4)),
                Expect::Healthy,
            ),
        ] {
            check("PodOOMKilled", &[object], expected);
        }
    }

    #[test]
    fn the_evidence_holds_the_limit_and_the_exit_code() {
        let container =
            container("app").limit("64Mi").restarts(2).last_ended(137, "OOMKilled", 60).running(59);
        let found = finding("PodOOMKilled", &[pod("p").with(container)]);
        assert_eq!((&*found.evidence["memoryLimit"], &*found.evidence["exitCode"]), ("64Mi", "137"));
        assert_eq!(found.since, ago(60));
    }
}
