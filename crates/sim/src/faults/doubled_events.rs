//! Events of watches arrive twice.

use super::{Kind, lasts, whose};
use crate::api::Trouble;

const NAME: &str = "doubled events";

pub(super) const KIND: Kind = Kind {
    name: NAME,
    weight: 3,
    lasts: lasts(20, 300),
    subject: |_, rng| whose::watches(rng, 10..=100),
    begin: |stage, subject| whose::begin(stage, NAME, subject, Trouble::EventsDoubled),
    end: |stage, subject| whose::end(stage, NAME, subject),
};
