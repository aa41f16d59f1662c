//! Events of watches arrive late, and in order.

use std::time::Duration;

use rand::RngExt;

use super::{Kind, lasts, whose};
use crate::api::Trouble;

const NAME: &str = "delayed events";

pub(super) const KIND: Kind = Kind {
    name: NAME,
    weight: 4,
    lasts: lasts(20, 300),
    subject: |_, rng| format!("{} {}ms", whose::watches(rng, 5..=100), rng.random_range(100..=10_000)),
    begin: |stage, subject| {
        let most = whose::rest(subject).trim_end_matches("ms").parse().unwrap_or(1000);
        let (least, most) = (Duration::ZERO, Duration::from_millis(most));
        whose::begin(stage, NAME, subject, Trouble::EventsDelayed { least, most });
    },
    end: |stage, subject| whose::end(stage, NAME, subject),
};
