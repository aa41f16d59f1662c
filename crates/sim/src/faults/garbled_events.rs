//! Events break off in the middle of a line.

use super::{Kind, lasts, whose};
use crate::api::Trouble;

const NAME: &str = "garbled events";

pub(super) const KIND: Kind = Kind {
    name: NAME,
    weight: 3,
    lasts: lasts(20, 300),
    subject: |_, rng| whose::watches(rng, 1..=30),
    begin: |stage, subject| whose::begin(stage, NAME, subject, Trouble::EventsGarbled),
    end: |stage, subject| whose::end(stage, NAME, subject),
};
