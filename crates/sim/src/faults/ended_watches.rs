//! Watches break off often, and now and then the history they would go on from is gone.

use std::time::Duration;

use rand::RngExt;

use super::{Kind, Stage, lasts};
use crate::run::staff::SERVICES;

pub(super) const KIND: Kind = Kind {
    name: "watch faults",
    weight: 8,
    lasts: lasts(30, 300),
    subject: |_, rng| if rng.random_bool(0.5) { "cut".to_owned() } else { "cut and compacted".to_owned() },
    begin: |stage, subject| {
        set(stage, Some(Duration::from_secs(8)));
        if subject.ends_with("compacted") {
            stage.registry().storage().compact();
        }
    },
    end: |stage, subject| {
        set(stage, None);
        if subject.ends_with("compacted") {
            stage.registry().storage().compact();
        }
    },
};

fn set(stage: &Stage, life: Option<Duration>) {
    for service in SERVICES {
        stage.weather().change(service, "api", |way| way.watch_life = life);
    }
}
