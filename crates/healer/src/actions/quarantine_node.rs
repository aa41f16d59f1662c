//! QuarantineNode: keep new pods off a node by a taint of our own, with an annotation that says
//! which remediation put it there. What runs there goes on running.

use std::collections::BTreeMap;

use cluster::effects::ATTEMPT;
use cluster::views::Node;
use model::policy::ActionName;

use super::{Act, Action, Disrupts, Effect, Observed, Verify, planned, subject};
use crate::conditions;
use crate::facts::{Look, Subject};
use crate::marks::{self, QUARANTINE};

pub(super) const ACTION: Action = Action {
    name: ActionName::QuarantineNode,
    suits: conditions::is_on_nodes,
    parameters: &[],
    disrupts: Disrupts::Node,
    look: |spec, _| Look { subject: Some(spec.lineage.clone()), ..Look::default() },
    targets: |aim| Ok(vec![planned(subject(aim.facts, |subject| matches!(subject, Subject::Node(_)))?)]),
    act,
    observe,
    verify: Verify::ByCheck,
    undo: Some(ActionName::ReleaseNode),
};

fn act(act: &Act<'_>) -> Result<Effect, String> {
    let node = act.facts.node().ok_or("the node could not be read")?;
    let mut taints = node.spec.taints.clone();
    // As the release does: one of another effect is somebody else's.
    taints.retain(|taint| taint.key != QUARANTINE || taint.effect != marks::NO_SCHEDULE);
    taints.push(marks::quarantine());
    Ok(Effect::Change {
        resource_version: node.metadata.resource_version.to_string(),
        annotations: BTreeMap::from([(QUARANTINE.to_owned(), Some(act.remediation.to_owned()))]),
        taints: Some(taints),
        restart: None,
    })
}

fn observe(act: &Act<'_>) -> Observed {
    super::release_node::observe_node(act, |node| {
        if !marks::has_taint(node) {
            Observed::NotYet("the node does not bear the taint".to_owned())
        } else if bears(node, act.attempt) || marks::quarantined_by(node) == Some(act.remediation) {
            Observed::Happened("the node bears our taint and mark".to_owned())
        } else {
            Observed::HappenedMaybeNotOurs("the node bears the taint of somebody else".to_owned())
        }
    })
}

/// Whether the attempt was the last to change the node.
pub(super) fn bears(node: &Node, attempt: &str) -> bool {
    node.metadata.annotations.get(ATTEMPT) == Some(attempt)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use model::ObjectRef;

    use super::*;
    use crate::facts::{Facts, Found};
    use crate::machine::tests_support::{node, now};

    #[test]
    fn it_adds_its_own_taint_and_keeps_the_others() {
        let target = ObjectRef::cluster_wide("Node", "n1", "u-n1");
        let parameters = BTreeMap::new();
        let mut facts = Facts::at(Duration::ZERO);
        facts.subject = Some(Found::There(Subject::Node(node("n1", &["other"]))));
        let input = Act {
            parameters: &parameters,
            target: &target,
            remediation: "r-1-1",
            attempt: "r-1-1/1",
            facts: &facts,
            now: now(0).wall,
        };
        let Ok(Effect::Change { taints: Some(taints), annotations, .. }) = act(&input) else { panic!() };
        assert_eq!(taints.iter().map(|taint| taint.key.as_str()).collect::<Vec<_>>(), ["other", QUARANTINE]);
        assert_eq!(annotations[QUARANTINE].as_deref(), Some("r-1-1"));
        assert!(matches!(observe(&input), Observed::NotYet(_)));
    }
}
