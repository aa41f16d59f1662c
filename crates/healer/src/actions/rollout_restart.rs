//! RolloutRestart: replace a workload's pods, as many at once as its own strategy has it. It is
//! an attempt on each instance of a StatefulSet or DaemonSet, whichever of them it was for.

use std::collections::BTreeMap;

use model::policy::ActionName;

use model::remediation::Part;

use super::{Act, Action, Aim, Disrupts, Effect, Observed, Verify, planned, subject};
use crate::conditions;
use crate::facts::{Found, Look, Subject};

/// The kinds that can be restarted. A StatefulSet's pod or a DaemonSet's is one of many: their
/// lineage names the set.
const KINDS: [&str; 3] = ["Deployment", "StatefulSet", "DaemonSet"];

pub(super) const ACTION: Action = Action {
    name: ActionName::RolloutRestart,
    suits: |code| conditions::is_on_pods(code) || conditions::is_on_workloads(code),
    parameters: &[],
    disrupts: Disrupts::Pods,
    look: |spec, issue| Look {
        subject: Some(spec.lineage.clone()),
        pods: issue.map(super::evict_pod::pods).unwrap_or_default(),
        ..Look::default()
    },
    targets,
    act,
    observe,
    verify: Verify::ByCheck,
    undo: None,
};

/// The workload as a whole, and how many of its pods go at once.
fn targets(aim: &Aim<'_>) -> Result<Vec<Part>, String> {
    let is_restartable = |subject: &Subject| matches!(subject, Subject::Workload(workload) if KINDS.contains(&workload.reference.kind.as_str()));
    let target = subject(aim.facts, is_restartable)?;
    let pods = aim.facts.workload().map(|workload| workload.at_once);
    Ok(vec![Part { pods, ..planned(target) }])
}

fn act(act: &Act<'_>) -> Result<Effect, String> {
    let workload = act.facts.workload().ok_or("the workload could not be read")?;
    Ok(Effect::Change {
        resource_version: workload.resource_version.clone(),
        annotations: BTreeMap::new(),
        taints: None,
        restart: Some(act.now),
    })
}

fn observe(act: &Act<'_>) -> Observed {
    match &act.facts.subject {
        None => Observed::Unknown("the workload was not read".to_owned()),
        Some(Found::Unreadable(why)) => Observed::Unknown(why.clone()),
        Some(Found::Absent) => Observed::HappenedMaybeNotOurs("the workload is gone".to_owned()),
        Some(Found::There(Subject::Workload(workload))) if workload.reference.uid == act.target.uid => {
            if workload.attempt.as_deref() == Some(act.attempt) {
                Observed::Happened("the workload bears this attempt's mark".to_owned())
            } else {
                Observed::NotYet("the workload does not bear this attempt's mark".to_owned())
            }
        }
        Some(Found::There(_)) => Observed::HappenedMaybeNotOurs("another workload has its name".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use model::ObjectRef;

    use super::*;
    use crate::facts::Facts;
    use crate::machine::tests_support::{now, workload};

    #[test]
    fn it_goes_out_at_the_version_read_and_is_known_by_its_mark() {
        let target = ObjectRef::namespaced("Deployment", "shop", "web", "d-1");
        let mut facts = Facts::at(Duration::ZERO);
        let judge = |facts: &Facts| {
            let parameters = BTreeMap::new();
            let input = Act {
                parameters: &parameters,
                target: &target,
                remediation: "r-1-1",
                attempt: "r-1-1/1",
                facts,
                now: now(0).wall,
            };
            (act(&input), observe(&input))
        };
        let mut deployment = workload(3, 2);
        facts.subject = Some(Found::There(Subject::Workload(deployment.clone())));
        let (effect, observed) = judge(&facts);
        assert!(
            matches!(effect, Ok(Effect::Change { resource_version, restart: Some(_), .. }) if resource_version == "7")
        );
        assert!(matches!(observed, Observed::NotYet(_)));
        deployment.attempt = Some("r-1-1/1".into());
        facts.subject = Some(Found::There(Subject::Workload(deployment.clone())));
        assert!(matches!(judge(&facts).1, Observed::Happened(_)));
        deployment.reference.uid = "d-2".into();
        facts.subject = Some(Found::There(Subject::Workload(deployment)));
        assert!(matches!(judge(&facts).1, Observed::HappenedMaybeNotOurs(_)));
        facts.subject = Some(Found::Unreadable("503".into()));
        assert!(matches!(judge(&facts).1, Observed::Unknown(_)));
    }
}
