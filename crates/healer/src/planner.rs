//! The next step of a ladder, from what was tried before. A pod that was evicted and replaced is
//! the same trouble, not a new one: what counts is the lineage's history, over all its
//! remediations.

use std::time::Duration;

use model::policy::{ActionName, Step};
use model::remediation::{Attempt, AttemptResult, Remediation, RemediationSpec};

use crate::Now;
use crate::ledger::whole;

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The step with this index.
    Step(usize),
    /// Everything was tried: a person.
    Exhausted,
}

/// The next step of `of`, whose attempts so far are `own`; `earlier` are the other remediations
/// of the same check and workload. Attempts that had no effect do not use a step up: the cap
/// counts those.
pub fn next<'a>(
    spec: &RemediationSpec,
    own: &[Attempt],
    earlier: impl Iterator<Item = &'a Remediation>,
    recurrence: Duration,
    now: Now,
) -> Next {
    let recent: Vec<&Attempt> = earlier
        .filter_map(|other| Some((&other.spec, other.status.as_ref()?)))
        .flat_map(|(other, status)| status.attempts.iter().map(move |attempt| (other, attempt)))
        .filter(|(other, attempt)| other.key() == spec.key() || is_shared(spec, other, attempt, now))
        .map(|(_, attempt)| attempt)
        .filter(|attempt| attempt.closed.is_none_or(|closed| now.since(closed) < recurrence))
        .collect();
    let lowest = own.iter().filter(|attempt| !is_undo(spec, attempt)).map(|attempt| attempt.step).max();
    let lowest = lowest.unwrap_or(0) as usize;
    for (index, step) in spec.steps.iter().enumerate().skip(lowest) {
        if used(step, own, &recent) < step.attempts as usize {
            return Next::Step(index);
        }
    }
    Next::Exhausted
}

/// Whether an attempt for another instance of the same workload was one for this lineage too: a
/// restart is, when it has had as much time to help as one of its own would have.
fn is_shared(spec: &RemediationSpec, other: &RemediationSpec, attempt: &Attempt, now: Now) -> bool {
    let step = spec.steps.iter().find(|step| step.action == ActionName::RolloutRestart);
    attempt.action == ActionName::RolloutRestart
        && other.check == spec.check
        && whole(&other.lineage) == whole(&spec.lineage)
        && step.is_some_and(|step| now.since(attempt.intended) >= step.timeout.0)
}

/// How often a step was taken: in this remediation, and by its action in recent ones, whose
/// ladders may have been numbered otherwise. Looking harms nobody and is done anew each time.
fn used(step: &Step, own: &[Attempt], recent: &[&Attempt]) -> usize {
    let counts = |attempt: &&Attempt| attempt.action == step.action && used_up(attempt);
    let before = if step.action == ActionName::CollectEvidence {
        0
    } else {
        recent.iter().filter(|attempt| counts(attempt)).count()
    };
    own.iter().filter(counts).count() + before
}

fn used_up(attempt: &Attempt) -> bool {
    !matches!(attempt.result, AttemptResult::Refused | AttemptResult::NotHappened)
}

