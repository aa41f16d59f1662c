//! Marks on nodes that nobody would take off: their remediation was deleted, or has ended and does
//! not know of them. They are remembered again, as an attempt of a remediation that is over, and so
//! go the way of every other mark that is left: off, when the node is well, or to a person.

use std::collections::BTreeMap;

use cluster::views::Node;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use model::config::healer::HealerConfig;
use model::issue::Key;
use model::policy::{ActionName, Mode, Step};
use model::remediation::{
    self, ATTEMPTS_MAX, Attempt, AttemptResult, KEY_LABEL, Part, PartState, Phase, Remediation,
    RemediationSpec, RemediationStatus,
};
use model::{DurationText, Lineage, ObjectRef, Severity, codes};

use crate::ledger::outstanding;
use crate::{conditions, marks};

/// What stands for the policy of a remediation that was made for a mark alone: no resource can be
/// named so, and in mode Observe it allows nothing but to take back.
pub const NO_POLICY: &str = "(none)";

/// A mark of ours that nobody would take off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    /// The node that bears it.
    pub node: ObjectRef,
    /// The remediation that it names.
    pub by: String,
    /// The trouble that this was for, by its name. Of a name that was never given by us nobody
    /// knows, and whether the node is ready decides.
    pub key: Key,
}

/// The marks on these nodes that no remediation would take off.
pub fn find<'a>(
    nodes: impl IntoIterator<Item = &'a Node>,
    remediations: &BTreeMap<String, Remediation>,
) -> Vec<Orphan> {
    let orphan = |node: &Node| {
        let by = marks::quarantined_by(node)?;
        let node = node.metadata.reference("Node");
        let orphan = Orphan { key: key_of(&node.name, by), by: by.to_owned(), node };
        let is_seen_to = remediations.get(by).is_some_and(will_see_to_its_mark)
            || remediations.values().any(|one| has_found(one, &orphan));
        (!is_seen_to).then_some(orphan)
    };
    nodes.into_iter().filter_map(orphan).collect()
}

/// The trouble of this node that a remediation of this name was for.
fn key_of(node: &str, by: &str) -> Key {
    let key = |code: &str| Key { lineage: Lineage::cluster_wide("Node", node), code: code.to_owned() };
    let on_nodes = codes::ALL.into_iter().filter(|code| conditions::is_on_nodes(code));
    let named = on_nodes.map(key).find(|key| remediation::number(key, by).is_some());
    named.unwrap_or_else(|| key(codes::NODE_NOT_READY))
}

/// One that is not over may still come to its mark.
fn will_see_to_its_mark(one: &Remediation) -> bool {
    one.status
        .as_ref()
        .is_none_or(|status| !status.phase.is_over() || outstanding(&status.attempts).is_some())
}

/// Whether the mark was found before and is still to be taken off. One that was, and is there again,
/// somebody has put back.
fn has_found(one: &Remediation, orphan: &Orphan) -> bool {
    let detail = found_detail(&orphan.by);
    let put = one.status.as_ref().and_then(|status| outstanding(&status.attempts));
    put.is_some_and(|put| put.target.uid == orphan.node.uid && put.detail == detail)
}

fn found_detail(by: &str) -> String {
    format!("found on the node, put there by {by}")
}

/// A remediation that is over but for the mark, which it has found.
pub fn take_in(
    orphan: &Orphan,
    number: u64,
    cluster: &str,
    config: &HealerConfig,
    epoch: u64,
    now: Timestamp,
) -> Remediation {
    let Orphan { node, by, key } = orphan;
    let step = Step {
        action: ActionName::QuarantineNode,
        parameters: BTreeMap::new(),
        timeout: DurationText::from_secs(60),
        attempts: 1,
    };
    let spec = RemediationSpec {
        cluster: cluster.to_owned(),
        lineage: key.lineage.clone(),
        check: key.code.clone(),
        subject: node.clone(),
        since: now,
        severity: Severity::Warning,
        policy: NO_POLICY.to_owned(),
        mode: Mode::Observe,
        steps: vec![step],
        plan_hash: String::new(),
        healthy_for_s: config.healthy_for.0.as_secs().max(1),
        approval_timeout_s: 0,
        attempts_max: None,
        accept_loss_of_bare_pods: false,
        approval: None,
    };
    let status = RemediationStatus {
        phase: Phase::Cancelled,
        message: format!(
            "{by} has left a mark on {node} and is not there to take it off: that is left to do"
        ),
        epoch,
        transitions: 1,
        ended: Some(now),
        ..RemediationStatus::default()
    };
    let status = remember(&status, &spec, orphan, now);
    Remediation {
        metadata: ObjectMeta {
            name: Some(remediation::name(key, number)),
            labels: Some([(KEY_LABEL.to_owned(), remediation::key_hash(key))].into()),
            ..ObjectMeta::default()
        },
        spec,
        status,
    }
}

