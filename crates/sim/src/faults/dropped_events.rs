//! Events of watches do not arrive, and nothing says so. An API server never does that; one with a
//! defect in its cache does, and whoever acts by what is the case, not by what happened, gets over
//! it.

use super::{Kind, lasts, whose};
use crate::api::Trouble;

const NAME: &str = "dropped events";

pub(super) const KIND: Kind = Kind {
    name: NAME,
    weight: 4,
    lasts: lasts(20, 300),
    subject: |_, rng| whose::watches(rng, 5..=100),
    begin: |stage, subject| whose::begin(stage, NAME, subject, Trouble::EventsDropped),
    end: |stage, subject| whose::end(stage, NAME, subject),
};
