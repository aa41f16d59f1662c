//! The API server, or what stands in front of it, answers badly: too many requests, errors,
//! answers that never come, of what was done and what was not.

use std::time::Duration;

use rand::RngExt;

use super::{Kind, Stage, lasts};
use crate::run::staff::SERVICES;

pub(super) const KIND: Kind = Kind {
    name: "api errors",
    weight: 10,
    lasts: lasts(20, 300),
    subject: |_, rng| {
        let of = |most: u32, rng: &mut rand_chacha::ChaCha12Rng| rng.random_range(0..most);
        format!("{} lost, {} unanswered, {} refused", of(20, rng), of(30, rng), of(40, rng))
    },
    begin: |stage, subject| set(stage, subject, true),
    end: |stage, subject| set(stage, subject, false),
};

fn set(stage: &Stage, subject: &str, is_on: bool) {
    let numbers = subject.split([' ', ',']).filter_map(|word| word.parse::<u32>().ok());
    let numbers: Vec<u32> = numbers.map(|number| if is_on { number } else { 0 }).collect();
    let [lost, unanswered, refused] = numbers[..] else { return };
    for service in SERVICES {
        stage.weather().change(service, "api", |way| {
            (way.lost, way.unanswered, way.refused) = (lost, unanswered, refused);
            way.statuses = vec![429, 500, 503, 504];
            way.delay = if is_on { Duration::from_millis(800) } else { Duration::ZERO };
        });
    }
}
