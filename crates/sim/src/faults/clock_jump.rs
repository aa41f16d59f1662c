//! A service's wall clock is set: forward or back, and back again when the fault ends.

use jiff::SignedDuration;
use rand::RngExt;

use super::{Kind, Stage, lasts};
use crate::run::staff::SERVICES;

pub(super) const KIND: Kind = Kind {
    name: "clock jump",
    weight: 5,
    lasts: lasts(10, 600),
    subject: |_, rng| {
        let service = SERVICES[rng.random_range(0..SERVICES.len())];
        let seconds = rng.random_range(-600_i64..=600);
        format!("{service} {seconds}")
    },
    begin: |stage, subject| step(stage, subject, 1),
    end: |stage, subject| step(stage, subject, -1),
};

fn step(stage: &Stage, subject: &str, sign: i64) {
    let Some((service, seconds)) = subject.split_once(' ') else { return };
    let seconds: i64 = seconds.parse().unwrap_or(0);
    stage.staff().step_clock(service, SignedDuration::from_secs(sign * seconds));
}
