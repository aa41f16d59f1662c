//! Requests reach the API server when their senders have given up, and are done all the same.

use std::time::Duration;

use rand::RngExt;

use super::{Kind, lasts, whose};
use crate::api::Trouble;

const NAME: &str = "late requests";

pub(super) const KIND: Kind = Kind {
    name: NAME,
    weight: 5,
    lasts: lasts(20, 300),
    // A healer gives up after 5 s, and reckons with what lands up to 10 s later.
    subject: |_, rng| format!("{} {}s", whose::requests(rng, 5..=40), rng.random_range(6..=14)),
    begin: |stage, subject| {
        let by = whose::rest(subject).trim_end_matches('s').parse().unwrap_or(6);
        whose::begin(stage, NAME, subject, Trouble::Late(Duration::from_secs(by)));
    },
    end: |stage, subject| whose::end(stage, NAME, subject),
};
