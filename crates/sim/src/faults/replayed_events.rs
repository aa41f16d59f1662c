//! Events that were told before are told again, after newer ones: back in time.

use super::{Kind, lasts, whose};
use crate::api::Trouble;

const NAME: &str = "replayed events";

pub(super) const KIND: Kind = Kind {
    name: NAME,
    weight: 4,
    lasts: lasts(20, 300),
    subject: |_, rng| whose::watches(rng, 5..=60),
    begin: |stage, subject| whose::begin(stage, NAME, subject, Trouble::EventsReplayed),
    end: |stage, subject| whose::end(stage, NAME, subject),
};
