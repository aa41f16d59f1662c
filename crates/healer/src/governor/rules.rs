//! The safety rules, one file for each. The order is that of the table: what can never be done is
//! said before what cannot be done now, and what is cheap to mend before what is not.

mod attempt_cap;
mod budget;
mod condition_still_true;
mod correlated_failure;
mod empty_means_nothing;
mod eviction_first;
mod fencing;
mod fresh_view;
mod observe_by_default;
mod one_actor_per_target;
mod one_intent;
mod own_marks;
mod self_protection;
mod small_pool;
mod somebody_replaces_it;
mod veto;

use super::Rule;

pub(crate) use attempt_cap::back_off;
pub(crate) use veto::out_of_bounds;

/// Takes what names nothing for nothing.
pub const EMPTY_MEANS_NOTHING: &str = "EmptyMeansNothing";
/// Lets only the leader act, and only while its claim lasts.
pub const FENCING: &str = "Fencing";
/// Refuses what nobody said to enforce, and waits for approvals.
pub const OBSERVE_BY_DEFAULT: &str = "ObserveByDefault";
/// Takes the eviction API's answer as final.
pub const EVICTION_FIRST: &str = "EvictionFirst";
/// Bounds the attempts on a lineage.
pub const ATTEMPT_CAP: &str = "AttemptCap";
/// Sends at most one effect for an intent, and begins one attempt on a lineage at a time.
pub const ONE_INTENT: &str = "OneIntent";
/// Wants to see the trouble at the moment of acting.
pub const CONDITION_STILL_TRUE: &str = "ConditionStillTrue";
/// Wants everything that a decision rests on to be known and told of lately.
pub const FRESH_VIEW: &str = "FreshView";
/// Undoes only what bears our mark.
pub const OWN_MARKS: &str = "OwnMarks";
/// Takes many failures at once for one.
pub use model::hold::CORRELATED_FAILURE;

/// All rules, in the order they are asked.
pub const TABLE: [&Rule; 16] = [
    &empty_means_nothing::RULE,
    &observe_by_default::RULE,
    &fencing::RULE,
    &veto::RULE,
    &self_protection::RULE,
    &somebody_replaces_it::RULE,
    &fresh_view::RULE,
    &own_marks::RULE,
    &one_actor_per_target::RULE,
    &eviction_first::RULE,
    &attempt_cap::RULE,
    &one_intent::RULE,
    &condition_still_true::RULE,
    &correlated_failure::RULE,
    &small_pool::RULE,
    &budget::RULE,
];

/// The rules that are asked before an object is only marked.
pub const FENCE: [&Rule; 3] = [&empty_means_nothing::RULE, &fencing::RULE, &veto::RULE];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_rule_has_a_name_of_its_own() {
        let names: BTreeSet<&str> = TABLE.iter().map(|rule| rule.name).collect();
        assert_eq!(names.len(), TABLE.len());
        for name in
            [OBSERVE_BY_DEFAULT, EVICTION_FIRST, ATTEMPT_CAP, CONDITION_STILL_TRUE, CORRELATED_FAILURE]
        {
            assert!(names.contains(name), "{name}");
        }
    }
}
