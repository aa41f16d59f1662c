//! ReleaseNode: take our own marks off a node again, and nothing else: what a person or another
//! controller put there stays.

use std::collections::BTreeMap;

use cluster::views::Node;
use model::policy::ActionName;

use super::{Act, Action, Disrupts, Effect, Observed, Verify, planned, subject};
use crate::conditions;
use crate::facts::{Found, Look, Subject};
use crate::marks::{self, QUARANTINE};

pub(super) const ACTION: Action = Action {
    name: ActionName::ReleaseNode,
    suits: conditions::is_on_nodes,
    parameters: &[],
    disrupts: Disrupts::Nothing,
    look: |spec, _| Look { subject: Some(spec.lineage.clone()), ..Look::default() },
    targets: |aim| Ok(vec![planned(subject(aim.facts, |subject| matches!(subject, Subject::Node(_)))?)]),
    act,
    observe,
    verify: Verify::Nothing,
    undo: None,
};

fn act(act: &Act<'_>) -> Result<Effect, String> {
    let node = act.facts.node().ok_or("the node could not be read")?;
    let mut taints = node.spec.taints.clone();
    taints.retain(|taint| taint.key != QUARANTINE || taint.effect != marks::NO_SCHEDULE);
    Ok(Effect::Change {
        resource_version: node.metadata.resource_version.to_string(),
        annotations: BTreeMap::from([(QUARANTINE.to_owned(), None)]),
        taints: Some(taints),
        restart: None,
    })
}

fn observe(act: &Act<'_>) -> Observed {
    observe_node(act, |node| {
        if marks::has_taint(node) {
            Observed::NotYet("the node still bears the taint".to_owned())
        } else if super::quarantine_node::bears(node, act.attempt) {
            Observed::Happened("our marks are off the node".to_owned())
        } else {
            Observed::HappenedMaybeNotOurs("the node does not bear the taint".to_owned())
        }
    })
}

/// Judges a node that is still the one recorded.
pub(super) fn observe_node(act: &Act<'_>, judge: impl Fn(&Node) -> Observed) -> Observed {
    match &act.facts.subject {
        None => Observed::Unknown("the node was not read".to_owned()),
        Some(Found::Unreadable(why)) => Observed::Unknown(why.clone()),
        Some(Found::Absent) => Observed::HappenedMaybeNotOurs("the node is gone".to_owned()),
        Some(Found::There(Subject::Node(node))) if node.metadata.uid == act.target.uid => judge(node),
        Some(Found::There(_)) => Observed::HappenedMaybeNotOurs("another node has its name".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use model::ObjectRef;

    use super::*;
    use crate::facts::Facts;
    use crate::machine::tests_support::{node, now};

    #[test]
    fn only_its_own_marks_go() {
        let target = ObjectRef::cluster_wide("Node", "n1", "u-n1");
        let parameters = BTreeMap::new();
        let mut facts = Facts::at(Duration::ZERO);
        let mut cordoned = node("n1", &["other", QUARANTINE]);
        cordoned.spec.unschedulable = true;
        facts.subject = Some(Found::There(Subject::Node(cordoned)));
        let input = Act {
            parameters: &parameters,
            target: &target,
            remediation: "r-1-1",
            attempt: "r-1-1/2",
            facts: &facts,
            now: now(0).wall,
        };
        let Ok(Effect::Change { taints: Some(taints), annotations, .. }) = act(&input) else { panic!() };
        assert_eq!(taints.iter().map(|taint| taint.key.as_str()).collect::<Vec<_>>(), ["other"]);
        assert_eq!(annotations, BTreeMap::from([(QUARANTINE.to_owned(), None)]));
        assert!(matches!(observe(&input), Observed::NotYet(_)));
    }
}
