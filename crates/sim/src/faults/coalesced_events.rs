//! Of several changes of an object only the last is told.

use std::time::Duration;

use rand::RngExt;

use super::{Kind, lasts, whose};
use crate::api::Trouble;

const NAME: &str = "coalesced events";

pub(super) const KIND: Kind = Kind {
    name: NAME,
    weight: 4,
    lasts: lasts(20, 300),
    subject: |_, rng| format!("{} {}s", whose::watches(rng, 10..=100), rng.random_range(1..=10)),
    begin: |stage, subject| {
        let within = whose::rest(subject).trim_end_matches('s').parse().unwrap_or(1);
        whose::begin(stage, NAME, subject, Trouble::EventsCoalesced(Duration::from_secs(within)));
    },
    end: |stage, subject| whose::end(stage, NAME, subject),
};
