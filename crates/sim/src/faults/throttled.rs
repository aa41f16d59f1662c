//! The API server has too much to do: 429, and when to come again.

use rand::RngExt;

use super::{Kind, lasts, whose};
use crate::api::Trouble;

const NAME: &str = "throttled";

pub(super) const KIND: Kind = Kind {
    name: NAME,
    weight: 4,
    lasts: lasts(20, 300),
    subject: |_, rng| format!("{} {}s", whose::requests(rng, 10..=90), rng.random_range(1..=10)),
    begin: |stage, subject| {
        let retry_after_s = whose::rest(subject).trim_end_matches('s').parse().unwrap_or(1);
        whose::begin(stage, NAME, subject, Trouble::Throttled { retry_after_s });
    },
    end: |stage, subject| whose::end(stage, NAME, subject),
};