/// Whether an attempt took back what an earlier one did, rather than being a step of the ladder.
pub fn is_undo(spec: &RemediationSpec, attempt: &Attempt) -> bool {
    spec.steps.get(attempt.step as usize).is_none_or(|step| step.action != attempt.action)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::machine::tests_support::{attempt, now, remediation};

    const HOUR: Duration = Duration::from_hours(1);

    fn ladder(steps: &[(ActionName, u32)]) -> Remediation {
        let mut remediation = remediation("r-1-1");
        remediation.spec.steps = steps
            .iter()
            .map(|(action, attempts)| Step {
                action: *action,
                parameters: BTreeMap::default(),
                timeout: model::DurationText::from_secs(60),
                attempts: *attempts,
            })
            .collect();
        remediation
    }

    fn tried(step: u32, action: ActionName, result: AttemptResult) -> Attempt {
        Attempt { step, action, result, closed: Some(now(0).wall), ..attempt() }
    }

    #[test]
    fn the_ladder_is_climbed_step_by_step() {
        use ActionName::{EvictPod, RolloutRestart};
        use AttemptResult::{DidNotHelp, Helped, NotHappened, Refused};
        let of = ladder(&[(EvictPod, 2), (RolloutRestart, 1)]);
        for (own, expected) in [
            (vec![], Next::Step(0)),
            (vec![tried(0, EvictPod, DidNotHelp)], Next::Step(0)),
            (vec![tried(0, EvictPod, Refused), tried(0, EvictPod, NotHappened)], Next::Step(0)),
            (vec![tried(0, EvictPod, DidNotHelp), tried(0, EvictPod, Helped)], Next::Step(1)),
            (vec![tried(1, RolloutRestart, Refused)], Next::Step(1)),
            (vec![tried(1, RolloutRestart, DidNotHelp)], Next::Exhausted),
        ] {
            assert_eq!(next(&of.spec, &own, std::iter::empty(), HOUR, now(10)), expected, "{own:?}");
        }
    }

    #[test]
    fn a_replaced_pod_is_the_same_trouble() {
        use ActionName::{EvictPod, RolloutRestart};
        let of = ladder(&[(EvictPod, 1), (RolloutRestart, 1)]);
        let mut before = of.clone();
        before.status.as_mut().unwrap().attempts = vec![tried(0, EvictPod, AttemptResult::Helped)];
        let at = |seconds| next(&of.spec, &[], std::iter::once(&before), HOUR, now(seconds));
        assert_eq!(at(10), Next::Step(1));
        assert_eq!(at(3600), Next::Step(0), "what held for an hour did help");
        let mut other = before.clone();
        other.spec.check = "PodOOMKilled".into();
        assert_eq!(next(&of.spec, &[], std::iter::once(&other), HOUR, now(10)), Next::Step(0));
    }

    #[test]
    fn a_restart_for_one_instance_was_one_for_all() {
        use ActionName::RolloutRestart;
        let mut of = ladder(&[(RolloutRestart, 1)]);
        of.spec.lineage = "DaemonSet/logs/agent/n1".parse().unwrap();
        let mut other = of.clone();
        other.spec.lineage.instance = "n2".into();
        other.status.as_mut().unwrap().attempts = vec![tried(0, RolloutRestart, AttemptResult::DidNotHelp)];
        let at =
            |other: &Remediation, seconds| next(&of.spec, &[], std::iter::once(other), HOUR, now(seconds));
        assert_eq!(at(&other, 59), Next::Step(0), "it may still help");
        assert_eq!(at(&other, 60), Next::Exhausted);
        assert_eq!(at(&other, 3600), Next::Step(0));
        other.status.as_mut().unwrap().attempts =
            vec![tried(0, ActionName::EvictPod, AttemptResult::DidNotHelp)];
        assert_eq!(at(&other, 60), Next::Step(0), "another instance's eviction is its own");
    }

    proptest! {
        /// Whatever happens to its pods, and however its trouble is cut into remediations, an
        /// action that never helps is tried no more often than its steps say.
        #[test]
        fn attempts_are_bounded_over_replaced_pods(
            attempts in proptest::collection::vec(1_u32..4, 1..5), episodes in proptest::collection::vec(any::<bool>(), 0..40)
        ) {
            let actions = [ActionName::EvictPod, ActionName::RolloutRestart, ActionName::QuarantineNode, ActionName::DrainNode];
            let steps: Vec<_> = attempts.iter().zip(actions).map(|(n, action)| (action, *n)).collect();
            let of = ladder(&steps);
            let mut past: Vec<Remediation> = Vec::new();
            let mut own: Vec<Attempt> = Vec::new();
            let mut done = 0;
            for is_new_episode in episodes {
                if is_new_episode && !own.is_empty() {
                    let mut ended = of.clone();
                    ended.status.as_mut().unwrap().attempts = std::mem::take(&mut own);
                    past.push(ended);
                }
                match next(&of.spec, &own, past.iter(), HOUR, now(10)) {
                    Next::Exhausted => break,
                    Next::Step(index) => {
                        done += 1;
                        own.push(tried(index as u32, of.spec.steps[index].action, AttemptResult::DidNotHelp));
                    }
                }
            }
            prop_assert!(done <= attempts.iter().sum::<u32>());
        }
    }
}
