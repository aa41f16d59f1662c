//! I5: the services go by what is the case, not by what they were told of it. Events that are
//! dropped, doubled, merged, late or told again change nothing of how things end.

use super::defect::Defect;
use super::plan::Plan;
use super::play::{Error, play};
use super::report::Report;
use crate::faults::{self, Fault};
use crate::oracles::Violation;
use crate::trace::Keep;

/// The name of this checker.
pub const ORACLE: &str = "I5 level triggered";

/// The plan without what befalls events; `None` if nothing does.
pub fn undisturbed(plan: &Plan) -> Option<Plan> {
    let mut quiet = plan.clone();
    let is_of_events = |fault: &Fault| faults::EVENTS.contains(&fault.name.as_str());
    let keep =
        |fault: Fault| if is_of_events(&fault) { faults::what_is_the_case(&fault) } else { Some(fault) };
    quiet.faults = quiet.faults.into_iter().filter_map(keep).collect();
    // As long as with them.
    quiet.calm_s += plan.lingers().saturating_sub(quiet.lingers()).as_secs();
    plan.faults.iter().any(is_of_events).then_some(quiet)
}

/// Plays a plan, and once more without what befalls events, if anything does.
pub fn play_compared(plan: &Plan, defect: Option<&'static Defect>) -> Result<Report, Error> {
    let mut report = play(plan, Keep::Nothing, defect)?;
    report.violations.extend(check(&report, defect)?);
    Ok(report)
}

/// Plays the same without what befell events, and says if that ends in another way.
pub fn check(report: &Report, defect: Option<&'static Defect>) -> Result<Option<Violation>, Error> {
    let Some(quiet) = undisturbed(&report.plan) else { return Ok(None) };
    let quiet = play(&quiet, Keep::Nothing, defect)?;
    let with = report.ending.comparable(&quiet.ending);
    let without = quiet.ending.comparable(&report.ending);
    Ok((with != without).then(|| Violation {
        oracle: ORACLE.to_owned(),
        at_millis: 0,
        what: format!("it ends with {with:?}, and without faults of events with {without:?}"),
    }))
}
