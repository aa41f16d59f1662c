//! EvictPod: remove the pods the issue is found on, one after the other, through the eviction API,
//! so that their controller makes others. The API's answer, and with it every disruption budget's,
//! is final for the attempt.

use model::policy::ActionName;
use model::remediation::PARTS_MAX;
use model::{Issue, ObjectRef};

use super::{Action, Disrupts, GRACE, Verify, evict, observe_removal, planned_pod};
use crate::conditions::{self, Truth};
use crate::facts::{Found, Look};

pub(super) const ACTION: Action = Action {
    name: ActionName::EvictPod,
    suits: conditions::is_on_pods,
    parameters: &[GRACE],
    disrupts: Disrupts::Pods,
    look: |spec, issue| Look {
        subject: Some(spec.lineage.clone()),
        pods: issue.map(pods).unwrap_or_default(),
        ..Look::default()
    },
    targets,
    act: |act| Ok(evict(act)),
    observe: observe_removal,
    verify: Verify::ByCheck,
    undo: None,
};

/// The pods among an issue's members, each once.
pub(super) fn pods(issue: &Issue) -> Vec<ObjectRef> {
    let mut pods: Vec<ObjectRef> = Vec::new();
    for member in issue.members.iter().filter(|member| member.object.kind == "Pod") {
        if !pods.contains(&member.object) {
            pods.push(member.object.clone());
        }
    }
    pods.truncate(PARTS_MAX);
    pods
}

/// The members that are still the pods they were, and still in trouble.
fn targets(aim: &super::Aim<'_>) -> Result<Vec<model::remediation::Part>, String> {
    let issue = aim.issue.ok_or("nobody says which pods are concerned")?;
    let mut why = "the issue names no pod".to_owned();
    let mut parts = Vec::new();
    for member in pods(issue) {
        let containers = issue.members.iter().filter(|other| other.object == member);
        match aim.facts.pod(&member) {
            Some(Found::There(pod)) if pod.metadata.uid == member.uid => {
                let truths: Vec<Truth> =
                    containers.map(|other| conditions::pod(&issue.code, pod, &other.container)).collect();
                match truths.iter().find(|truth| **truth == Truth::Holds).or(truths.first()) {
                    Some(Truth::Holds) => parts.push(planned_pod(pod, aim.spec)),
                    Some(Truth::Over(text) | Truth::Unknown(text)) => why = format!("{member}: {text}"),
                    None => {}
                }
            }
            Some(Found::Unreadable(text)) => why.clone_from(text),
            Some(Found::There(_)) => why = format!("{member}: it has been replaced"),
            Some(Found::Absent) | None => why = format!("{member}: it is gone"),
        }
    }
    if parts.is_empty() { Err(why) } else { Ok(parts) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::Aim;
    use super::*;
    use crate::facts::Facts;
    use crate::machine::tests_support::{issue, pod, remediation};

    #[test]
    fn only_members_that_are_still_the_same_and_still_sick_are_chosen() {
        let remediation = remediation("r-1-1");
        for (uid, ready, chosen) in [("p-1", false, 1), ("p-2", false, 0), ("p-1", true, 0)] {
            let mut facts = Facts::at(Duration::ZERO);
            facts.pods.insert(("shop".into(), "web-1".into()), Found::There(pod("web-1", uid, ready)));
            let aim = Aim { spec: &remediation.spec, issue: Some(&issue()), facts: &facts };
            assert_eq!(targets(&aim).map_or(0, |parts| parts.len()), chosen, "{uid} {ready}");
        }
    }

    #[test]
    fn several_sick_containers_are_one_pod() {
        let mut twice = issue();
        twice.members.push(twice.members[0].clone());
        twice.members[1].container = "sidecar".into();
        assert_eq!(pods(&twice).len(), 1);
    }
}
