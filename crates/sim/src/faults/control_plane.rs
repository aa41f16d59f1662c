//! The controller manager or the scheduler stands still: nothing is made anew, or nothing is placed.

use rand::RngExt;

use super::{Kind, Stage, lasts};
use crate::machinery::Part;

pub(super) const KIND: Kind = Kind {
    name: "control plane",
    weight: 4,
    lasts: lasts(30, 400),
    subject: |_, rng| if rng.random_bool(0.5) { "controllers".to_owned() } else { "scheduler".to_owned() },
    begin: |stage, part| set(stage, part, false),
    end: |stage, part| set(stage, part, true),
};

fn set(stage: &Stage, part: &str, is_up: bool) {
    let part = if part == "scheduler" { Part::Scheduler } else { Part::Controllers };
    stage.cluster.machinery.set_part(part, is_up);
}
