//! Objects in events are not what they should be: a field has the wrong type.

use super::{Kind, lasts, whose};
use crate::api::Trouble;

const NAME: &str = "malformed events";

pub(super) const KIND: Kind = Kind {
    name: NAME,
    weight: 4,
    lasts: lasts(20, 300),
    subject: |_, rng| whose::watches(rng, 5..=60),
    begin: |stage, subject| whose::begin(stage, NAME, subject, Trouble::EventsMalformed),
    end: |stage, subject| whose::end(stage, NAME, subject),
};
