//! DrainNode: move a node's pods away, one eviction after the other. What a DaemonSet or the
//! kubelet itself runs there stays, and so does what has already ended.

use cluster::views::Pod;
use model::policy::ActionName;
use model::remediation::{PARTS_MAX, Part};

use super::{Action, Aim, Disrupts, GRACE, Verify, evict, observe_removal, planned_pod, subject};
use crate::conditions;
use crate::facts::{Found, Look, Subject};

pub(super) const ACTION: Action = Action {
    name: ActionName::DrainNode,
    suits: conditions::is_on_nodes,
    parameters: &[GRACE],
    disrupts: Disrupts::NodeAndPods,
    look: |spec, _| Look {
        subject: Some(spec.lineage.clone()),
        pods_on: Some(spec.lineage.name.clone()),
        ..Look::default()
    },
    targets,
    act: |act| Ok(evict(act)),
    observe: observe_removal,
    verify: Verify::ByCheck,
    undo: None,
};

fn targets(aim: &Aim<'_>) -> Result<Vec<Part>, String> {
    subject(aim.facts, |subject| matches!(subject, Subject::Node(_)))?;
    let pods = match &aim.facts.pods_on_node {
        Some(Found::There(pods)) => pods,
        Some(Found::Unreadable(why)) => return Err(why.clone()),
        Some(Found::Absent) | None => return Err("the node's pods were not read".to_owned()),
    };
    let mut parts: Vec<Part> =
        pods.iter().filter(|pod| can_be_moved(pod)).map(|pod| planned_pod(pod, aim.spec)).collect();
    parts.sort_by(|a, b| a.target.cmp(&b.target));
    parts.truncate(PARTS_MAX);
    if parts.is_empty() { Err("nothing runs there that could be moved".to_owned()) } else { Ok(parts) }
}

fn can_be_moved(pod: &Pod) -> bool {
    let of_daemon_set = pod.metadata.controller().is_some_and(|owner| owner.kind == "DaemonSet");
    !of_daemon_set && !pod.is_mirror() && !pod.is_finished() && !pod.metadata.is_terminating()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::facts::Facts;
    use crate::machine::tests_support::{node, node_remediation, pod_of};

    #[test]
    fn what_would_come_back_at_once_is_left_alone() {
        let pods = vec![
            pod_of("web-2", "ReplicaSet", true),
            pod_of("web-1", "ReplicaSet", true),
            pod_of("agent", "DaemonSet", true),
            pod_of("static", "Node", true),
        ];
        let mut facts = Facts::at(Duration::ZERO);
        facts.subject = Some(Found::There(Subject::Node(node("n1", &[]))));
        facts.pods_on_node = Some(Found::There(pods));
        let remediation = node_remediation("r-2-1");
        let parts = targets(&Aim { spec: &remediation.spec, issue: None, facts: &facts }).unwrap();
        let names: Vec<_> = parts.iter().map(|part| part.target.name.as_str()).collect();
        assert_eq!(names, ["web-1", "web-2"]);
        assert!(parts.iter().all(|part| part.owner.is_some()), "each counts for its own owner");
    }
}
