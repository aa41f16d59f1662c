//! Requests to the API server take their time, some longer than their senders wait.

use std::time::Duration;

use rand::RngExt;

use super::{Kind, lasts, whose};
use crate::api::Trouble;

const NAME: &str = "slow api";

pub(super) const KIND: Kind = Kind {
    name: NAME,
    weight: 5,
    lasts: lasts(20, 300),
    subject: |_, rng| format!("{} {}ms", whose::requests(rng, 20..=100), rng.random_range(200..=7000)),
    begin: |stage, subject| {
        let most = whose::rest(subject).trim_end_matches("ms").parse().unwrap_or(1000);
        let (least, most) = (Duration::from_millis(most / 10), Duration::from_millis(most));
        whose::begin(stage, NAME, subject, Trouble::Slow { least, most });
    },
    end: |stage, subject| whose::end(stage, NAME, subject),
};