/// The status of a remediation that is over, with the mark that it did not know of; `None` where it
/// has no room for more.
pub fn remember(
    status: &RemediationStatus,
    spec: &RemediationSpec,
    orphan: &Orphan,
    now: Timestamp,
) -> Option<RemediationStatus> {
    if status.attempts.len() >= ATTEMPTS_MAX {
        return None;
    }
    let is_quarantine = |step: &Step| step.action == ActionName::QuarantineNode;
    let step = spec.steps.iter().position(is_quarantine).unwrap_or(spec.steps.len());
    let detail = found_detail(&orphan.by);
    let part = Part {
        target: orphan.node.clone(),
        node: String::new(),
        owner: None,
        pods: None,
        state: PartState::HappenedMaybeNotOurs,
        opened: Some(now),
        ready_after: None,
        detail: detail.clone(),
    };
    let attempt = Attempt {
        step: u32::try_from(step).unwrap_or(u32::MAX),
        number: status.attempts.last().map_or(0, |last| last.number).saturating_add(1),
        action: ActionName::QuarantineNode,
        target: orphan.node.clone(),
        epoch: status.epoch,
        // When it was put there nobody knows. From now on it counts, for the cap and the budgets.
        intended: now,
        lands_until: now,
        parts: vec![part],
        result: AttemptResult::HappenedMaybeNotOurs,
        detail,
        observed: Some(now),
        closed: Some(now),
    };
    let mut status = status.clone();
    status.attempts.push(attempt);
    Some(status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::tests_support::{
        attempt, marked, node, node_issue, now, remediation as a_remediation,
    };
    use crate::marks::QUARANTINE;

    fn name(number: u64) -> String {
        remediation::name(&node_issue().key(), number)
    }

    /// The node as marked by the issue's third remediation.
    fn nodes() -> Vec<Node> {
        vec![
            node("n0", &[]),
            marked("n1", &[QUARANTINE], &name(3)),
            // The annotation alone is no mark, nor is the taint alone.
            marked("n2", &[], &name(3)),
            node("n3", &[QUARANTINE]),
        ]
    }

    fn all(remediations: Vec<Remediation>) -> BTreeMap<String, Remediation> {
        remediations.into_iter().map(|one| (one.metadata.name.clone().unwrap(), one)).collect()
    }

    fn ended(number: u64, phase: Phase, attempts: Vec<Attempt>) -> Remediation {
        let mut one = crate::machine::tests_support::node_remediation(&name(number));
        one.status = Some(RemediationStatus { phase, attempts, ..RemediationStatus::default() });
        one
    }

    #[test]
    fn what_nobody_would_take_off_is_found() {
        let put = Attempt {
            action: ActionName::QuarantineNode,
            parts: vec![Part {
                state: PartState::Happened,
                ..crate::machine::tests_support::open_part("", "")
            }],
            ..attempt()
        };
        for (remediations, expected, why) in [
            (vec![], 1, "it was deleted"),
            (vec![a_remediation("r-1-1")], 1, "another one's"),
            (vec![ended(3, Phase::Verifying, vec![])], 0, "it is not over"),
            (vec![ended(3, Phase::Escalated, vec![put])], 0, "it knows of its mark"),
            (vec![ended(3, Phase::Succeeded, vec![])], 1, "it has forgotten it"),
            (vec![Remediation { status: None, ..ended(3, Phase::Pending, vec![]) }], 0, "it has just begun"),
        ] {
            let found = find(&nodes(), &all(remediations));
            assert_eq!(found.len(), expected, "{why}");
            for orphan in found {
                assert_eq!((orphan.by, orphan.key), (name(3), node_issue().key()), "{why}");
                assert_eq!(orphan.node.uid, "u-n1");
            }
        }
    }

    #[test]
    fn what_was_found_is_remembered_as_a_mark_that_is_left_and_found_once() {
        let config = HealerConfig::default();
        let orphan = find(&nodes(), &BTreeMap::new()).remove(0);
        let made = take_in(&orphan, 4, "c1", &config, 7, now(0).wall);
        let status = made.status.as_ref().unwrap();
        assert!(outstanding(&status.attempts).is_some() && crate::machine::concerns(status));
        assert_eq!(made.metadata.name, Some(name(4)));
        assert!(find(&nodes(), &all(vec![made.clone()])).is_empty());
        let mut put_back = made;
        let attempts = &mut put_back.status.as_mut().unwrap().attempts;
        attempts.push(Attempt { action: ActionName::ReleaseNode, ..attempts[0].clone() });
        assert_eq!(find(&nodes(), &all(vec![put_back])).len(), 1, "it was taken off, and is there again");

        let forgotten = ended(3, Phase::Succeeded, vec![]);
        let status = remember(forgotten.status.as_ref().unwrap(), &forgotten.spec, &orphan, now(0).wall);
        let found = Remediation { status: status.clone(), ..forgotten.clone() };
        assert!(find(&nodes(), &all(vec![found])).is_empty());
        let full = RemediationStatus { attempts: vec![attempt(); ATTEMPTS_MAX], ..status.unwrap() };
        assert_eq!(remember(&full, &forgotten.spec, &orphan, now(0).wall), None);
    }

    #[test]
    fn whose_mark_cannot_be_told_is_for_the_node_s_readiness_to_decide() {
        let unreachable = Key { code: codes::NODE_UNREACHABLE.into(), ..node_issue().key() };
        assert_eq!(key_of("n1", &remediation::name(&unreachable, 9)), unreachable);
        assert_eq!(key_of("n1", "r-0-1"), node_issue().key());
        assert_eq!(key_of("n2", &name(3)).code, codes::NODE_NOT_READY, "it was made for another node");
    }
}
