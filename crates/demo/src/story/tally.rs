//! Counters.

use std::fmt::Write;
use std::time::Duration;

use model::remediation::{AttemptResult, Phase};
use serde::Serialize;

use super::repairs::Repair;
use super::{Story, Trouble};

/// What it came to so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// Troubles that were found, symptoms of others not counted.
    pub found: usize,
    /// Symptoms that were folded under their cause.
    pub folded: usize,
    /// Those that were healed.
    pub healed: usize,
    /// Those of which others were kept out of harm's way until they were over.
    pub contained: usize,
    /// Repairs that a rule of the governor held for more than moments.
    pub held: usize,
    /// Messages to the pager that said that something is wrong.
    pub paged: usize,
    /// From what befell to its being found; nothing where nothing was.
    pub to_detect: Option<Spread>,
    /// From what befell to its end, of what was healed.
    pub to_recover: Option<Spread>,
}

/// Median and worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Spread {
    /// The median, in seconds.
    pub median_s: u64,
    /// The worst, in seconds.
    pub worst_s: u64,
}

impl Spread {
    fn of(mut times: Vec<Duration>) -> Option<Self> {
        times.sort_unstable();
        let (median, worst) = (times.get(times.len().checked_sub(1)? / 2)?, times.last()?);
        Some(Self { median_s: median.as_secs(), worst_s: worst.as_secs() })
    }
}

impl Tally {
    /// All of it in a sentence or two.
    pub fn sentence(&self) -> String {
        let Self { found, folded, healed, contained, held, paged, .. } = self;
        let mut text = format!(
            "Found: {found}, and folded under their causes: {folded}. Healed: {healed}. Contained until they were over: \
             {contained}. Held by a rule: {held}. Paged: {paged}."
        );
        for (what, spread) in [("found", self.to_detect), ("healed", self.to_recover)] {
            if let Some(Spread { median_s, worst_s }) = spread {
                let _ = write!(
                    text,
                    " Half were {what} within {median_s} s of what befell, all within {worst_s} s."
                );
            }
        }
        text
    }
}

fn has_succeeded(repair: &Repair) -> bool {
    repair.phase() == Phase::Succeeded
}

/// What kept others out of harm's way until it was over by itself has healed nothing.
fn has_contained(repair: &Repair) -> bool {
    let attempts = repair.remediation.status.iter().flat_map(|status| &status.attempts).rev();
    let helped = attempts.into_iter().find(|attempt| attempt.result == AttemptResult::Helped);
    has_succeeded(repair) && helped.is_some_and(|attempt| attempt.action.contains())
}

fn has_healed(repair: &Repair) -> bool {
    has_succeeded(repair) && !has_contained(repair)
}

/// Whether a repair was taken up for this very trouble, and not for one of the same kind before or after it.
fn is_for(repair: &Repair, trouble: &Trouble) -> bool {
    let until = trouble.ended.as_ref().map_or(Duration::MAX, |(ended, _)| *ended);
    repair.remediation.spec.key() == trouble.issue.key() && (trouble.found..=until).contains(&repair.taken_up)
}

impl Story {
    /// What it came to so far.
    pub fn tally(&self) -> Tally {
        let (folded, roots): (Vec<&Trouble>, Vec<&Trouble>) =
            self.troubles.all().iter().partition(|trouble| trouble.issue.cause.is_some());
        let healed =
            |trouble: &&Trouble| self.repairs.all().any(|one| has_healed(one) && is_for(one, trouble));
        let detected = roots.iter().filter_map(|own| own.found.checked_sub(own.befell?));
        let recovered =
            roots.iter().copied().filter(healed).filter_map(|own| own.ended?.0.checked_sub(own.befell?));
        Tally {
            found: roots.len(),
            folded: folded.len(),
            healed: self.repairs.all().filter(|repair| has_healed(repair)).count(),
            contained: self.repairs.all().filter(|repair| has_contained(repair)).count(),
            held: self.repairs.all().filter(|repair| repair.was_held()).count(),
            paged: self.letters.pages(),
            to_detect: Spread::of(detected.collect()),
            to_recover: Spread::of(recovered.collect()),
        }
    }
}
