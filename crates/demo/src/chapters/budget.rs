//! A disruption budget without room.

use std::time::Duration;

use super::{Chapter, hang};

const SEARCH: &str = "Deployment/shop/search";

pub(super) const CHAPTER: Chapter = Chapter {
    name: "budget",
    title: "A PDB says no",
    befalls: "A pod of search hangs, and a PodDisruptionBudget lets none go.",
    look_for: "The eviction is refused, nothing is forced: it is held until there is room.",
    mended: "search's owner gives the budget room",
    at: Duration::from_secs(1400),
    lasts: Duration::from_secs(150),
    subjects: &[SEARCH],
    begin: |stage| {
        stage.set_budget(SEARCH, true);
        hang(stage, SEARCH, 1);
    },
    end: |stage| stage.set_budget(SEARCH, false),
};
