//! EmptyMeansNothing: what names nothing is for nothing. Policies are refused for it where they
//! are read; this is the same once more for what reaches the moment of acting.

use model::remediation::PARTS_MAX;

use crate::governor::{Rule, Ruling};

pub(super) const RULE: Rule = Rule {
    name: super::EMPTY_MEANS_NOTHING,
    judge: |request, _, _, _| {
        let target = &request.part.target;
        if target.name.is_empty() || target.kind.is_empty() || target.uid.is_empty() {
            return Ruling::deny("the target has no name or no UID, so it could be anything");
        }
        if request.spec.steps.is_empty() || request.spec.lineage.name.is_empty() {
            return Ruling::deny("the remediation names no step or no lineage");
        }
        let parts = request.status.open_attempt().map_or(0, |attempt| attempt.parts.len());
        if parts > PARTS_MAX {
            return Ruling::deny(format!("{parts} objects in one attempt are more than {PARTS_MAX}"));
        }
        Ruling::Pass
    },
};

#[cfg(test)]
mod tests {
    use crate::governor::tests_support::Bench;

    #[test]
    fn a_target_that_names_nothing_is_refused() {
        Bench::new().expect_pass(&super::RULE);
        for strip in [|b: &mut Bench| b.part.target.uid.clear(), |b: &mut Bench| b.part.target.name.clear()] {
            let mut bench = Bench::new();
            strip(&mut bench);
            bench.expect_deny(&super::RULE, "could be anything");
        }
        let mut bench = Bench::new();
        bench.remediation.spec.steps.clear();
        bench.expect_deny(&super::RULE, "no step");
    }
}
