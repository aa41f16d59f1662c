//! OwnMarks: our own taint and annotation, and only what bears them is undone.

use model::policy::ActionName;
use model::remediation;

use crate::governor::{Request, Rule, Ruling};
use crate::ledger::Ledger;
use crate::marks;

pub(super) const RULE: Rule = Rule {
    name: super::OWN_MARKS,
    judge: |request, _, ledger, _| {
        let Some(node) = request.facts.node() else { return Ruling::Pass };
        let marked_by = marks::quarantined_by(node);
        match request.action.name {
            ActionName::QuarantineNode if marks::has_taint(node) && marked_by.is_none() => {
                Ruling::deny("the node bears our taint without our mark: somebody else put it there")
            }
            // A mark of an earlier remediation of the same trouble is taken over: that one ended
            // with its plan, and this one goes on where it was.
            ActionName::QuarantineNode if marked_by.is_some_and(|by| !is_same_trouble(request, by)) => {
                Ruling::deny(format!("{} has quarantined the node already", marked_by.unwrap_or_default()))
            }
            ActionName::ReleaseNode if !marks::has_taint(node) => {
                Ruling::deny("the node does not bear our taint (any more)")
            }
            ActionName::ReleaseNode if marked_by.is_none() => {
                Ruling::deny("the taint is not marked as ours: it is not ours to remove")
            }
            ActionName::ReleaseNode
                if request.is_undo && !marked_by.is_some_and(|by| is_ours_to_undo(request, ledger, by)) =>
            {
                Ruling::deny(format!("the mark is {}'s", marked_by.unwrap_or_default()))
            }
            _ => Ruling::Pass,
        }
    },
};

/// Its own, or that of a remediation of the same trouble that is not there any more to take it off.
fn is_ours_to_undo(request: &Request<'_>, ledger: &Ledger, by: &str) -> bool {
    by == request.id.remediation || is_same_trouble(request, by) && !ledger.knows(by)
}

fn is_same_trouble(request: &Request<'_>, by: &str) -> bool {
    by == request.id.remediation || remediation::number(&request.spec.key(), by).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions;
    use crate::facts::{Found, Subject};
    use crate::governor::tests_support::Bench;
    use crate::machine::tests_support::{marked, node};

    #[test]
    fn only_what_bears_our_mark_is_ours() {
        for (action, taints, by, expected) in [
            (ActionName::QuarantineNode, &[][..], None, None),
            (ActionName::QuarantineNode, &[marks::QUARANTINE], None, Some("without our mark")),
            (ActionName::QuarantineNode, &[marks::QUARANTINE], Some("r-9-1"), Some("r-9-1 has quarantined")),
            (ActionName::ReleaseNode, &[marks::QUARANTINE], Some("r-1-1"), None),
            (ActionName::ReleaseNode, &[marks::QUARANTINE], Some("r-9-1"), Some("the mark is r-9-1's")),
            (ActionName::ReleaseNode, &[marks::QUARANTINE], None, Some("not ours to remove")),
            (ActionName::ReleaseNode, &[], Some("r-1-1"), Some("does not bear our taint")),
        ] {
            let mut bench = Bench::of_node();
            bench.action = actions::get(action);
            bench.is_undo = action == ActionName::ReleaseNode;
            let node = by.map_or_else(|| node("n1", taints), |by| marked("n1", taints, by));
            bench.facts.subject = Some(Found::There(Subject::Node(node)));
            match expected {
                None => bench.expect_pass(&RULE),
                Some(text) => bench.expect_deny(&RULE, text),
            }
        }
    }

    #[test]
    fn the_mark_of_a_remediation_that_is_gone_is_taken_off_by_the_next_one() {
        let mut bench = Bench::of_node();
        (bench.action, bench.is_undo) = (actions::get(ActionName::ReleaseNode), true);
        let earlier = remediation::name(&bench.remediation.spec.key(), 4);
        let marked = marked("n1", &[marks::QUARANTINE], &earlier);
        bench.facts.subject = Some(Found::There(Subject::Node(marked)));
        bench.expect_pass(&RULE);
        let mut there = bench.remediation.clone();
        there.metadata.name = Some(earlier);
        bench.others = vec![there];
        bench.expect_deny(&RULE, "the mark is r-");
    }
}
